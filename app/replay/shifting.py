"""Moving a story in time, so that it ends just before a given moment."""

import re
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from app.clock import DAY, Instant, from_datetime, to_datetime
from app.replay.timeline import Entry, Story

_WEEK: Final = 7 * DAY
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)")


def ending_by(story: Story, now: Instant) -> Story:
    """Return the story moved by whole weeks so that its last entry is at or before `now`; nothing is expected of it.

    Weekdays and local times of day stay, so that quiet hours and business days mean the same. What hangs on the date
    (a season, a public holiday) may come out differently, so the expectations do not come along.
    """
    weeks = (now - max(entry.at for entry in story.timeline)) // _WEEK
    zone = ZoneInfo(story.zone)
    return replace(story, timeline=tuple(_entry(entry, weeks, zone) for entry in story.timeline))


def _entry(entry: Entry, weeks: int, zone: ZoneInfo) -> Entry:
    event = entry.event
    if event is not None:
        event = replace(event, payload=_moved(event.payload, weeks, zone))
    at = from_datetime(_later(to_datetime(entry.at, zone), weeks))
    return replace(entry, at=at, event=event, expect=())


def _moved(value: Any, weeks: int, zone: ZoneInfo) -> Any:
    if isinstance(value, dict):
        return {name: _moved(inner, weeks, zone) for name, inner in value.items()}
    if isinstance(value, list):
        return [_moved(inner, weeks, zone) for inner in value]
    if isinstance(value, str) and _TIME.fullmatch(value):
        return _later(datetime.fromisoformat(value).astimezone(zone), weeks).isoformat()
    return value


def _later(local: datetime, weeks: int) -> datetime:
    """Add weeks to the wall time: midnight stays midnight over a change of clocks."""
    return local + timedelta(weeks=weeks)

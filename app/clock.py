"""Instants: time as data. Nothing here reads a clock."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final, NewType
from zoneinfo import ZoneInfo

Instant = NewType("Instant", int)
"""Milliseconds since 1970-01-01T00:00Z."""

Millis = NewType("Millis", int)
"""A length of time in milliseconds."""

SECOND: Final = Millis(1_000)
MINUTE: Final = Millis(60 * SECOND)
HOUR: Final = Millis(60 * MINUTE)
DAY: Final = Millis(24 * HOUR)

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TWO: Final = [f"{number:02}" for number in range(60)]
_THREE: Final = [f"{number:03}" for number in range(1_000)]


def after(start: Instant, length: Millis | int) -> Instant:
    """Return the instant `length` milliseconds after `start`."""
    return Instant(start + length)


def from_datetime(moment: datetime) -> Instant:
    """Return the instant of an aware datetime; a naive one is a ValueError (which zone would it mean?)."""
    if moment.tzinfo is None:
        msg = f"naive time {moment.isoformat()}: give an offset or a time zone"
        raise ValueError(msg)
    since = moment - _EPOCH
    return Instant(since.days * DAY + since.seconds * SECOND + since.microseconds // 1_000)


def to_datetime(instant: Instant, zone: ZoneInfo | None = None) -> datetime:
    """Return the aware datetime of an instant, in `zone` or UTC."""
    moment = _EPOCH + timedelta(0, 0, 0, instant)
    return moment if zone is None else moment.astimezone(zone)


def from_iso(text: str) -> Instant:
    """Parse ISO 8601 with an offset or Z; ValueError when it is malformed or naive."""
    return from_datetime(datetime.fromisoformat(text))


def to_iso(instant: Instant) -> str:
    """Format as ISO 8601 UTC with milliseconds: `2026-07-10T09:00:00.000Z`."""
    day, rest = instant // DAY, instant % DAY
    hour, minute, second = _TWO[rest // HOUR], _TWO[rest % HOUR // MINUTE], _TWO[rest % MINUTE // SECOND]
    return f"{_date(day)}T{hour}:{minute}:{second}.{_THREE[rest % SECOND]}Z"


@lru_cache(maxsize=4_096)
def _date(day: int) -> str:
    """Return a day since 1970 as ISO 8601 has it: kept, since what is said of one hour is mostly of a few days."""
    return (_EPOCH + timedelta(day)).date().isoformat()

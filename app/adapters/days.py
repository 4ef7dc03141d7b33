"""Vendors' estimates as deadlines: a day without a time means until that day has ended where the customer is."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from app.adapters.foreign import Foreign
from app.clock import Instant, to_iso


def written(at: int, source: Foreign) -> str:
    """Return milliseconds since 1970 as ISO 8601; a time beyond the calendar is refused as `source`'s."""
    try:
        return to_iso(Instant(at))
    except OverflowError:
        source.refuse("lies beyond the calendar")


def due(value: Foreign, name: str, zone: str | None) -> str | None:
    """Return the first instant after an estimate, ISO 8601 in UTC; None when there is none.

    A date, or midnight without an offset, is a whole day in `zone` (UTC when it is not known); anything else is taken
    as it stands.
    """
    text = value.optional(name)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            whole_day = moment.time() == time()
            day = moment + timedelta(days=1) if whole_day else moment
            moment = day.replace(tzinfo=UTC if zone is None else ZoneInfo(zone))
        return moment.astimezone(UTC).isoformat()
    except (ValueError, OverflowError):
        value.at(name).refuse("must be ISO 8601, within the calendar")

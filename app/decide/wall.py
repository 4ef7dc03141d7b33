"""Local clock time and instants, over the nights in which clocks are changed."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from app.clock import Instant, from_datetime, to_datetime

zone_of = lru_cache(maxsize=512)(ZoneInfo)
"""The zone of an IANA name; an unknown name raises ZoneInfoNotFoundError."""


@lru_cache(maxsize=512)
def zone_known(name: str) -> bool:
    """Say whether there is a time zone of this name; a sender's word need not be one."""
    try:
        zone_of(name)
    except (ZoneInfoNotFoundError, ValueError):
        return False
    return True


def at_wall(day: date, wall: time, zone: ZoneInfo) -> Instant:
    """Return the first instant of `day` at which clocks in `zone` show `wall` or later.

    A time that the clocks skip is the moment they jump; one that they show twice is the first of the two.
    """
    early = datetime.combine(day, wall.replace(fold=0), tzinfo=zone)
    late = early.replace(fold=1)
    shown = early.replace(tzinfo=None)
    if early.utcoffset() == late.utcoffset() or _naive(from_datetime(early), zone) == shown:
        return from_datetime(early)
    return _first(from_datetime(late), from_datetime(early), lambda at: _naive(at, zone) >= shown)


def wall_of(at: Instant, zone: ZoneInfo) -> time:
    """Return what clocks in `zone` show; in the second of two equal hours, the time at which the repeat ends.

    So a later instant of one day never shows an earlier time.
    """
    local = to_datetime(at, zone)
    if not local.fold:
        return local.time()
    hour = local.replace(fold=0)
    repeat = (hour.utcoffset() or timedelta()) - (local.utcoffset() or timedelta())
    before = from_datetime(hour)
    jump = _first(before, at, lambda moment: bool(to_datetime(moment, zone).fold))
    end = _naive(jump, zone) + repeat
    return end.time() if end.date() == local.date() else time.max


def _naive(at: Instant, zone: ZoneInfo) -> datetime:
    return to_datetime(at, zone).replace(tzinfo=None)


def _first(low: Instant, high: Instant, true_from: Callable[[Instant], bool]) -> Instant:
    """Return the first instant in (low, high] from which on the condition holds."""
    while high - low > 1:
        middle = Instant((low + high) // 2)
        low, high = (low, middle) if true_from(middle) else (middle, high)
    return high

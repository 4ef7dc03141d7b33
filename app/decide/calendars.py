"""Business time by hop and country, and the hours in which nobody is told anything. Nothing here reads a clock."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta, timezone
from functools import lru_cache
from itertools import accumulate
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import holidays

from app.clock import DAY, Instant, Millis, from_datetime, to_datetime
from app.decide.hours import OTHERWISE, Calendar, Country, QuietHours
from app.decide.wall import at_wall, wall_of, zone_of

_SPANS: Final = (3, 30, 300)
"""Years worked out at first, and when an end lies beyond them."""

_REMEMBERED: Final = 8_192
"""Ends kept: what a journey expects is worked out anew with each of its facts, from the same starts."""


class _Schedule:
    """Consecutive business days: opening and closing, the business time passed before each, and the cut-off's instant.

    `zero_wall` is the instant at which clocks would show midnight if they kept the time they show while open; None for
    a day on which they are changed meanwhile.
    """

    def __init__(
        self,
        opens: list[Instant],
        closes: list[Instant],
        passed: list[int],
        cut_offs: list[Instant] | None,
        zero_wall: list[int | None],
    ) -> None:
        self.opens = opens
        self.closes = closes
        self.passed = passed
        self.cut_offs = cut_offs
        self.zero_wall = zero_wall


class Calendars:
    """All calendars of a policy. Schedules are worked out on first use and kept; the same question, the same answer."""

    def __init__(
        self, calendars: Mapping[str, Calendar], countries: Mapping[str, Country], quiet: QuietHours | None
    ) -> None:
        self.by_name = calendars
        self.countries = countries
        self.quiet = quiet
        self._schedules: dict[tuple[str, str, int, int], _Schedule] = {}
        self._ends: dict[tuple[str, str, Instant, Millis, int], Instant] = {}

    def after(self, calendar: str, country: str | None, start: Instant, length: Millis, days: int = 0) -> Instant:
        """Return the instant `days` business days, then `length` of business time, after `start`.

        Outside business time counting begins at the next opening. A later start never gives an earlier end.
        """
        of = country if country is not None and country in self.countries else OTHERWISE
        asked = (calendar, of, start, length, days)
        end = self._ends.get(asked)
        if end is None:
            if len(self._ends) >= _REMEMBERED:
                self._ends.clear()
            end = self._ends[asked] = self._end_of(calendar, of, start, length, days)
        return end

    def _end_of(self, calendar: str, of: str, start: Instant, length: Millis, days: int) -> Instant:
        year = _year_of(start // DAY)
        for span in _SPANS:
            end = self._within(of, self._schedule(calendar, of, year, span), start, length, days)
            if end is not None:
                return end
        msg = f"{days} days and {length} ms of calendar {calendar} do not end within {_SPANS[-1]} years"
        raise ValueError(msg)

    def later_by(self, calendar: str, country: str | None, due: Instant, start: Instant, end: Instant) -> Instant:
        """Return `due` moved on by the business time between `start` and `end`."""
        of = country if country is not None and country in self.countries else OTHERWISE
        year = _year_of(min(due, start) // DAY)
        for span in _SPANS:
            schedule = self._schedule(calendar, of, year, span)
            day, at = _begin(schedule, due)
            lost = _passed(schedule, end) - _passed(schedule, start)
            moved = due if lost == 0 else None if at is None else _advance(schedule, day, at, Millis(lost))
            if moved is not None and end < schedule.opens[-1]:
                return moved
        msg = f"a pause of calendar {calendar} does not end within {_SPANS[-1]} years"
        raise ValueError(msg)

    def between(self, calendar: str, country: str | None, start: Instant, end: Instant) -> Millis:
        """Return the business time from `start` to `end`; none when `end` is not later."""
        if end <= start:
            return Millis(0)
        of = country if country is not None and country in self.countries else OTHERWISE
        year = _year_of(start // DAY)
        for span in _SPANS:
            schedule = self._schedule(calendar, of, year, span)
            if end < schedule.opens[-1]:
                return Millis(_passed(schedule, end) - _passed(schedule, start))
        msg = f"business time of calendar {calendar} is not known for more than {_SPANS[-1]} years"
        raise ValueError(msg)

    def _within(self, country: str, schedule: _Schedule, start: Instant, length: Millis, days: int) -> Instant | None:
        """Return the end if it lies in this schedule."""
        day, at = _begin(schedule, start)
        if at is not None and schedule.cut_offs is not None and at >= schedule.cut_offs[day]:
            day, at = _begin(schedule, schedule.closes[day])
        last = day + days
        if at is None or last >= len(schedule.opens):
            return None
        if days:
            same_time = _same_time(schedule, day, at, last, self.countries[country].time_zone)
            at = min(max(same_time, schedule.opens[last]), schedule.closes[last])
        return _advance(schedule, last, at, length)

    def _schedule(self, calendar: str, country: str, year: int, span: int) -> _Schedule:
        key = (calendar, country, year, span)
        known = self._schedules.get(key)
        if known is None:
            known = self._schedules[key] = _worked_out(self.by_name[calendar], self.countries[country], year, span)
        return known


@lru_cache(maxsize=4096)
def _year_of(day: int) -> int:
    """Return the year (UTC) of a day counted from 1970; calendars are asked about the same days again and again."""
    return to_datetime(Instant(day * DAY)).year


def _same_time(schedule: _Schedule, day: int, at: Instant, last: int, time_zone: str) -> Instant:
    """Return when clocks show on business day `last` what they show at `at` on business day `day`."""
    zero, other = schedule.zero_wall[day], schedule.zero_wall[last]
    if zero is not None and other is not None:
        return Instant(other + at - zero)
    zone = zone_of(time_zone)
    return at_wall(to_datetime(schedule.opens[last], zone).date(), wall_of(at, zone), zone)


def _passed(schedule: _Schedule, until: Instant) -> int:
    """Return the business time of a schedule that has passed until an instant."""
    day = bisect_right(schedule.opens, until) - 1
    return 0 if day < 0 else schedule.passed[day] + min(until, schedule.closes[day]) - schedule.opens[day]


def _begin(schedule: _Schedule, start: Instant) -> tuple[int, Instant | None]:
    """Return the business day that counts for `start` and the instant on it (None: its opening lies outside)."""
    day = bisect_right(schedule.opens, start) - 1
    if day >= 0 and start < schedule.closes[day]:
        return day, start
    return day + 1, schedule.opens[day + 1] if day + 1 < len(schedule.opens) else None


def _advance(schedule: _Schedule, day: int, at: Instant, length: Millis) -> Instant | None:
    """Return the instant `length` of business time after `at`, which is on business day `day`."""
    if length == 0:
        return at
    target = schedule.passed[day] + (at - schedule.opens[day]) + length
    last = bisect_right(schedule.passed, target - 1) - 1
    end = schedule.opens[last] + (target - schedule.passed[last])
    return Instant(end) if end <= schedule.closes[last] else None


def _worked_out(calendar: Calendar, country: Country, year: int, span: int) -> _Schedule:
    zone = zone_of(country.time_zone)
    free = _holidays(country, year - 1, year + span)
    first = date(year - 1, 12, 1)
    opens, closes, cut_offs, zero_wall = [], [], [], []
    for day in _days(first, 366 * span, zone):
        if day.date.weekday() not in calendar.weekdays or day.date in free:
            continue
        opens.append(_at(day, calendar.open or time(), zone))
        closes.append(day.ends if calendar.close is None else _at(day, calendar.close, zone))
        cut_offs.append(_at(day, calendar.cut_off or time(), zone))
        zero_wall.append(day.begins if day.even else _zero_wall(opens[-1], closes[-1], zone))
    lengths = (close - open_ for open_, close in zip(opens, closes, strict=True))
    passed = list(accumulate(lengths, initial=0))[:-1]
    return _Schedule(opens, closes, passed, None if calendar.cut_off is None else cut_offs, zero_wall)


class _Day(NamedTuple):
    """A local day; `even` when no clock is changed on it, so that a time of day is that long after it begins."""

    date: date
    begins: Instant
    ends: Instant
    even: bool


def _days(first: date, count: int, zone: ZoneInfo) -> Iterator[_Day]:
    begins = at_wall(first, time(), zone)
    for number in range(count):
        day = first + timedelta(days=number)
        ends = at_wall(day + timedelta(days=1), time(), zone)
        yield _Day(day, begins, ends, ends - begins == DAY and to_datetime(begins, zone).time() == time())
        begins = ends


def _at(day: _Day, wall: time, zone: ZoneInfo) -> Instant:
    if not day.even:
        return at_wall(day.date, wall, zone)
    passed = timedelta(hours=wall.hour, minutes=wall.minute, seconds=wall.second, microseconds=wall.microsecond)
    return Instant(day.begins + passed // timedelta(milliseconds=1))


def _zero_wall(opens: Instant, closes: Instant, zone: ZoneInfo) -> int | None:
    first, last = to_datetime(opens, zone), to_datetime(Instant(closes - 1), zone)
    if first.utcoffset() != last.utcoffset():
        return None
    midnight = datetime.combine(first.date(), time(), tzinfo=timezone(first.utcoffset() or timedelta()))
    return from_datetime(midnight)


@lru_cache(maxsize=256)
def _holidays(country: Country, first: int, last: int) -> frozenset[date]:
    """Freeze the public holidays: a policy's days must not move while it is in force."""
    if country.holidays is None:
        return frozenset()
    return frozenset(holidays.country_holidays(country.holidays, years=range(first, last + 1)))


def quiet_until(quiet: QuietHours | None, at: Instant, time_zone: str) -> Instant | None:
    """Return when the quiet hours around `at` end in this zone; None outside them."""
    if quiet is None:
        return None
    zone = zone_of(time_zone)
    local: datetime = to_datetime(at, zone)
    if not quiet.holds(local.time()):
        return None
    end = at_wall(local.date(), quiet.end, zone)
    return end if end > at else at_wall(local.date() + timedelta(days=1), quiet.end, zone)

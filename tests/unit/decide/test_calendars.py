"""Business time, over weekends, holidays, cut-offs and the nights in which clocks are changed."""

from datetime import date, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.clock import DAY, HOUR, MINUTE, Instant, Millis, from_iso, to_datetime, to_iso
from app.decide import business_after, due_after, quiet_end
from app.decide.calendars import Calendars
from app.decide.hours import Calendar, Country
from app.decide.wall import at_wall, wall_of
from app.decide.within import Within
from tests.support.policies import default_policy, policy_with

POLICY = default_policy()
NO_LENGTH = Millis(0)


def ends(calendar: str, country: str | None, start: str, length: int = 0, days: int = 0) -> str:
    return to_iso(business_after(POLICY, calendar, country, from_iso(start), Millis(length), days))


def test_business_hours_stop_at_night_and_go_on_in_the_morning() -> None:
    # Tuesday 16:00 in London summer time; the desk closes at 17:00
    assert ends("desk", "GB", "2023-07-11T16:00+01:00", 4 * HOUR) == "2023-07-12T11:00:00.000Z"


def test_business_hours_that_end_at_closing_time_end_then_and_not_next_morning() -> None:
    assert ends("desk", "GB", "2023-07-11T13:00+01:00", 4 * HOUR) == "2023-07-11T16:00:00.000Z"


def test_what_starts_outside_business_hours_starts_at_the_next_opening() -> None:
    for start in ("2023-07-14T17:00+01:00", "2023-07-15T12:00+01:00", "2023-07-17T08:59+01:00"):
        assert ends("desk", "GB", start, HOUR) == "2023-07-17T09:00:00.000Z"


def test_one_business_day_is_the_same_time_on_the_next_business_day() -> None:
    assert ends("desk", "GB", "2023-07-14T11:30+01:00", days=1) == "2023-07-17T10:30:00.000Z"


def test_one_business_day_is_not_twenty_four_business_hours() -> None:
    assert ends("desk", "GB", "2023-07-11T11:00+01:00", 24 * HOUR) == "2023-07-14T10:00:00.000Z"
    assert ends("desk", "GB", "2023-07-11T11:00+01:00", days=1) == "2023-07-12T10:00:00.000Z"


def test_carriers_work_on_saturday_and_not_on_sunday() -> None:
    assert ends("carrier", "GB", "2023-07-14T12:00+01:00", days=1) == "2023-07-15T11:00:00.000Z"
    assert ends("carrier", "GB", "2023-07-15T12:00+01:00", days=1) == "2023-07-17T11:00:00.000Z"


def test_a_day_counted_from_a_sunday_begins_on_monday() -> None:
    assert ends("carrier", "GB", "2023-07-16T12:00+01:00", days=1) == "2023-07-17T23:00:00.000Z"


def test_holidays_are_those_of_the_country() -> None:
    # 4 July 2023, a Tuesday: free in the United States, not in Britain
    assert ends("shop", "US", "2023-07-03T12:00-04:00", days=1) == "2023-07-05T16:00:00.000Z"
    assert ends("shop", "GB", "2023-07-03T12:00+01:00", days=1) == "2023-07-04T11:00:00.000Z"


def test_what_starts_at_the_cut_off_counts_from_the_next_business_day() -> None:
    assert ends("shop", "GB", "2023-07-11T13:59:59.999+01:00", days=2) == "2023-07-13T12:59:59.999Z"
    assert ends("shop", "GB", "2023-07-11T14:00+01:00", days=2) == "2023-07-13T23:00:00.000Z"
    assert ends("shop", "GB", "2023-07-14T15:00+01:00", HOUR) == "2023-07-17T00:00:00.000Z"


def test_a_country_that_is_not_listed_has_no_holidays_and_utc() -> None:
    assert ends("desk", "FR", "2023-07-14T08:00Z", HOUR) == ends("desk", None, "2023-07-14T08:00Z", HOUR)
    assert ends("desk", "FR", "2023-07-14T08:00Z", HOUR) == "2023-07-14T10:00:00.000Z"


def test_plain_time_knows_no_weekend() -> None:
    within = Within(Millis(3 * DAY))
    assert due_after(POLICY, within, "GB", from_iso("2023-07-14T12:00Z")) == from_iso("2023-07-17T12:00Z")


def test_a_length_on_a_calendar_ends_on_it() -> None:
    within = Within(NO_LENGTH, "carrier", 1)
    assert due_after(POLICY, within, "GB", from_iso("2023-07-15T12:00Z")) == from_iso("2023-07-17T12:00Z")


def test_a_day_over_the_spring_night_is_the_same_local_time() -> None:
    # London: clocks go forward on Sunday 26 March 2023, which no hop of ours works; New York on 12 March
    assert ends("carrier", "GB", "2023-03-25T12:00+00:00", days=1) == "2023-03-27T11:00:00.000Z"
    assert ends("desk", "US", "2023-03-10T12:00-05:00", days=1) == "2023-03-13T16:00:00.000Z"


EVERY_DAY = Calendars(
    {"all": Calendar("all", frozenset(range(7))), "day": Calendar("day", frozenset(range(7)), time(9), time(17))},
    {
        "GB": Country("Europe/London"),
        "BR": Country("America/Sao_Paulo"),
        "LH": Country("Australia/Lord_Howe"),
        "otherwise": Country("UTC"),
    },
    None,
)


def test_a_time_that_the_clocks_skip_is_the_moment_they_jump() -> None:
    # 01:30 does not exist in London on 26 March 2023
    end = EVERY_DAY.after("all", "GB", from_iso("2023-03-25T01:30Z"), NO_LENGTH, 1)
    assert to_iso(end) == "2023-03-26T01:00:00.000Z"


def test_a_time_that_the_clocks_show_twice_is_the_first_of_the_two() -> None:
    end = EVERY_DAY.after("all", "GB", from_iso("2023-10-28T01:30+01:00"), NO_LENGTH, 1)
    assert to_iso(end) == "2023-10-29T00:30:00.000Z"


def test_a_day_that_begins_with_a_jump_begins_after_it() -> None:
    # Sao Paulo skipped the hour from midnight on 15 October 2017
    zone = ZoneInfo("America/Sao_Paulo")
    assert to_iso(at_wall(date(2017, 10, 15), time(), zone)) == "2017-10-15T03:00:00.000Z"


def test_a_repeated_hour_before_midnight_still_belongs_to_its_day() -> None:
    # Sao Paulo repeated the hour before midnight on 17 February 2018
    zone = ZoneInfo("America/Sao_Paulo")
    assert wall_of(from_iso("2018-02-18T02:30Z"), zone) == time.max


def test_hours_over_a_changing_night_are_real_hours() -> None:
    end = EVERY_DAY.after("all", "GB", from_iso("2023-03-25T20:00Z"), Millis(12 * HOUR))
    assert end == from_iso("2023-03-26T08:00Z")


AROUND_CHANGES = st.sampled_from(
    ["2023-03-26T00:00Z", "2023-10-29T00:00Z", "2017-10-15T00:00Z", "2018-02-18T00:00Z", "2023-04-01T12:00Z"]
)
START = st.builds(lambda day, offset: Instant(from_iso(day) + offset), AROUND_CHANGES, st.integers(-3 * DAY, 3 * DAY))


@given(
    START,
    st.integers(0, 2 * DAY),
    st.integers(0, 40 * HOUR),
    st.integers(0, 3),
    st.sampled_from(["all", "day"]),
    st.sampled_from(["GB", "BR", "LH", "XX"]),
)
def test_a_later_start_never_ends_earlier(
    start: Instant, more: int, length: int, days: int, calendar: str, country: str
) -> None:
    later = Instant(start + more)
    first = EVERY_DAY.after(calendar, country, start, Millis(length), days)
    assert first <= EVERY_DAY.after(calendar, country, later, Millis(length), days)
    assert first >= start


@given(START, st.integers(0, 30 * HOUR), st.integers(0, 30 * HOUR), st.sampled_from(["GB", "BR", "LH"]))
def test_two_lengths_one_after_the_other_end_as_their_sum(start: Instant, one: int, two: int, country: str) -> None:
    half = EVERY_DAY.after("day", country, start, Millis(one))
    assert EVERY_DAY.after("day", country, half, Millis(two)) == EVERY_DAY.after(
        "day", country, start, Millis(one + two)
    ) or (one == 0) != (two == 0)


@given(
    st.integers(from_iso("2016-01-01T00:00Z"), from_iso("2030-01-01T00:00Z")).map(Instant),
    st.integers(1, 40),
    st.sampled_from(["shop", "carrier", "desk"]),
    st.sampled_from(["GB", "US", "BR", None]),
)
def test_a_length_of_business_days_ends_on_a_business_day(
    start: Instant, days: int, calendar: str, country: str | None
) -> None:
    end = business_after(POLICY, calendar, country, start, NO_LENGTH, days)
    zone = ZoneInfo(POLICY.calendars.countries[country or "otherwise"].time_zone)
    assert to_datetime(end, zone).weekday() in POLICY.calendars.by_name[calendar].weekdays
    assert end >= start + (days - 1) * DAY - HOUR


@pytest.mark.parametrize("start", ["1971-06-01T12:00Z", "2199-06-01T12:00Z"])
def test_years_far_away_have_business_days_too(start: str) -> None:
    end = business_after(POLICY, "desk", "GB", from_iso(start), Millis(HOUR))
    assert HOUR <= end - from_iso(start) <= 5 * DAY


def test_a_length_of_years_ends() -> None:
    end = business_after(POLICY, "desk", "GB", from_iso("2023-01-02T12:00Z"), NO_LENGTH, 2_000)
    assert to_datetime(end).year == 2030


@pytest.mark.parametrize(
    ("at", "until"),
    [
        ("2023-07-12T20:59:59.999+01:00", None),
        ("2023-07-12T21:00+01:00", "2023-07-13T07:00:00.000Z"),
        ("2023-07-13T00:30+01:00", "2023-07-13T07:00:00.000Z"),
        ("2023-07-13T07:59:59.999+01:00", "2023-07-13T07:00:00.000Z"),
        ("2023-07-13T08:00+01:00", None),
    ],
)
def test_quiet_hours_run_from_evening_to_morning(at: str, until: str | None) -> None:
    end = quiet_end(POLICY, from_iso(at), "Europe/London", "house")
    assert (None if end is None else to_iso(end)) == until


def test_an_unknown_zone_is_the_brands_and_never_means_now() -> None:
    at = from_iso("2023-07-12T22:00+01:00")
    for zone in (None, "", "Mars/Olympus", "../etc/passwd"):
        assert quiet_end(POLICY, at, zone, "audio") == from_iso("2023-07-13T08:00+01:00")


def test_an_unknown_brand_has_the_default_brands_zone() -> None:
    at = from_iso("2023-07-12T22:00Z")
    assert quiet_end(POLICY, at, None, "no such brand") == from_iso("2023-07-13T08:00Z")


def test_quiet_hours_over_a_changing_night_end_at_the_local_time() -> None:
    at = from_iso("2023-03-25T22:00Z")
    assert quiet_end(POLICY, at, "Europe/London", "house") == from_iso("2023-03-26T08:00+01:00")


def test_quiet_hours_within_a_day_end_that_day() -> None:
    policy = policy_with("calendars.yaml", '{from: "21:00", until: "08:00"}', '{from: "12:00", until: "14:30"}')
    assert quiet_end(policy, from_iso("2023-07-12T13:00Z"), "UTC", "house") == from_iso("2023-07-12T14:30Z")
    assert quiet_end(policy, from_iso("2023-07-12T15:00Z"), "UTC", "house") is None


def test_a_policy_without_quiet_hours_tells_at_any_time() -> None:
    policy = policy_with("calendars.yaml", 'quiet_hours: {from: "21:00", until: "08:00"}', "")
    assert quiet_end(policy, from_iso("2023-07-12T03:00Z"), "UTC", "house") is None


@given(START, st.sampled_from(["Europe/London", "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Kathmandu"]))
def test_quiet_hours_end_within_a_day_and_then_are_over(at: Instant, zone: str) -> None:
    end = quiet_end(POLICY, at, zone, "house")
    if end is not None:
        assert at < end <= at + 12 * HOUR
        assert quiet_end(POLICY, end, zone, "house") is None
        assert quiet_end(POLICY, Instant(end - MINUTE), zone, "house") == end


@pytest.mark.parametrize(
    ("start", "end", "hours"),
    [
        ("2026-04-11T12:00:00-04:00", "2026-04-13T12:00:00-04:00", 24),
        ("2026-04-12T01:00:00-04:00", "2026-04-12T23:00:00-04:00", 0),
        ("2026-04-13T10:00:00-04:00", "2026-04-13T11:00:00-04:00", 1),
        ("2026-04-13T11:00:00-04:00", "2026-04-13T10:00:00-04:00", 0),
        ("2026-04-10T00:00:00-04:00", "2028-04-10T00:00:00-04:00", None),
    ],
)
def test_the_business_time_between_two_instants_leaves_out_what_is_none(
    start: str, end: str, hours: int | None
) -> None:
    calendars = default_policy().calendars
    passed = calendars.between("carrier", "US", from_iso(start), from_iso(end))
    assert passed == hours * HOUR if hours is not None else passed > 580 * DAY

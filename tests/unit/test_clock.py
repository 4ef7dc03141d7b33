"""Instants and the datetimes they are read from."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from app.clock import Instant, from_datetime, to_datetime, to_iso

OFFSETS = st.integers(min_value=-14 * 60, max_value=14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.datetimes(timezones=OFFSETS, min_value=datetime(2, 1, 1), max_value=datetime(9998, 1, 1)))  # noqa: DTZ001
def test_an_instant_is_the_last_whole_millisecond_up_to_a_time_before_1970_too(moment: datetime) -> None:
    past = moment - to_datetime(from_datetime(moment))
    assert timedelta(0) <= past < timedelta(milliseconds=1)


def test_a_microsecond_before_1970_belongs_to_the_millisecond_before() -> None:
    assert from_datetime(datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)) == -1


@given(st.integers(min_value=-62_135_596_800_000, max_value=253_402_300_799_999).map(Instant))
def test_an_instant_reads_as_iso_8601_has_it(instant: Instant) -> None:
    written = to_datetime(instant).replace(tzinfo=None).isoformat("T", "milliseconds")
    assert to_iso(instant) == written + "Z"

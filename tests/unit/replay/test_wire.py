"""Events are cut into stretches that no tick can tell apart."""

from collections.abc import Iterator
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from app.clock import HOUR, Instant
from app.directory.limits import WAIT_LIMIT
from app.replay.source import InputEvent, Position
from app.replay.wire import records, stretches
from app.topics import Topic


def events(times: list[int]) -> Iterator[InputEvent]:
    for sequence, at in enumerate(sorted(times)):
        payload = {"occurred_at": 1_500_000_000_000, "order_id": "1", "customer_id": "ann"}
        place = Position("made.csv", sequence + 1)
        yield InputEvent(Topic.ORDERS, "1", Instant(1_500_000_000_000 + at), sequence, place, "order_placed", payload)


@given(st.lists(st.integers(0, 30), max_size=40), st.integers(1, 7))
def test_stretches_keep_every_record_and_never_part_equal_times(times: list[int], size: int) -> None:
    found = list(records(events(times), None, print))
    cut = list(stretches(found, size))
    assert [record for stretch in cut for record in stretch.records] == found
    ends = [stretch.until for stretch in cut]
    assert ends == sorted(set(ends))
    for before, after in pairwise(cut):
        assert before.records[-1].known_at == before.until < after.records[0].known_at
        assert len(before.records) >= size


@given(st.lists(st.integers(0, 400), max_size=40))
def test_no_stretch_is_longer_than_a_fact_waits_for_its_customer(hours: list[int]) -> None:
    for stretch in stretches(records(events([hour * HOUR for hour in hours]), None, print), 1_000):
        assert stretch.until - stretch.records[0].known_at < WAIT_LIMIT


@given(st.lists(st.integers(0, 30), max_size=40), st.integers(0, 30))
def test_nothing_after_until_is_played_and_nothing_up_to_it_is_left_out(times: list[int], until: int) -> None:
    stop = Instant(1_500_000_000_000 + until)
    assert len(list(records(events(times), stop, print))) == sum(at <= until for at in times)


def test_a_record_says_when_it_was_known_its_order_and_where_it_stands() -> None:
    record = next(records(events([5]), None, print))
    assert dict(record.headers) == {
        "makegood-known-at": b"1500000000005",
        "makegood-sequence": b"0",
        "makegood-origin": b"made.csv:0:1",
    }

"""What a fetch brought becomes log records: the same as the client's own parser makes of it, or an error."""

from typing import Any

import pytest
from aiokafka.errors import CorruptRecordException, UnsupportedForMessageFormatError
from aiokafka.record.legacy_records import LegacyRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from hypothesis import given
from hypothesis import strategies as st

from app.clock import Instant
from app.shell.record_batches import Batch, Batches, in_time
from app.shell.whole_batches import records_of
from app.stage import LogRecord
from app.topics import Topic
from tests.unit.shell.batches import written

HEADERS = [("sent-by", b"us"), ("empty", None)]
FIRST = 7
PLACE = (Topic.ORDERS, 3)

a_batch = st.tuples(
    st.integers(0, 4),
    st.lists(
        st.tuples(
            st.one_of(st.none(), st.binary(max_size=200)),
            st.one_of(st.none(), st.binary(max_size=300)),
            st.integers(0, 1 << 42),
            st.lists(st.tuples(st.text(max_size=5), st.one_of(st.none(), st.binary(max_size=5))), max_size=2),
        ),
        min_size=1,
        max_size=5,
    ),
)
"""A codec (none, gzip, snappy, lz4, zstd), and records: key, value, timestamp, headers."""


def batch(base: int, values: list[bytes], timestamp: int = 1_000, headers: Any = ()) -> Batch:
    return Batch(written(base, [(b"k%d" % place, value, timestamp, headers) for place, value in enumerate(values)]))


def read(batches: list[Batch], begins: int, newest: int = 0) -> list[LogRecord]:
    return in_time(records_of(batches, begins, *PLACE), Instant(newest))


def test_a_row_becomes_the_record_that_its_fields_make() -> None:
    assert read([batch(FIRST, [b"v"], headers=HEADERS)], FIRST) == [
        LogRecord(b"k0", b"v", Instant(1_000), *PLACE, FIRST, tuple(HEADERS))
    ]
    made = read([batch(FIRST, [b"v"])], FIRST)[0]
    assert type(made) is LogRecord
    assert made.headers == ()


@given(st.lists(a_batch, max_size=3), st.integers(0, 60))
def test_whatever_was_written_is_read_as_the_client_reads_it(some: list[Any], cut: int) -> None:
    places = [sum(len(rows) for _, rows in some[:number]) for number in range(len(some))]
    data = b"".join(written(base, rows, packed) for base, (packed, rows) in zip(places, some, strict=True))
    data += written(100, [(b"cut", b"short", 1, ())])[:cut]
    ours, theirs = Batches(data), MemoryRecords(data)
    while theirs.has_next():
        assert ours.has_next()
        one, other = ours.next_batch(), theirs.next_batch()
        assert one.validate_crc()
        assert (one.base_offset, one.next_offset) == (other.base_offset, other.next_offset)
        assert (one.producer_id, one.is_transactional, one.is_control_batch) == (-1, False, False)
        assert one.records(*PLACE) == [
            LogRecord(each.key, each.value, Instant(each.timestamp), *PLACE, each.offset, tuple(each.headers))
            for each in other
        ]
    assert not ours.has_next()


@given(st.data())
def test_a_batch_that_is_not_as_it_was_written_is_never_taken_for_one_that_is(data: st.DataObject) -> None:
    good = written(FIRST, [(b"k", b"value", 1_000, HEADERS), (None, b"", 2_000, ())])
    place = data.draw(st.integers(21, len(good) - 1))
    bad = bytearray(good)
    bad[place] ^= data.draw(st.integers(1, 255))
    assert not Batch(bytes(bad)).validate_crc()


@given(st.data())
def test_records_that_do_not_fill_their_batch_are_refused_and_never_made_up(data: st.DataObject) -> None:
    good = written(FIRST, [(b"k", b"value", 1_000, ()), (None, b"", 2_000, ())])
    cut = data.draw(st.integers(61, len(good) - 1))
    with pytest.raises(CorruptRecordException, match=r"orders/3: the batch at offset 7 does not read"):
        Batch(good[:cut]).records(*PLACE)
    with pytest.raises(CorruptRecordException):
        Batch(good + data.draw(st.binary(min_size=1, max_size=9))).records(*PLACE)


def test_a_format_older_than_kafka_0_11_is_refused_by_name() -> None:
    builder = LegacyRecordBatchBuilder(1, 0, 1 << 20)
    builder.append(0, 1_000, b"k", b"v")
    batches = Batches(bytes(builder.build()))
    assert batches.has_next()
    with pytest.raises(UnsupportedForMessageFormatError, match="format 1, which Kafka has not written since"):
        batches.next_batch()


def test_the_kind_of_a_marker_is_the_key_of_its_only_record() -> None:
    marker = Batch(written(FIRST, [(b"\x00\x00\x00\x01", b"", 1_000, ())]))
    assert next(marker).key == b"\x00\x00\x00\x01"


@given(sizes=st.lists(st.integers(1, 5), min_size=1, max_size=4), skipped=st.integers(0, 30))
def test_reading_begins_where_it_must_in_the_middle_of_a_batch(sizes: list[int], skipped: int) -> None:
    bases = [FIRST + sum(sizes[:place]) for place in range(len(sizes))]
    batches = [batch(base, [b"v"] * size) for base, size in zip(bases, sizes, strict=True)]
    begins = FIRST + skipped
    assert [record.offset for record in read(batches, begins)] == list(range(begins, FIRST + sum(sizes)))


def test_timestamps_never_go_back() -> None:
    batches = [batch(0, [b"a"], 5_000), batch(1, [b"b"], 4_000), batch(2, [b"c"], 6_000)]
    assert [record.timestamp for record in read(batches, 0)] == [5_000, 5_000, 6_000]
    batches = [batch(0, [b"a"], 5_000)]
    assert [record.timestamp for record in read(batches, 0, newest=5_500)] == [5_500]

"""How what the client's parser makes of a fetch becomes log records."""

from typing import Any

from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from hypothesis import given
from hypothesis import strategies as st

from app.clock import Instant
from app.shell.log_records import log_records
from app.shell.whole_batches import Batch, rows_of
from app.stage import LogRecord
from app.topics import Topic

HEADERS = [("sent-by", b"us"), ("empty", None)]
FIRST = 7


def batch(base: int, values: list[bytes], timestamp: int = 1_000, headers: Any = ()) -> Batch:
    """Return a batch as a fetch brings it, its first record at offset `base`."""
    builder = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, 0, 1 << 20)
    for place, value in enumerate(values):
        builder.append(place, timestamp, b"k%d" % place, value, list(headers))
    built = bytearray(builder.build())
    built[:8] = base.to_bytes(8, "big")
    return Batch(MemoryRecords(bytes(built)).next_batch())


def read(batches: list[Batch], begins: int, newest: int = 0) -> list[LogRecord]:
    return log_records(rows_of(batches, begins), Topic.ORDERS, 3, Instant(newest))


def test_a_row_becomes_the_record_that_its_fields_make() -> None:
    assert read([batch(FIRST, [b"v"], headers=HEADERS)], FIRST) == [
        LogRecord(b"k0", b"v", Instant(1_000), Topic.ORDERS, 3, FIRST, tuple(HEADERS))
    ]
    made = read([batch(FIRST, [b"v"])], FIRST)[0]
    assert type(made) is LogRecord
    assert made.headers == ()


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

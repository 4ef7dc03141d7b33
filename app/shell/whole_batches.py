"""The client's consumer, giving whole batches where it would give records (decisions 0001, 0035).

It does all around the records: leaders, errors, checksums, aborted transactions, markers. Then it makes an object of
each record by way of a generator and two methods, which took half of the time of reading. So it is given batches that
look to it like one record each, and whoever reads goes through their rows itself.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Protocol

from aiokafka.consumer.fetcher import PartitionRecords


class Row(Protocol):
    """One record of a batch, as the client's parser makes it; key and value are bytes of exact size."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes | None]]


class Batch:
    """A batch of committed records; `offset` is its last one, whether or not a record has it.

    To the client's consumer it is a batch that holds one record, itself.
    """

    __slots__ = ("offset", "rows")

    def __init__(self, rows: Any) -> None:
        self.rows = rows
        self.offset: int = rows.next_offset - 1

    def __getattr__(self, name: str) -> Any:
        return getattr(self.rows, name)

    def __iter__(self) -> Iterator["Batch"]:
        yield self

    def __next__(self) -> Any:
        # what kind of marker a control batch is stands in its only record
        return next(self.rows)


class _Batches:
    """What came of one partition, batch by batch."""

    def __init__(self, records: Any) -> None:
        self.has_next = records.has_next
        self._next = records.next_batch

    def next_batch(self) -> Batch:
        return Batch(self._next())


def in_batches(key: bytes | None) -> bytes | None:
    """Return a key as it is; a consumer given this as its `key_deserializer` gets batches in place of records."""
    return key


def rows_of(batches: Iterable[Batch], begins: int) -> list[Any]:
    """Return the rows of batches, in order, from an offset on; the first batch may begin before it."""
    rows = [row for batch in batches for row in batch.rows]
    return rows if not rows or rows[0].offset >= begins else [row for row in rows if row.offset >= begins]


_unpack_records = PartitionRecords._unpack_records  # noqa: SLF001
_consumer_record = PartitionRecords._consumer_record  # noqa: SLF001


def _unpack(self: Any) -> Iterator[Any]:
    if self._key_deserializer is in_batches:
        self._records = _Batches(self._records)
    return _unpack_records(self)  # type: ignore[no-any-return]


def _as_it_is(self: Any, tp: Any, record: Any) -> Any:
    return record if self._key_deserializer is in_batches else _consumer_record(self, tp, record)


PartitionRecords._unpack_records = _unpack  # noqa: SLF001
PartitionRecords._consumer_record = _as_it_is  # noqa: SLF001

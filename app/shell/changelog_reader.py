"""Reading changelogs in whole batches: a restore goes through millions of rows (decision 0035).

The client's consumer does all around the records: leaders, errors, checksums, aborted transactions, markers. Then it
makes an object of each record by way of a generator and two methods, which took longer than filling the tables. So it
is given batches that look to it like one record each, and whoever restores goes through their rows itself.
"""

from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, Protocol

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.consumer.fetcher import PartitionRecords

from app.shell.batch_path import as_it_is

_PARTITION_BYTES: Final = 4 * 1024 * 1024
_FETCH_BYTES: Final = 16 * 1024 * 1024
"""Of all partitions at once: it is held twice while it is read."""
_WAIT_MS: Final = 500


class Row(Protocol):
    """One record of a batch, as the client's parser makes it; both parts are bytes of exact size."""

    offset: int
    key: bytes | None
    value: bytes | None


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


def _in_batches(value: bytes | None) -> bytes | None:
    """Return a value as it is; a consumer given this gets batches in place of records."""
    return value


_unpack_records = PartitionRecords._unpack_records  # noqa: SLF001


def _unpack(self: Any) -> Iterator[Any]:
    if self._value_deserializer is _in_batches:
        self._records = _Batches(self._records)
    return _unpack_records(self)  # type: ignore[no-any-return]


PartitionRecords._unpack_records = _unpack  # noqa: SLF001


class ChangelogReader:
    """A started consumer of changelogs; see `reading`."""

    def __init__(self, consumer: AIOKafkaConsumer, places: Collection[TopicPartition]) -> None:
        self._consumer = consumer
        self._places = places

    async def ends(self) -> Mapping[TopicPartition, int]:
        """Return where each changelog ends now: its last stable offset."""
        return await self._consumer.end_offsets(self._places)  # type: ignore[no-any-return]

    async def position(self, place: TopicPartition) -> int:
        """Return the offset up to which a changelog has been read, markers and gaps included."""
        return await self._consumer.position(place)  # type: ignore[no-any-return]

    async def read(self, places: Collection[TopicPartition]) -> Mapping[TopicPartition, list[Batch]]:
        """Return what has come of these changelogs; nothing when nothing came for half a second."""
        return await self._consumer.getmany(*places, timeout_ms=_WAIT_MS)  # type: ignore[no-any-return]


@asynccontextmanager
async def reading(
    connection: Mapping[str, Any], starts: Mapping[TopicPartition, int]
) -> AsyncIterator[ChangelogReader]:
    """Open a reader of committed records, each changelog from a place of its own, or where it begins by now."""
    consumer = AIOKafkaConsumer(
        **connection,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        fetch_max_bytes=_FETCH_BYTES,
        max_partition_fetch_bytes=_PARTITION_BYTES,
        fetch_max_wait_ms=_WAIT_MS,
        key_deserializer=as_it_is,
        value_deserializer=_in_batches,
    )
    await consumer.start()
    try:
        consumer.assign(list(starts))
        begins = await consumer.beginning_offsets(list(starts))
        for place, start in starts.items():
            consumer.seek(place, max(begins[place], start))
        yield ChangelogReader(consumer, list(starts))
    finally:
        await consumer.stop()

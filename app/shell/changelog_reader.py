"""Reading changelogs in whole batches: a restore goes through millions of rows (decision 0035)."""

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final

from aiokafka import TopicPartition

from app.shell.consumer import Consumer
from app.shell.record_batches import Batch
from app.shell.whole_batches import in_batches

_PARTITION_BYTES: Final = 4 * 1024 * 1024
_FETCH_BYTES: Final = 16 * 1024 * 1024
"""Of all partitions at once: it is held twice while it is read."""
_BULK_BYTES: Final = 1024 * 1024
_WAIT_MS: Final = 500


class ChangelogReader:
    """A started consumer of changelogs; see `reading`."""

    def __init__(self, consumer: Consumer, places: Collection[TopicPartition]) -> None:
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
        return await self._consumer.getmany(*places, timeout_ms=_WAIT_MS)


@asynccontextmanager
async def reading(
    connection: Mapping[str, Any], starts: Mapping[TopicPartition, int], *, in_bulk: bool = False
) -> AsyncIterator[ChangelogReader]:
    """Open a reader of committed records, each changelog from a place of its own, or where it begins by now.

    `in_bulk`: what little comes may wait for half a second, so that it comes together.
    """
    consumer = Consumer(
        **connection,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        fetch_max_bytes=_FETCH_BYTES,
        max_partition_fetch_bytes=_PARTITION_BYTES,
        fetch_max_wait_ms=_WAIT_MS,
        fetch_min_bytes=_BULK_BYTES if in_bulk else 1,
        key_deserializer=in_batches,
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

"""The state of the keyed stages: a dictionary of exact bytes per partition, and how it is read back (decision 0004).

A partition's state is dropped whole when the partition goes. It is kept through a rebalance that leaves us the
partition; then only what others may have written meanwhile is read.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from app.clock import Instant
from app.errors import MakegoodError
from app.shell.batch_path import as_it_is
from app.shell.time_index import TimeIndex
from app.stage import Effects, KeyedStage

_FETCH_BYTES: Final = 4 * 1024 * 1024
_INDEX_SLICE: Final = 20_000
_POLL_MS: Final = 500

Progress = Callable[[str, int, int, int], None]
"""Called with stage, partition, the records restored so far and the offsets still to be read."""


class ChangelogError(MakegoodError):
    """A changelog record that no writer of ours can have written; the worker must not go on without it."""


class PartitionState:
    """One partition of one stage: its table, its time index, and how far it has got in log and changelog."""

    def __init__(self, stage: KeyedStage, partition: int) -> None:
        self.stage = stage
        self.partition = partition
        self.table: dict[bytes, bytes] = {}
        self.view: Mapping[bytes, bytes] = MappingProxyType(self.table)
        self.index = self._new_index()
        self.size_bytes = 0
        self.read_to = 0
        """Changelog offset up to which the table holds everything."""
        self.resume_at: int | None = None
        """Log offset to go on from after our own last commit; None: ask the broker."""
        self.dirty = False
        """The table has been changed by a restore, so the index must be rebuilt."""

    def _new_index(self) -> TimeIndex:
        def next_due(key: bytes) -> Instant | None:
            value = self.table.get(key)
            return None if value is None else self.stage.next_due(value)

        return TimeIndex(next_due)

    def apply(self, effects: Effects) -> None:
        """Take over the changes of a committed round."""
        due_of, put = effects.next_due.get, self.put
        for key, value in effects.changes.items():
            due = due_of(key)
            if due is not None:
                before = self.table.get(key)
                if before is None or self.stage.next_due(before) != due:
                    self.index.add(key, due)
            put(key, value)

    def restore(self, records: list[ConsumerRecord]) -> None:
        """Take over changelog records; ChangelogError for one without a key."""
        for record in records:
            if record.key is None:
                raise ChangelogError(
                    f"{self.stage.changelog}/{self.partition} offset {record.offset}: a changelog record without "
                    "a key; only workers may write to this topic"
                )
            self.put(record.key, record.value)
        self.dirty = True

    def put(self, key: bytes, value: bytes | None) -> None:
        """Set or remove a key's state in the table; the time index does not learn of it."""
        before = self.table.get(key)
        if before is not None:
            self.size_bytes -= len(before)
        if value is None:
            self.table.pop(key, None)
            return
        self.size_bytes += len(value)
        # an encoder's result may hold on to a buffer many times its size; this copy is exact
        self.table[key] = bytes(memoryview(value))

    async def rebuild_index(self) -> None:
        """Build the time index from the states, in slices so that the event loop turns."""
        for _ in self.indexing():
            await asyncio.sleep(0)

    def indexing(self) -> Iterator[None]:
        """Build the time index from the states, and yield after every slice of them."""
        self.index = self._new_index()
        next_due = self.stage.next_due
        for count, (key, value) in enumerate(self.table.items()):
            # ours, whatever the stage: they wait for nothing
            due = None if key[:1] == b"\x00" else next_due(value)
            if due is not None:
                self.index.add(key, due)
            if count % _INDEX_SLICE == _INDEX_SLICE - 1:
                yield
        self.dirty = False


async def restore(
    connection: Mapping[str, Any], states: Mapping[TopicPartition, PartitionState], progress: Progress
) -> None:
    """Read changelogs up to their last stable offsets into the states, from where each has got to.

    The partitions' transactional producers must have been started before: that ends what others had begun there.
    """
    consumer = AIOKafkaConsumer(
        **connection,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        max_partition_fetch_bytes=_FETCH_BYTES,
        fetch_max_wait_ms=_POLL_MS,
        key_deserializer=as_it_is,
    )
    await consumer.start()
    try:
        await _read_all(consumer, states, progress)
    finally:
        await consumer.stop()
    for state in states.values():
        if state.dirty:
            await state.rebuild_index()


async def _read_all(
    consumer: AIOKafkaConsumer, states: Mapping[TopicPartition, PartitionState], progress: Progress
) -> None:
    consumer.assign(list(states))
    begins = await consumer.beginning_offsets(list(states))
    ends = await consumer.end_offsets(list(states))
    restored = dict.fromkeys(states, 0)
    for tp, state in states.items():
        consumer.seek(tp, max(begins[tp], state.read_to))
    pending = {tp for tp, state in states.items() if max(begins[tp], state.read_to) < ends[tp]}
    while pending:
        for tp, records in (await consumer.getmany(*pending, timeout_ms=_POLL_MS)).items():
            states[tp].restore(records)
            restored[tp] += len(records)
        for tp in list(pending):
            states[tp].read_to = await consumer.position(tp)
            state = states[tp]
            progress(state.stage.name, state.partition, restored[tp], max(0, ends[tp] - state.read_to))
            if state.read_to >= ends[tp]:
                pending.discard(tp)
        await asyncio.sleep(0)

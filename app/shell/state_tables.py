"""The state of the keyed stages: a dictionary of exact bytes per partition, and how it is read back (decision 0004).

A partition's state is dropped whole when the partition goes. It is kept through a rebalance that leaves us the
partition; then only what others may have written meanwhile is read.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from aiokafka import TopicPartition

from app.clock import Instant
from app.errors import MakegoodError
from app.shell.changelog_reader import ChangelogReader, reading
from app.shell.garbage import no_looking
from app.shell.record_batches import Batch
from app.shell.time_index import TimeIndex
from app.stage import Effects, KeyedStage

_INDEX_SLICE: Final = 20_000
_FIRST_KEY: Final = b"\x01"
"""Of the stages' own keys; those before it are of the shell and the policy."""

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

    def apply(self, effects: Effects) -> list[int]:
        """Take over the changes of a committed round; returns the sizes of the states written."""
        table, next_due, size = self.table, effects.next_due, self.size_bytes
        sizes: list[int] = []
        for key, value in effects.changes.items():
            before, due = table.get(key), next_due.get(key)
            if due is not None and (before is None or self.stage.next_due(before) != due):
                self.index.add(key, due)
            if before is not None:
                size -= len(before)
            if value is not None:
                size += len(value)
                sizes.append(len(value))
                # an encoder's result may hold on to a buffer many times its size; this copy is exact
                table[key] = b"".join((value, b""))
            elif before is not None:
                del table[key]
        self.size_bytes = size
        return sizes

    def restore(self, batches: Iterable[Batch]) -> int:
        """Take over changelog batches and return how many rows they had; ChangelogError for a row without a key.

        Size and time index are stale until `indexing` is through: most of what is restored is new.
        """
        table, count = self.table, 0
        self.dirty = True
        for batch in batches:
            for row in batch.records(self.stage.changelog, self.partition):
                key, value = row.key, row.value
                count += 1
                if value is not None and key is not None:
                    table[key] = value
                elif key is None:
                    raise ChangelogError(
                        f"{self.stage.changelog}/{self.partition} offset {row.offset}: a changelog record without "
                        "a key; only workers may write to this topic"
                    )
                else:
                    table.pop(key, None)
        return count

    def indexing(self) -> Iterator[None]:
        """Build the time index and the size from the states, and yield after every slice of them."""
        self.index = self._new_index()
        next_due, add, size = self.stage.next_due, self.index.add, 0
        for count, (key, value) in enumerate(self.table.items()):
            size += len(value)
            # ours, whatever the stage: they wait for nothing
            due = next_due(value) if key >= _FIRST_KEY else None
            if due is not None:
                add(key, due)
            if count % _INDEX_SLICE == _INDEX_SLICE - 1:
                yield
        self.size_bytes = size
        self.dirty = False

    def forget_index(self) -> None:
        """Give up the time index, and where the log goes on: another worker has the partition."""
        self.index = self._new_index()
        self.resume_at = None
        self.dirty = True


async def restore(
    connection: Mapping[str, Any], states: Mapping[TopicPartition, PartitionState], progress: Progress
) -> None:
    """Read changelogs up to their last stable offsets into the states, from where each has got to.

    The partitions' transactional producers must have been started before: that ends what others had begun there.
    """
    await read_back(connection, states, progress)
    for state in states.values():
        if state.dirty:
            for _ in state.indexing():
                await asyncio.sleep(0)


async def read_back(
    connection: Mapping[str, Any], states: Mapping[TopicPartition, PartitionState], progress: Progress
) -> None:
    """Read changelogs as `restore` does, and leave sizes and time indexes as they are."""
    with no_looking():
        async with reading(connection, {place: state.read_to for place, state in states.items()}) as reader:
            await _read_all(reader, states, progress)


async def _read_all(
    reader: ChangelogReader, states: Mapping[TopicPartition, PartitionState], progress: Progress
) -> None:
    ends = await reader.ends()
    restored = dict.fromkeys(states, 0)
    pending = set(states)
    while pending:
        for place in list(pending):
            state = states[place]
            state.read_to = await reader.position(place)
            progress(state.stage.name, state.partition, restored[place], max(0, ends[place] - state.read_to))
            if state.read_to >= ends[place]:
                pending.discard(place)
        if pending:
            for place, batches in (await reader.read(pending)).items():
                restored[place] += states[place].restore(batches)
                # a fetch holds some hundred thousand rows: others have something to do as well
                await asyncio.sleep(0)

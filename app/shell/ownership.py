"""The partitions of the keyed stages that this worker has: their states, writers and loops through a rebalance.

A partition that we keep while the group's generation goes up by exactly one has had no other owner meanwhile: state and
writer stay. Otherwise a new writer is started first, which fences whoever had it, and then the changelog is read from
where our copy ends (from its beginning if we had none; a worker that stands by has one of every partition).
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from aiokafka import TopicPartition
from faust.types import TP

from app.shell.breaking import Aside
from app.shell.intake_agent import Guard
from app.shell.keyed_agent import Finish, PartitionLoop
from app.shell.standby import Key, Standby
from app.shell.state_tables import PartitionState, restore
from app.shell.telemetry_protocol import Telemetry
from app.shell.transactions import PartitionWriter
from app.shell.writers import WireName
from app.stage import KeyedStage

log = logging.getLogger(__name__)

_RETIRE_SECONDS: Final = 5.0


class Ownership:
    """States, writers and loops of the partitions we own, by stage and partition."""

    def __init__(
        self,
        stages: Sequence[KeyedStage],
        *,
        wire_name: WireName,
        new_writer: Callable[[KeyedStage, int], PartitionWriter],
        connection: Mapping[str, Any],
        data_clock: bool,
        slice_records: int,
        telemetry: Telemetry,
        aside: Aside,
        standby: Standby | None = None,
    ) -> None:
        self._standby = standby
        self._aside = aside
        self._stages = {stage.name: stage for stage in stages}
        self._by_log = {wire_name(stage.log): stage for stage in stages}
        self._wire_name = wire_name
        self._new_writer = new_writer
        self._connection = connection
        self._data_clock = data_clock
        self._slice_records = slice_records
        self._telemetry = telemetry
        self._states: dict[Key, PartitionState] = {}
        self._writers: dict[Key, PartitionWriter] = {}
        self._loops: dict[Key, PartitionLoop] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._generation = -1
        self._turn = asyncio.Lock()

    @property
    def loops(self) -> Iterable[PartitionLoop]:
        """The partitions at work."""
        return self._loops.values()

    def loop(self, stage: KeyedStage, partition: int) -> PartitionLoop:
        """Return the partition's loop; KeyError when it is not ours or not restored."""
        return self._loops[stage.name, partition]

    def resume_points(self) -> dict[TP, int]:
        """Return where the logs go on that we have read ourselves.

        The broker may not say so yet: a transaction's offsets become visible a moment after its commit returns.
        """
        return {
            TP(self._wire_name(state.stage.log), state.partition): state.resume_at
            for state in self._states.values()
            if state.resume_at is not None
        }

    async def drain(self) -> None:
        """Stop all partitions: rounds in flight are finished, all else is given back."""
        for loop in self._loops.values():
            loop.stop()
        tasks, self._tasks = self._tasks, []
        await asyncio.gather(*tasks)
        self._loops.clear()

    async def take_over(self, assigned: Iterable[TP], generation: int, guard: Guard, finish: Finish) -> None:
        """Make our own what has been assigned, drop the rest, and start working."""
        if self._standby is not None:
            await self._standby.leave()
        owned = {(self._by_log[tp.topic].name, tp.partition) for tp in assigned if tp.topic in self._by_log}
        self._drop(self._states.keys() - owned, guard)
        kept = self._states.keys() if generation == self._generation + 1 else set()
        await self._restore(owned - kept, guard)
        self._generation = generation
        for key in sorted(owned):
            loop = PartitionLoop(
                self._states[key],
                self._writers[key],
                data_clock=self._data_clock,
                slice_records=self._slice_records,
                telemetry=self._telemetry,
                finish=finish,
                aside=self._aside,
                turn=self._turn,
            )
            self._loops[key] = loop
            self._tasks.append(guard(loop.run()))
        if self._standby is not None:
            self._standby.follow(guard)

    async def close(self) -> None:
        """Disconnect all writers, follow no more; the loops must have been drained."""
        if self._standby is not None:
            await self._standby.leave()
        writers, self._writers = self._writers, {}
        await asyncio.gather(*(_retire(writer) for writer in writers.values()))

    def observe(self) -> None:
        """Tell telemetry what the partitions hold."""
        for (name, partition), state in self._states.items():
            self._telemetry.table_size(name, partition, len(state.table), state.size_bytes)
            self._telemetry.open_deadlines(name, partition, len(state.index))
            self._telemetry.states(name, partition, state.view)
        if self._standby is not None:
            for name in self._stages:
                self._telemetry.copies(name, self._standby.keys_of(name))

    def _drop(self, gone: Iterable[Key], guard: Guard) -> None:
        for key in list(gone):
            state = self._states.pop(key)
            if self._standby is not None:
                self._standby.give(state)
            self._retire_writer(key, guard)
            self._telemetry.table_size(*key, 0, 0)
            self._telemetry.open_deadlines(*key, 0)
            self._telemetry.states(*key, {})

    async def _restore(self, keys: Iterable[Key], guard: Guard) -> None:
        states = {}
        for key in keys:
            self._retire_writer(key, guard)
            state = self._states.get(key) or self._new_state(key)
            self._states[key] = state
            state.resume_at = None
            self._writers[key] = self._new_writer(state.stage, state.partition)
            states[TopicPartition(self._wire_name(state.stage.changelog), state.partition)] = state
        await asyncio.gather(*(self._writers[key].start() for key in keys))
        if states:
            await restore(self._connection, states, self._telemetry.recovery)

    def _new_state(self, key: Key) -> PartitionState:
        return PartitionState(self._stages[key[0]], key[1]) if self._standby is None else self._standby.take(key)

    def _retire_writer(self, key: Key, guard: Guard) -> None:
        writer = self._writers.pop(key, None)
        if writer is not None:
            guard(_retire(writer))


async def _retire(writer: PartitionWriter) -> None:
    try:
        await asyncio.wait_for(writer.stop(), _RETIRE_SECONDS)
    except TimeoutError:
        log.warning("a transactional producer did not stop in %s s; left to the broker's timeout", _RETIRE_SECONDS)

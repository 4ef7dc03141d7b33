"""Copies of the states that other workers have, kept current, so that a takeover reads only the last rows (0036)."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

from aiokafka import TopicPartition

from app.shell.changelog_reader import reading
from app.shell.intake_agent import Guard
from app.shell.state_tables import PartitionState, Progress, read_back

Key = tuple[str, int]
"""A stage's name and a partition."""


class Standby:
    """The copies, by stage and partition; nobody else touches a state that is in here.

    `places` are the changelogs of all stages and partitions. Each is read for ever, by one consumer: rows come at most
    half a second after they were committed, and the time index of a copy is made when it is taken out and restored.
    """

    def __init__(
        self, connection: Mapping[str, Any], places: Mapping[Key, TopicPartition], new_states: Iterable[PartitionState]
    ) -> None:
        self._connection = connection
        self._places = places
        self._copies = {(state.stage.name, state.partition): state for state in new_states}
        self._following: asyncio.Task[None] | None = None

    async def warm_up(self, progress: Progress) -> None:
        """Read every changelog up to where it ends now: whoever joins after that keeps nobody waiting."""
        await read_back(self._connection, self._by_place(), progress)

    def follow(self, guard: Guard) -> None:
        """Begin to keep the copies current, until they are `left`."""
        if self._copies:
            self._following = guard(self._follow())

    async def leave(self) -> None:
        """Stop following; the copies stay as they are. Does nothing when nothing is followed."""
        following, self._following = self._following, None
        if following is not None:
            following.cancel()
            await asyncio.wait([following])

    def take(self, key: Key) -> PartitionState:
        """Hand out a copy to be restored and worked on."""
        return self._copies.pop(key)

    def give(self, state: PartitionState) -> None:
        """Take in the state of a partition that another worker has from now on."""
        state.forget_index()
        self._copies[state.stage.name, state.partition] = state

    def keys_of(self, stage: str) -> int:
        """Return how many keys of a stage there are copies of."""
        return sum(len(state.table) for (name, _), state in self._copies.items() if name == stage)

    def _by_place(self) -> dict[TopicPartition, PartitionState]:
        return {self._places[key]: state for key, state in self._copies.items()}

    async def _follow(self) -> None:
        states = self._by_place()
        starts = {place: state.read_to for place, state in states.items()}
        async with reading(self._connection, starts, in_bulk=True) as reader:
            while True:
                for place, batches in (await reader.read(states)).items():
                    states[place].restore(batches)
                    states[place].read_to = await reader.position(place)
                    await asyncio.sleep(0)

"""The player: publishes stretches of events, waits until every hop has passed them on, then ticks (decision 0007).

It plays on Kafka and on memory alike, so that an offline run follows the same protocol.
"""

from collections.abc import Mapping, Sequence
from typing import Final, Protocol

from app.clock import Instant
from app.replay.hops import Ends, settle, work
from app.replay.session import Session
from app.stage import OutRecord
from app.topics import Topic

_BEGINNING: Final = Instant(0)


class Cluster(Protocol):
    """Where a session is played."""

    @property
    def partitions(self) -> int:
        """How many partitions the logs have."""
        ...

    async def publish(self, records: Sequence[OutRecord]) -> Ends:
        """Write records, in order; return where the partitions of their topics end."""
        ...

    async def tick(self, log: Topic, at: Instant) -> Ends:
        """Write a tick to every partition of a log; return where each ends with it."""
        ...

    async def passed(self, ends: Ends) -> None:
        """Wait until everything before these ends has been worked, and what came out of it is written."""
        ...

    async def grown(self, ends: Ends) -> bool:
        """Return whether anything was written to the partitions after these ends."""
        ...

    async def registered(self) -> Sequence[OutRecord]:
        """Return the records of the register's log since the last call."""
        ...

    async def outputs(self) -> Sequence[OutRecord]:
        """Return the outputs since the last call, each customer's in order."""
        ...

    async def states(self, changelog: Topic) -> Mapping[bytes, bytes]:
        """Return every key's newest state."""
        ...


async def play(session: Session, cluster: Cluster) -> Mapping[bytes, bytes]:
    """Play a session and record its outputs; return the customers' states at the end."""
    logs = (Topic.JOURNEY_LOG, Topic.REGISTER_LOG)
    await cluster.publish([session.activation(log, part) for log in logs for part in range(cluster.partitions)])
    clock = _BEGINNING
    for stretch in session.stretches():
        if stretch.records:
            await cluster.passed(await cluster.publish(stretch.records))
        # a fact that finds its customer may bring aliases, written to the directory's own log: they must be bound
        # before the waiting of others runs out
        await settle(cluster, Topic.DIRECTORY, clock)
        await cluster.passed(await cluster.tick(Topic.DIRECTORY, stretch.until))
        await work(cluster, stretch.until, spans=stretch.spans)
        for output in await cluster.outputs():
            session.said(output)
        clock = stretch.until
    return await cluster.states(Topic.JOURNEY_CHANGELOG)

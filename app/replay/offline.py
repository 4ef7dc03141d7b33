"""Replay without Kafka: the same stages and the same protocol, in one process."""

from collections.abc import Mapping

from app.directory import Directory
from app.emit.records import Emit
from app.intake.stage import Intake
from app.journey.stage import Journeys
from app.replay.memory import MemoryCluster
from app.replay.player import play
from app.replay.session import Session
from app.wire.codec import Codec
from app.wire.dead_letters import DeadLetters


async def play_offline(session: Session, codec: Codec, *, partitions: int = 1) -> Mapping[bytes, bytes]:
    """Play a session in memory; return the customers' states at the end. Partitions change nothing but the tests."""
    return await play(session, cluster_in_memory(codec, partitions))


def cluster_in_memory(codec: Codec, partitions: int) -> MemoryCluster:
    """Return the stages as a replay's workers compose them, over logs in memory."""
    return MemoryCluster(
        Intake(codec, replay=True),
        Directory(DeadLetters(codec).record, data_clock=True),
        Journeys(Emit(codec), data_clock=True),
        partitions=partitions,
    )

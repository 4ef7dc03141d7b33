"""Replay without Kafka: the same stages and the same protocol, in one process."""

from collections.abc import Mapping

from app.main import stages
from app.replay.memory import MemoryCluster
from app.replay.player import play
from app.replay.session import Session
from app.wire.codec import Codec


async def play_offline(session: Session, codec: Codec, *, partitions: int = 1) -> Mapping[bytes, bytes]:
    """Play a session in memory; return the customers' states at the end. Partitions change nothing but the tests."""
    return await play(session, cluster_in_memory(codec, partitions))


def cluster_in_memory(codec: Codec, partitions: int) -> MemoryCluster:
    """Return the stages as a replay's workers have them, over logs in memory."""
    return MemoryCluster(*stages(codec, data_clock=True), partitions=partitions)

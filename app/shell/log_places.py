"""Where a partition's log stands: as its changelog says of itself, and as the group has committed.

The last change of each transaction bears a header with the place in the log that the states stand for from then on, and
the partition's clock there. The group's offsets move in the same transactions, but nobody can read both at one moment:
so a snapshot of states that are worked on meanwhile goes by the header.
"""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from app.clock import Instant
from app.errors import SetupError
from app.settings import KafkaSettings, WorkerSettings
from app.shell.kafka_client import client_options
from app.shell.safe_clock import Cluster
from app.stage import Headers

_WORKED: Final = "worked"
_PATIENCE_SECONDS: Final = 30.0
_PAUSE_SECONDS: Final = 0.2


class Worked(NamedTuple):
    """A log has been worked up to `offset` (exclusive); `clock` is the newest tick in it that was seen, 0 for none."""

    offset: int
    clock: Instant


def headers_of(worked: Worked) -> Headers:
    """Return the headers of a transaction's last change."""
    return ((_WORKED, b"%d %d" % worked),)


def worked_in(headers: Iterable[tuple[str, bytes]]) -> Worked | None:
    """Return the place that headers name, None when they name none."""
    for name, value in headers:
        if name == _WORKED:
            offset, clock = value.split()
            return Worked(int(offset), Instant(int(clock)))
    return None


def without_place(headers: Iterable[tuple[str, bytes]]) -> Headers:
    """Return headers for another cluster, where places have other numbers."""
    return tuple(header for header in headers if header[0] != _WORKED)


async def group_places(kafka: KafkaSettings, worker: WorkerSettings) -> Mapping[TopicPartition, int]:
    """Return the group's committed offsets; SetupError when there are none, or the cluster does not tell them."""
    cluster = Cluster(client_options(kafka), worker.application_id)
    await cluster.start()
    try:
        found = await _committed(cluster, kafka)
        for _ in range(int(_PATIENCE_SECONDS / _PAUSE_SECONDS)):
            if found:
                break
            await asyncio.sleep(_PAUSE_SECONDS)
            found = await _committed(cluster, kafka)
    finally:
        await cluster.stop()
    if not found:
        raise SetupError(
            f"the group {worker.application_id} has committed nothing on {kafka.bootstrap}: is it its name?"
        )
    return found


async def _committed(cluster: Cluster, kafka: KafkaSettings) -> Mapping[TopicPartition, int]:
    try:
        return await cluster.committed()
    except KafkaError as error:
        if not error.retriable:
            raise SetupError(f"{kafka.bootstrap} does not tell the group's offsets: {error}") from error
        return {}

"""Where a partition's log stands: as its changelog says of itself, and as the group has committed.

The last change of each transaction bears a header with the place in the log that the states stand for from then on, and
the partition's clock there. The group's offsets move in the same transactions, but nobody can read both at one moment:
so a snapshot of states that are worked on meanwhile goes by the header.
"""

import asyncio
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Final, NamedTuple, Self

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


def without_place(headers: Headers) -> Headers:
    """Return headers for another cluster, where places have other numbers."""
    return tuple(header for header in headers if header[0] != _WORKED)


class GroupPlaces:
    """Asks the cluster how far the group has committed; use as a context."""

    def __init__(self, kafka: KafkaSettings, worker: WorkerSettings) -> None:
        self._bootstrap = kafka.bootstrap
        self._group = worker.application_id
        self._cluster = Cluster(client_options(kafka), worker.application_id)

    async def __aenter__(self) -> Self:
        await self._cluster.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._cluster.stop()

    async def now(self) -> Mapping[TopicPartition, int]:
        """Return the committed offsets; SetupError when there are none, or the cluster does not tell them."""
        found = await self._committed()
        for _ in range(int(_PATIENCE_SECONDS / _PAUSE_SECONDS)):
            if found:
                return found
            await asyncio.sleep(_PAUSE_SECONDS)
            found = await self._committed()
        raise SetupError(
            f"the group {self._group} has committed nothing on {self._bootstrap}: is MAKEGOOD_APPLICATION_ID its name?"
        )

    async def _committed(self) -> Mapping[TopicPartition, int]:
        try:
            return await self._cluster.committed()
        except KafkaError as error:
            if not error.retriable:
                raise SetupError(f"{self._bootstrap} does not tell the group's offsets: {error}") from error
            return {}

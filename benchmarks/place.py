"""Where a round runs: topics of its own on a broker of our own, one contender's process, and how far it has got."""

import asyncio
import secrets
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from app.broker import Broker, process
from app.broker.ports import free_port
from app.decide.folder import load_folder, version_of
from app.errors import SetupError
from app.replay.workers import environment_of
from app.settings import ROOT, KafkaSettings, WorkerSettings
from app.shell.kafka_client import client_options
from app.shell.policy_activation import activate
from app.shell.safe_clock import Cluster
from app.shell.topics_admin import apply_topics, delete_namespace
from app.shell.writers import LogWriter
from app.stage import OutRecord
from app.topics import INPUTS, LOGS, Topic

QUIX_PYTHON: Final = ROOT / "benchmarks" / "quix_streams" / ".venv" / "bin" / "python"
"""Of Quix Streams' own environment, with the product's packages behind its own; see deploy/setup/engines.sh."""
MAKEGOOD: Final = (sys.executable, "-m", "app", "worker")
STOCK_FAUST: Final = (sys.executable, "-m", "benchmarks.stock_faust")
QUIX_STREAMS: Final = (str(QUIX_PYTHON), "-m", "benchmarks.quix_streams.journey")

_STOP_SECONDS: Final = 30.0
_POLL_SECONDS: Final = 0.1
_STUCK_SECONDS: Final = 120.0
_CHUNK: Final = 5_000
_CALM: Final = 2
"""So often in a row nothing must be left: a hop may just have written to the next."""
_PERHAPS_MARKERS: Final = 64
"""So few unread offsets may all be ends of transactions, which nobody acknowledges."""


@contextmanager
def own_broker() -> Iterator[tuple[KafkaSettings, Broker]]:
    """Start a broker over a folder of its own; both are gone in the end."""
    with (
        tempfile.TemporaryDirectory(prefix="makegood-bench-") as folder,
        Broker.start(Path(folder) / "kafka") as broker,
    ):
        yield KafkaSettings(bootstrap=broker.bootstrap, security_protocol="PLAINTEXT"), broker


class Contender(NamedTuple):
    """A running process; its web server, if it has one, is at `web_port`."""

    pid: int
    log: Path
    web_port: int

    def require_alive(self) -> None:
        """Raise SetupError with its last words when it has ended."""
        if not process.is_running(self.pid):
            said = self.log.read_bytes()[-2_000:].decode(errors="replace")
            raise SetupError(f"the worker ended by itself: {said}")


class Place:
    """A namespace on a cluster, with the clients that fill it and look at it."""

    def __init__(self, kafka: KafkaSettings, settings: WorkerSettings) -> None:
        self.kafka = kafka
        self.settings = settings
        connection = client_options(kafka)
        self.writer = LogWriter(connection, self.wire_name)
        self._cluster = Cluster(connection, settings.application_id)

    def wire_name(self, topic: Topic) -> str:
        """Return a topic's name on the cluster."""
        return self.settings.topic_prefix + topic

    async def open(self) -> None:
        """Create the topics, let the default policy decide, connect."""
        await apply_topics(self.kafka, self.settings)
        files = load_folder(self.settings.policy_dir)
        await activate(self.kafka, self.settings, version_of(files), files)
        await self.writer.start()
        await self._cluster.start()

    async def close(self) -> None:
        """Disconnect and delete the namespace; the contender must have ended."""
        await self.writer.stop()
        await self._cluster.stop()
        await delete_namespace(self.kafka, self.settings.topic_prefix)

    async def publish(self, records: Sequence[OutRecord]) -> None:
        """Write input records, in order, and wait until the broker has them."""
        for start in range(0, len(records), _CHUNK):
            await asyncio.gather(*await self.writer.send(records[start : start + _CHUNK]))

    async def behind(self) -> int:
        """Return how many records of inputs and logs have not been worked yet; markers of transactions do not count."""
        ends = await self._cluster.ends(self.partitions((*INPUTS, *LOGS)))
        committed = await self._committed()
        unread = {tp: committed.get(tp, 0) for tp, end in ends.items() if end > committed.get(tp, 0)}
        left = sum(ends[tp] - start for tp, start in unread.items())
        if not 0 < left <= _PERHAPS_MARKERS:
            return left
        oldest = await self._cluster.oldest(unread, ends)
        return 0 if all(oldest.get(tp, 0) is None for tp in unread) else left

    async def _committed(self) -> Mapping[TopicPartition, int]:
        """Return what the group has committed; nothing while a new cluster is still finding its coordinator."""
        try:
            return await self._cluster.committed()
        except KafkaError as error:
            if not error.retriable:
                raise
            return {}

    async def caught_up(self, contender: Contender) -> None:
        """Wait until everything has been worked, every hop of it; SetupError when nothing moves for two minutes."""
        since, least, calm = time.monotonic(), sys.maxsize, 0
        while calm < _CALM:
            await asyncio.sleep(_POLL_SECONDS)
            contender.require_alive()
            behind = await self.behind()
            calm = 0 if behind else calm + 1
            since, least = (time.monotonic(), behind) if behind < least else (since, least)
            if time.monotonic() - since > _STUCK_SECONDS:
                raise SetupError(f"{behind} records have not been worked for two minutes; see {contender.log}")

    def partitions(self, topics: Sequence[Topic]) -> list[TopicPartition]:
        """Return all partitions of the topics; logs and other topics have equally many here."""
        count = self.settings.partitions
        return [TopicPartition(self.wire_name(topic), number) for topic in topics for number in range(count)]


@asynccontextmanager
async def place(kafka: KafkaSettings, **settings: Any) -> AsyncIterator[Place]:
    """Open a namespace with these worker settings; delete it in the end."""
    token = secrets.token_hex(4)
    with tempfile.TemporaryDirectory(prefix="makegood-bench-") as folder:
        chosen = {"topic_prefix": f"bench-{token}.", "application_id": f"bench-{token}", **settings}
        own = WorkerSettings(**chosen, state_dir=Path(folder), web_port=free_port(), schema_registry_url=None)
        opened = Place(kafka, own)
        await opened.open()
        try:
            yield opened
        finally:
            await opened.close()


@contextmanager
def running(place_: Place, *command: str, **changed: Any) -> Iterator[Contender]:
    """Run a contender in the place until left; with these settings `changed`."""
    settings = place_.settings.model_copy(update=changed)
    environment = environment_of(place_.kafka, settings)
    log = settings.state_dir / "worker.log"
    child = process.spawn(command, log, outlive_us=False, environment=environment, folder=ROOT)
    try:
        yield Contender(child.pid, log, settings.web_port)
    finally:
        process.end(child.pid, _STOP_SECONDS)
        child.wait()

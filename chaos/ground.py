"""Where a run takes place: a broker of its own, a proxy that workers reach it by, topics, the crew, the producer."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from random import Random
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from app.broker import Broker
from app.broker.ports import free_port
from app.decide.folder import load_folder, version_of
from app.ids import PolicyVersion
from app.replay.workers import environment_of
from app.settings import ROOT, KafkaSettings, WorkerSettings
from app.shell.kafka_client import client_options
from app.shell.policy_activation import activate
from app.shell.safe_clock import Cluster
from app.shell.topics_admin import apply_topics
from app.shell.writers import LogWriter
from app.topics import INPUTS, LOGS, Topic
from chaos.crew import Crew
from chaos.diary import Diary
from chaos.producer import Producer
from chaos.proxy import Proxy

_PERHAPS_MARKERS: Final = 64
_POLICY: Final = "policies/default"
_REMARKED: Final = "policy.yaml"
SESSION_MS: Final = 6_000


class Ground:
    """What faults act on and the check looks at. Producer and check reach the broker directly, workers by the proxy."""

    def __init__(self, broker: Broker, proxy: Proxy, settings: WorkerSettings, folder: Path, diary: Diary) -> None:
        self.broker = broker
        self.proxy = proxy
        self.settings = settings
        self.folder = folder
        self.diary = diary
        self.previous = ROOT
        """The folder of the code that the workers begin with; its policy is one that all versions can read."""
        self.kafka = KafkaSettings(bootstrap=broker.bootstrap, security_protocol="PLAINTEXT")
        self.connection = client_options(self.kafka)
        self.crew: Crew
        self.producer: Producer
        self._cluster = Cluster(self.connection, settings.application_id)
        self._dirty: AIOKafkaConsumer | None = None

    def wire_name(self, topic: Topic) -> str:
        """Return a topic's name on the cluster."""
        return self.settings.topic_prefix + topic

    def places(self, topic: Topic) -> list[TopicPartition]:
        """Return a topic's partitions."""
        return [TopicPartition(self.wire_name(topic), number) for number in range(self.settings.partitions)]

    async def open(self, workers_kafka: KafkaSettings, rng: Random, rate: float) -> None:
        """Make the topics, activate the default policy, connect."""
        await apply_topics(self.kafka, self.settings)
        await self.activate()
        await self.connect(workers_kafka, rng, rate)

    async def connect(self, workers_kafka: KafkaSettings, rng: Random, rate: float, first: int = 0) -> None:
        """Connect to topics that are there; `first`: the number of the first customer who is told of."""
        await self._cluster.start()
        self._dirty = AIOKafkaConsumer(**self.connection, enable_auto_commit=False, isolation_level="read_uncommitted")
        await self._dirty.start()
        self.crew = Crew(environment_of(workers_kafka, self.settings), self.folder, self.diary)
        self.produce_anew(rng, rate, first)

    def produce_anew(self, rng: Random, rate: float, first: int) -> None:
        """Let a new producer take the place of one that has had enough."""
        self.producer = Producer(lambda: LogWriter(self.connection, self.wire_name), rng, self.diary, rate, first)

    async def activate(self, remark: str = "") -> PolicyVersion:
        """Activate the default policy, as another version when there is a remark to be put in its first file."""
        files = load_folder(self.previous / _POLICY)
        if remark:
            files[_REMARKED] += f"\n{remark}\n".encode()
        version = version_of(files)
        await activate(self.kafka, self.settings, version, files)
        return version

    async def close(self) -> None:
        """Stop workers and clients."""
        await asyncio.to_thread(self.crew.stop)
        if self._dirty is not None:
            await self._dirty.stop()
        await self.producer.stop()
        # a client that is waiting to ask again lets its own cancelling through
        with suppress(asyncio.CancelledError):
            await self._cluster.stop()

    async def behind(self) -> int:
        """Return how many records of inputs and logs are unworked; ends of transactions do not count."""
        try:
            places = [place for topic in (*INPUTS, *LOGS) for place in self.places(topic)]
            ends = await self._cluster.ends(places)
            committed = await self._cluster.committed()
            unread = {place: committed.get(place, 0) for place, end in ends.items() if end > committed.get(place, 0)}
            left = sum(ends[place] - start for place, start in unread.items())
            if not 0 < left <= _PERHAPS_MARKERS:
                return left
            oldest = await self._cluster.oldest(unread, ends)
            return 0 if all(oldest.get(place, 0) is None for place in unread) else left
        except KafkaError:
            return -1

    async def worked(self) -> Mapping[TopicPartition, int]:
        """Return how far the group has worked each partition, as soon as the cluster can say."""
        while not (committed := await self.committed()):
            await asyncio.sleep(0.1)
        return committed

    async def committed(self) -> Mapping[TopicPartition, int]:
        """Return how far the group has worked each partition; nothing while the cluster cannot say."""
        try:
            return await self._cluster.committed()
        except KafkaError as error:
            if not error.retriable:
                raise
            return {}

    async def written(self, topic: Topic) -> int:
        """Return how far a topic's partitions reach, all together; a transaction's end counts as a record."""
        return sum((await self._cluster.ends(self.places(topic))).values())

    async def standing(self) -> set[TopicPartition]:
        """Return the changelog and output partitions whose readers wait for an open transaction now."""
        assert self._dirty is not None
        topics = (Topic.JOURNEY_CHANGELOG, Topic.DIRECTORY_CHANGELOG, Topic.SUPPRESSIONS, Topic.DECISIONS)
        places = [place for topic in topics for place in self.places(topic)]
        readable = await self._cluster.ends(places)
        written = await self._dirty.end_offsets(places)
        return {place for place in places if written[place] > readable[place]}


@asynccontextmanager
async def ground(
    folder: Path, rng: Random, diary: Diary, *, rate: float, previous: Path | None = None
) -> AsyncIterator[Ground]:
    """Start broker and proxy and open the namespace; all of it is gone in the end.

    `previous`: a folder with the code that workers begin with, else today's.
    """
    inner, outer = free_port(), free_port()
    listeners = {
        "listeners": f"PLAINTEXT://127.0.0.1:{{port}},WORKERS://127.0.0.1:{inner},CONTROLLER://127.0.0.1:{{controller_port}}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{{port}},WORKERS://127.0.0.1:{outer}",
        # the check reads every record, also those that compaction would take meanwhile
        "log.cleaner.enable": "false",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,WORKERS:PLAINTEXT,CONTROLLER:PLAINTEXT",
    }
    token = secrets.token_hex(3)
    settings = WorkerSettings(
        topic_prefix=f"chaos-{token}.",
        application_id=f"chaos-{token}",
        session_timeout_ms=SESSION_MS,
        heartbeat_ms=500,
        schema_registry_url=None,
        state_dir=folder,
    )
    broker = await asyncio.to_thread(lambda: Broker.start(folder / "kafka", also=listeners))
    proxy = Proxy(outer, inner)
    await proxy.start()
    made = Ground(broker, proxy, settings, folder, diary)
    if previous is not None:
        made.previous = previous
    try:
        await made.open(KafkaSettings(bootstrap=f"127.0.0.1:{outer}", security_protocol="PLAINTEXT"), rng, rate)
        try:
            yield made
        finally:
            await made.close()
    finally:
        await proxy.stop()
        await asyncio.to_thread(broker.stop)

"""Worker processes of the counting stage, and what lies in the topics of their namespace."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from msgspec import structs

from app.settings import ROOT, KafkaSettings, WorkerSettings
from app.shell.topics_admin import apply_topics
from app.shell.writers import BulkWriter, new_producer
from app.stage import OutRecord
from app.topics import Topic
from tests.support.counting_stage import decode

PARTITIONS = 4


class Worker:
    """One worker process."""

    def __init__(self, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self.process = process
        self.log = log

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def wait(self, seconds: float = 30) -> int:
        """Return the exit code."""
        return self.process.wait(seconds)

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8")


class CountingCluster:
    """A namespace of its own on the session's broker: topics, workers, and what they wrote."""

    def __init__(self, bootstrap: str, prefix: str, folder: Path) -> None:
        self.bootstrap = bootstrap
        self.prefix = prefix
        self.folder = folder
        self.workers: list[Worker] = []

    def apply_topics(self) -> None:
        settings = WorkerSettings(topic_prefix=self.prefix, application_id=self.prefix, partitions=PARTITIONS)
        asyncio.run(apply_topics(KafkaSettings(bootstrap=self.bootstrap), settings))

    def start(self, *arguments: str, bootstrap: str | None = None, **settings: str) -> Worker:
        """Start a worker that knows the broker by `bootstrap` (ours); settings are those of WorkerSettings."""
        own = {
            "application_id": self.prefix,
            "topic_prefix": self.prefix,
            "session_timeout_ms": "6000",
            "heartbeat_ms": "500",
            "slice_records": "500",
            "partitions": str(PARTITIONS),
            "state_dir": str(self.folder),
            **settings,
        }
        env = {**os.environ, "KAFKA_BOOTSTRAP": bootstrap or self.bootstrap}
        env |= {f"MAKEGOOD_{name.upper()}": value for name, value in own.items()}
        log = self.folder / f"worker-{len(self.workers)}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.counting_worker", *arguments],
                cwd=ROOT,
                env=env,
                stdout=output,
                stderr=output,
            )
        worker = Worker(process, log)
        self.workers.append(worker)
        return worker

    def stop(self) -> None:
        for worker in self.workers:
            if worker.process.poll() is None:
                worker.signal(signal.SIGCONT)
                worker.kill()

    def produce(self, topic: Topic, records: Iterable[OutRecord]) -> None:
        """Write records, whatever their own topic, and return when the broker has them."""
        asyncio.run(self._produce([structs.replace(record, topic=topic) for record in records]))

    async def _produce(self, records: Sequence[OutRecord]) -> None:
        producer: AIOKafkaProducer = new_producer({"bootstrap_servers": self.bootstrap})
        await producer.start()
        try:
            await asyncio.gather(*await BulkWriter(producer, lambda topic: self.prefix + topic).send(records))
        finally:
            await producer.stop()

    def read(self, topic: Topic) -> list[ConsumerRecord]:
        """Return all committed records of a topic, partition by partition."""
        return asyncio.run(self._read(topic))

    async def _read(self, topic: Topic) -> list[ConsumerRecord]:
        partitions = [TopicPartition(self.prefix + topic, number) for number in range(PARTITIONS)]
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self.bootstrap,
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        )
        await consumer.start()
        try:
            consumer.assign(partitions)
            ends = await consumer.end_offsets(partitions)
            records: list[ConsumerRecord] = []
            while any([await consumer.position(tp) < ends[tp] for tp in partitions]):
                for found in (await consumer.getmany(timeout_ms=200)).values():
                    records.extend(found)
            return sorted(records, key=lambda record: (record.partition, record.offset))
        finally:
            await consumer.stop()

    def committed(self, topic: Topic) -> dict[int, int]:
        """Return the group's committed offsets by partition."""
        return asyncio.run(self._committed(topic))

    async def _committed(self, topic: Topic) -> dict[int, int]:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await admin.start()
        try:
            offsets = await admin.list_consumer_group_offsets(self.prefix)
            return {tp.partition: at.offset for tp, at in offsets.items() if tp.topic == self.prefix + topic}
        finally:
            await admin.close()

    def ends(self, topic: Topic) -> dict[int, int]:
        """Return the offset after the last record of each partition."""
        ends: dict[int, int] = {}
        for record in self.read(topic):
            ends[record.partition] = record.offset + 1
        return ends

    def counts(self) -> dict[bytes, int]:
        """Return how many events each customer's state has counted, from the changelog."""
        states: dict[bytes, int] = {}
        for record in self.read(Topic.JOURNEY_CHANGELOG):
            assert record.key is not None
            if record.key.startswith(b"\x00"):
                continue
            assert record.value is not None
            states[record.key] = decode(record.value)[0]
        return states

    def said(self, topic: Topic = Topic.NOTICES) -> list[bytes]:
        """Return the values of an output topic."""
        return [record.value for record in self.read(topic)]


def events(number: int, customers: int = 500, start: int = 0, suffix: str = "") -> list[OutRecord]:
    """Return events `e0`, `e1`, … of so many customers in turn."""
    return [
        OutRecord(Topic.JOURNEY_LOG, b"c%d" % (i % customers), f"e{i}{suffix}".encode())
        for i in range(start, start + number)
    ]


def eventually(condition: Callable[[], bool], what: str, seconds: float = 60) -> None:
    """Wait until the condition holds; fail, saying what was waited for."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, f"not within {seconds} s: {what}"
        time.sleep(0.2)


@contextmanager
def counting_cluster(bootstrap: str, prefix: str, folder: Path) -> Iterator[CountingCluster]:
    """Make the topics, and end all workers afterwards."""
    cluster = CountingCluster(bootstrap, prefix, folder)
    cluster.apply_topics()
    try:
        yield cluster
    finally:
        cluster.stop()

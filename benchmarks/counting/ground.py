"""Where the engines count: one input topic that all of them read, and for each round topics and a group of its own."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from itertools import islice
from pathlib import Path
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError

from app.clock import MINUTE, Instant
from app.settings import KafkaSettings
from app.shell.batching import partition_of
from app.shell.kafka_client import client_options
from app.shell.topics_admin import until
from app.shell.writers import LogWriter
from app.stage import OutRecord
from app.topics import Topic, declarations
from benchmarks.counting.task import Guarantee, Task
from benchmarks.load import make_load

PARTITIONS: Final = 4
_PREFIX: Final = "bench."
_MODEL_EVENTS: Final = 20_000
_MODEL_LIFE: Final = 350 * MINUTE
"""Of six hours: an order's events lie as far apart as the log is long. In a shop they are days apart."""
_CHUNK: Final = 20_000
_CONFIGS: Final = {declared.topic: declared.config() for declared in declarations()}

Decode = Callable[[bytes, bytes], tuple[bytes, int]]
"""A changelog record's key and value to what is counted and how often."""


class Ground:
    """The input topic on a broker, what lies in it, and looks at what contenders have made of it."""

    def __init__(self, kafka: KafkaSettings) -> None:
        self._options = client_options(kafka)
        self._bootstrap = kafka.bootstrap
        self._admin = AIOKafkaAdminClient(**self._options)
        self._input = _PREFIX + Topic.JOURNEY_LOG
        self._changelog = _PREFIX + Topic.JOURNEY_CHANGELOG
        self._keys: list[list[bytes]] = [[] for _ in range(PARTITIONS)]

    @property
    def events(self) -> int:
        """How many events lie in the input."""
        return sum(map(len, self._keys))

    async def open(self, events: int, now: Instant) -> None:
        """Create the input topic and fill it with so many events of the model's orders, in many copies side by side.

        A copy has ids of its own, so that what comes one after another is of different customers, as in a large shop.
        """
        await self._admin.start()
        await self._create(self._input, Topic.JOURNEY_LOG)
        model = make_load(_MODEL_EVENTS, now, life=_MODEL_LIFE).records
        copies = max(1, events // len(model))
        writer = LogWriter(self._options, lambda topic: _PREFIX + topic)
        await writer.start()
        keys = ((record, b"%s-%d" % (record.key, copy)) for record in model for copy in range(copies))
        while some := list(islice(keys, _CHUNK)):
            chunk = []
            for record, key in some:
                partition = partition_of(key, PARTITIONS)
                self._keys[partition].append(key)
                chunk.append(OutRecord(Topic.JOURNEY_LOG, key, record.value, (), partition))
            await asyncio.gather(*await writer.send(chunk))
        await writer.stop()

    async def close(self) -> None:
        """Disconnect; the topics go with the broker."""
        await self._admin.close()

    @asynccontextmanager
    async def round(self, group: str, guarantee: Guarantee, folder: Path) -> AsyncIterator[Task]:
        """Create a changelog; delete it and what the contender made besides when left."""
        await self._create(self._changelog, Topic.JOURNEY_CHANGELOG)
        yield Task(self._bootstrap, self._input, self._changelog, _PREFIX + group, PARTITIONS, guarantee, folder)
        names = {name for name in await self._admin.list_topics() if _PREFIX in name} - {self._input}
        await self._admin.delete_topics(list(names))

        async def is_gone() -> bool:
            return not names & set(await self._admin.list_topics())

        await until(is_gone, "the topics of the last round are still there")

    async def committed(self, task: Task) -> dict[int, int]:
        """Return how far a contender's group has committed, by partition; nothing while it has no coordinator."""
        try:
            offsets = await self._admin.list_consumer_group_offsets(task.group)
        except KafkaError as error:
            if not error.retriable:
                raise
            return {}
        return {tp.partition: at.offset for tp, at in offsets.items() if tp.topic == task.input and at.offset > 0}

    def expected(self, committed: dict[int, int]) -> Counter[bytes]:
        """Return the counts of all events up to these offsets."""
        counts: Counter[bytes] = Counter()
        for partition, offset in committed.items():
            counts.update(self._keys[partition][:offset])
        return counts

    async def counted(self, changelog: str, decode: Decode | None) -> tuple[Counter[bytes], int]:
        """Return the last committed count of each key in a changelog, and how many records it has.

        `decode` None: each record stands for one event.
        """
        partitions = [TopicPartition(changelog, number) for number in range(PARTITIONS)]
        consumer = AIOKafkaConsumer(
            **self._options,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            max_partition_fetch_bytes=4 * 1024 * 1024,
        )
        await consumer.start()
        counts: Counter[bytes] = Counter()
        total = 0
        try:
            consumer.assign(partitions)
            ends = await consumer.end_offsets(partitions)
            while unread := [tp for tp in partitions if await consumer.position(tp) < ends[tp]]:
                for records in (await consumer.getmany(*unread, timeout_ms=500)).values():
                    total += len(records)
                    _take(counts, ((record.key, record.value) for record in records), decode)
        finally:
            await consumer.stop()
        return counts, total

    async def _create(self, name: str, like: Topic) -> None:
        await self._admin.create_topics([NewTopic(name, PARTITIONS, 1, topic_configs=_CONFIGS[like])])

        async def is_led() -> bool:
            described = await self._admin.describe_topics([name])
            found = [partition for topic in described for partition in topic["partitions"]]
            return len(found) == PARTITIONS and all(partition["leader"] >= 0 for partition in found)

        await until(is_led, f"{name} is not there")


def _take(counts: Counter[bytes], records: Iterable[tuple[bytes, bytes]], decode: Decode | None) -> None:
    if decode is None:
        counts.update(key for key, _ in records)
        return
    for key, value in records:
        what, count = decode(key, value)
        counts[what] = count


def differences(expected: Counter[bytes], counted: Counter[bytes]) -> tuple[int, int]:
    """Return how many events were lost and how many were counted more than once."""
    lost = sum((expected - counted).values())
    doubled = sum((counted - expected).values())
    return lost, doubled

"""The Kafka that a replay plays on: topics and a group of its own (decision 0007)."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Final, Self

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from app.clock import Instant
from app.errors import SetupError
from app.settings import KafkaSettings, WorkerSettings
from app.shell.consumer import Consumer
from app.shell.kafka_client import client_options
from app.shell.topics_admin import apply_topics
from app.shell.writers import LogWriter
from app.stage import OutRecord, tick_value
from app.topics import CHANGELOGS, LOGS, OUTPUTS, Topic

_POLL_SECONDS: Final = 0.02
_READ_MS: Final = 200
_STUCK_SECONDS: Final = 300.0
"""Longer than any restart and rebalance; a replay that stands still for so long tells, instead of waiting for ever."""

Ends = Mapping[TopicPartition, int]
"""For each partition the offset after the last record of ours."""


class ReplayCluster:
    """One replay's namespace on a cluster. Use it as an async context manager: the topics are created on entering.

    `watch` is called while waiting: whoever supervises the workers restarts a dead one there, or raises.
    """

    def __init__(self, kafka: KafkaSettings, worker: WorkerSettings, watch: Callable[[], Awaitable[None]]) -> None:
        self._kafka = kafka
        self._settings = worker
        self._watch = watch
        connection = client_options(kafka)
        self._writer = LogWriter(connection, self._wire_name)
        self._reader = Consumer(**connection, **_reading("read_committed"))
        self._registered = Consumer(**connection, **_reading("read_committed"))
        self._ends = Consumer(**connection, **_reading("read_uncommitted"))
        self._admin = AIOKafkaAdminClient(**connection)

    @property
    def partitions(self) -> int:
        """How many partitions the logs have."""
        return self._settings.partitions

    async def __aenter__(self) -> Self:
        try:
            await apply_topics(self._kafka, self._settings)
            await self._writer.start()
            await self._reader.start()
            await self._registered.start()
            await self._ends.start()
            await self._admin.start()
        except SetupError:
            await self.__aexit__()
            raise
        except (KafkaError, OSError) as error:
            await self.__aexit__()
            raise SetupError(f"the cluster at {self._kafka.bootstrap} cannot be played on: {error}") from error
        _from_the_beginning(self._reader, self._partitions(OUTPUTS))
        _from_the_beginning(self._registered, self._partitions([Topic.REGISTER_LOG]))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._writer.stop()
        await self._reader.stop()
        await self._registered.stop()
        await self._ends.stop()
        await self._admin.close()

    async def publish(self, records: Sequence[OutRecord]) -> Ends:
        """Write records, in order; return where each partition that got some ends."""
        await asyncio.gather(*await self._writer.send(records))
        return await self._ends_of({record.topic for record in records})

    async def tick(self, log: Topic, at: Instant) -> Ends:
        """Write a tick to every partition of a log; return where each ends with it."""
        value = tick_value(at)
        ticks = [OutRecord(log, None, value, (), partition) for partition in range(self._settings.partitions)]
        written = await asyncio.gather(*await self._writer.send(ticks))
        return {TopicPartition(meta.topic, meta.partition): meta.offset + 1 for meta in written}

    async def passed(self, ends: Ends) -> None:
        """Wait until the workers have committed everything before these ends."""
        missing = {partition: end for partition, end in ends.items() if end > 0}
        since, best = time.monotonic(), -1
        while True:
            committed = await self._committed()
            missing = {partition: end for partition, end in missing.items() if committed.get(partition, -1) < end}
            if not missing:
                return
            done = sum(max(0, offset) for offset in committed.values())
            since, best = (time.monotonic(), done) if done > best else (since, best)
            if time.monotonic() - since > _STUCK_SECONDS:
                raise SetupError(_stuck(missing))
            await self._watch()
            await asyncio.sleep(_POLL_SECONDS)

    async def grown(self, ends: Ends) -> bool:
        """Return whether anything was written to the partitions after these ends."""
        now = await self._ends.end_offsets(list(ends))
        return any(now[partition] > end for partition, end in ends.items())

    async def registered(self) -> list[OutRecord]:
        """Return the committed records of the register's log since the last call."""
        return await self._read(self._registered, self._partitions([Topic.REGISTER_LOG]))

    async def outputs(self) -> list[OutRecord]:
        """Return the committed outputs since the last call, each partition's in order."""
        return await self._read(self._reader, self._partitions(OUTPUTS))

    async def states(self, changelog: Topic) -> dict[bytes, bytes]:
        """Return what a stage's changelog comes to now: every key's newest state."""
        partitions = self._partitions([changelog])
        reader = Consumer(**client_options(self._kafka), **_reading("read_committed"))
        await reader.start()
        try:
            _from_the_beginning(reader, partitions)
            newest = {record.key: record.value for record in await self._read(reader, partitions)}
        finally:
            await reader.stop()
        return {key: value for key, value in newest.items() if key is not None and value is not None}

    async def _read(self, reader: Consumer, partitions: Sequence[TopicPartition]) -> list[OutRecord]:
        """Read up to where the partitions end now; by position, because markers of transactions stand there too."""
        ends = await self._ends.end_offsets(list(partitions))
        found: list[OutRecord] = []
        behind = list(partitions)
        since = time.monotonic()
        while behind := [partition for partition in behind if await reader.position(partition) < ends[partition]]:
            for partition, records in (await reader.getmany(*behind, timeout_ms=_READ_MS)).items():
                topic = self._logical(partition.topic)
                found.extend(OutRecord(topic, record.key, record.value, record.headers) for record in records)
                since = time.monotonic()
            if time.monotonic() - since > _STUCK_SECONDS:
                raise SetupError(_stuck(dict.fromkeys(behind, 0)))
            await self._watch()
        return found

    async def _committed(self) -> Ends:
        """Return what the group has committed; nothing while the cluster is still finding its coordinator."""
        try:
            offsets = await self._admin.list_consumer_group_offsets(self._settings.application_id)
        except KafkaError as error:
            if not error.retriable:
                raise
            return {}
        return {partition: offset.offset for partition, offset in offsets.items()}

    async def _ends_of(self, topics: Iterable[Topic]) -> Ends:
        ends: Ends = await self._ends.end_offsets(self._partitions(topics))
        return ends

    def _partitions(self, topics: Iterable[Topic]) -> list[TopicPartition]:
        settings = self._settings
        return [
            TopicPartition(self._wire_name(topic), partition)
            for topic in topics
            for partition in range(settings.partitions if topic in LOGS + CHANGELOGS else settings.input_partitions)
        ]

    def _wire_name(self, topic: Topic) -> str:
        return self._settings.topic_prefix + topic

    def _logical(self, name: str) -> Topic:
        return Topic(name.removeprefix(self._settings.topic_prefix))


def _reading(isolation: str) -> dict[str, Any]:
    return {
        "enable_auto_commit": False,
        "auto_offset_reset": "earliest",
        "isolation_level": isolation,
        "fetch_max_wait_ms": _READ_MS,
    }


def _from_the_beginning(reader: Consumer, partitions: Sequence[TopicPartition]) -> None:
    reader.assign(list(partitions))
    for partition in partitions:
        reader.seek(partition, 0)


def _stuck(missing: Ends) -> str:
    where = ", ".join(f"{partition.topic}/{partition.partition}" for partition in sorted(missing))
    return f"the workers have not moved for {_STUCK_SECONDS:.0f} s; they still have to pass on {where}"

"""Reading a topic from its beginning to where it ends now, or some places of it: committed records alone."""

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from typing import Final

from aiokafka import ConsumerRecord, TopicPartition

from app.clock import Instant
from app.errors import SetupError
from app.settings import KafkaSettings, WorkerSettings
from app.shell.batching import partition_of
from app.shell.consumer import Consumer
from app.shell.kafka_client import client_options
from app.shell.topics_admin import partition_counts
from app.stage import LogRecord
from app.topics import Topic

_POLL_MS: Final = 500


async def read_topic(
    kafka: KafkaSettings, worker: WorkerSettings, topic: Topic, *, key: bytes | None = None
) -> AsyncIterator[LogRecord]:
    """Yield the committed records of a topic up to its end at the start, each partition in its order.

    With `key` only the partition of that key is read, which holds other keys too. SetupError when the topic is not
    there.
    """
    name = worker.topic_prefix + topic
    partitions = await _partitions(kafka, worker, name)
    wanted = range(partitions) if key is None else [partition_of(key, partitions)]
    places = [TopicPartition(name, partition) for partition in wanted]
    async with _reader(kafka) as consumer:
        consumer.assign(places)
        ends = await consumer.end_offsets(places)
        await consumer.seek_to_beginning(*places)
        async for record in _up_to(consumer, ends):
            yield _log_record(topic, record)


async def read_places(
    kafka: KafkaSettings, worker: WorkerSettings, topic: Topic, places: Collection[tuple[int, int]]
) -> AsyncIterator[LogRecord]:
    """Yield the committed records at these places (partition, offset), as far as the topic still holds them."""
    name = worker.topic_prefix + topic
    partitions = await _partitions(kafka, worker, name)
    wanted = {(partition, offset) for partition, offset in places if partition < partitions}
    span = {TopicPartition(name, number): sorted(at for where, at in wanted if where == number) for number, _ in wanted}
    async with _reader(kafka) as consumer:
        consumer.assign(list(span))
        begins = await consumer.beginning_offsets(list(span))
        ends = await consumer.end_offsets(list(span))
        for place, offsets in span.items():
            consumer.seek(place, min(max(offsets[0], begins[place]), ends[place]))
        last = {place: min(ends[place], offsets[-1] + 1) for place, offsets in span.items()}
        async for record in _up_to(consumer, last):
            if (record.partition, record.offset) in wanted:
                yield _log_record(topic, record)


@asynccontextmanager
async def _reader(kafka: KafkaSettings) -> AsyncIterator[Consumer]:
    consumer = Consumer(
        **client_options(kafka),
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        fetch_max_wait_ms=_POLL_MS // 5,
    )
    await consumer.start()
    try:
        yield consumer
    finally:
        await consumer.stop()


def _log_record(topic: Topic, record: ConsumerRecord) -> LogRecord:
    at = Instant(record.timestamp)
    return LogRecord(record.key, record.value, at, topic, record.partition, record.offset, record.headers)


async def _partitions(kafka: KafkaSettings, worker: WorkerSettings, name: str) -> int:
    live = (await partition_counts(kafka, worker)).get(name)
    if live is None:
        raise SetupError(
            f"no topic {name} on the cluster at {kafka.bootstrap}: create the topics with `makegood topics apply`, "
            "let us read them with `makegood topics acls`, or set MAKEGOOD_TOPIC_PREFIX to the namespace you mean"
        )
    return live


async def _up_to(consumer: Consumer, ends: Mapping[TopicPartition, int]) -> AsyncIterator[ConsumerRecord]:
    pending = set(ends)
    while pending:
        # by position, not by record: the last offsets may be markers of transactions
        pending = {place for place in pending if await consumer.position(place) < ends[place]}
        if not pending:
            return
        for place, records in (await consumer.getmany(*pending, timeout_ms=_POLL_MS)).items():
            for record in records:
                if record.offset < ends[place]:
                    yield record

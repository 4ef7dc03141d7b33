"""Reading a topic from its beginning to where it ends now, as a consumer of committed records sees it."""

from collections.abc import AsyncIterator
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition

from app.clock import Instant
from app.errors import SetupError
from app.settings import KafkaSettings, WorkerSettings
from app.shell.kafka_client import client_options
from app.shell.topics_admin import partition_counts
from app.shell.writers import partition_of
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
    consumer = AIOKafkaConsumer(
        **client_options(kafka),
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        fetch_max_wait_ms=_POLL_MS // 5,
    )
    await consumer.start()
    try:
        async for record in _to_the_end(consumer, [TopicPartition(name, partition) for partition in wanted]):
            yield LogRecord(
                record.key,
                record.value,
                Instant(record.timestamp),
                topic,
                record.partition,
                record.offset,
                record.headers,
            )
    finally:
        await consumer.stop()


async def _partitions(kafka: KafkaSettings, worker: WorkerSettings, name: str) -> int:
    live = (await partition_counts(kafka, worker)).get(name)
    if live is None:
        raise SetupError(
            f"no topic {name} on the cluster at {kafka.bootstrap}: create the topics with `makegood topics apply`, "
            "let us read them with `makegood topics acls`, or set MAKEGOOD_TOPIC_PREFIX to the namespace you mean"
        )
    return live


async def _to_the_end(consumer: AIOKafkaConsumer, places: list[TopicPartition]) -> AsyncIterator[LogRecord]:
    consumer.assign(places)
    ends = await consumer.end_offsets(places)
    await consumer.seek_to_beginning(*places)
    pending = set(places)
    while pending:
        # by position, not by record: the last offsets may be markers of transactions
        pending = {place for place in pending if await consumer.position(place) < ends[place]}
        if not pending:
            return
        for place, records in (await consumer.getmany(*pending, timeout_ms=_POLL_MS)).items():
            for record in records:
                if record.offset < ends[place]:
                    yield record

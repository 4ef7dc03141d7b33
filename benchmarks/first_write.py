"""When a contender wrote its first fact, by the broker's clock."""

import asyncio
from collections.abc import Sequence

from aiokafka import AIOKafkaConsumer, TopicPartition

from app.shell.kafka_client import client_options
from app.topics import Topic
from benchmarks.place import Contender, Place


async def first_write(place: Place, contender: Contender, logs: Sequence[Topic]) -> int:
    """Wait for the first record with a key on any of the logs; return its time in ms (policies have no key)."""
    consumer = AIOKafkaConsumer(
        **client_options(place.kafka), enable_auto_commit=False, auto_offset_reset="earliest", fetch_max_wait_ms=50
    )
    await consumer.start()
    try:
        partitions = place.partitions(logs)
        consumer.assign(partitions)
        while True:
            contender.require_alive()
            found = [await _first(consumer, tp) for tp in partitions]
            times = [at for at in found if at is not None]
            if times:
                return min(times)
            await asyncio.sleep(0.05)
    finally:
        await consumer.stop()


async def _first(consumer: AIOKafkaConsumer, partition: TopicPartition) -> int | None:
    await consumer.seek_to_beginning(partition)
    batch = await consumer.getmany(partition, timeout_ms=100, max_records=20)
    times = [record.timestamp for record in batch.get(partition, ()) if record.key is not None]
    return min(times, default=None)

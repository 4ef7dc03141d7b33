"""Following our own outputs as they are committed, from now on."""

from collections.abc import AsyncGenerator
from typing import Final

from aiokafka import TopicPartition

from app.emit.records import Emit
from app.outputs import Output
from app.settings import KafkaSettings, WorkerSettings
from app.shell.consumer import Consumer
from app.shell.kafka_client import client_options
from app.shell.output_reader import codec_of
from app.topics import OUTPUTS, Topic

_POLL_MS: Final = 200


async def follow_outputs(kafka: KafkaSettings, worker: WorkerSettings) -> AsyncGenerator[Output | None]:
    """Yield each output committed after the call, and None whenever there is nothing new for a moment."""
    emit = Emit(codec_of(worker))
    consumer = Consumer(
        **client_options(kafka), enable_auto_commit=False, isolation_level="read_committed", fetch_max_wait_ms=_POLL_MS
    )
    await consumer.start()
    try:
        places = [TopicPartition(worker.topic_prefix + topic, n) for topic in OUTPUTS for n in range(_parts(worker))]
        consumer.assign(places)
        await consumer.seek_to_end(*places)
        while True:
            fetched = await consumer.getmany(timeout_ms=_POLL_MS)
            for place, records in fetched.items():
                topic = Topic(place.topic.removeprefix(worker.topic_prefix))
                for record in records:
                    yield emit.decode(topic, record.value)
            if not fetched:
                yield None
    finally:
        await consumer.stop()


def _parts(worker: WorkerSettings) -> int:
    return worker.input_partitions

"""Our own outputs, read back from the cluster for whoever asks about them."""

from collections.abc import AsyncIterator

from app.emit.records import Emit
from app.outputs import Output
from app.settings import KafkaSettings, WorkerSettings
from app.shell.kafka_client import wait_for_broker
from app.shell.registry import RegistryClient
from app.shell.topic_reader import read_topic
from app.topics import Topic
from app.wire.catalog import load
from app.wire.codec import Codec

_PATIENCE_SECONDS = 30.0


def codec_of(worker: WorkerSettings) -> Codec:
    """Return the codec of these settings: their schemas, and their registry if one is set."""
    url = worker.schema_registry_url
    return Codec(load(worker.schema_dir), None if url is None else RegistryClient(url, worker.topic_prefix))


async def read_outputs(
    kafka: KafkaSettings, worker: WorkerSettings, topic: Topic, *, key: bytes | None = None
) -> AsyncIterator[Output]:
    """Yield the outputs that are on a topic now, those of one key if it is given; tombstones are left out.

    Waits for a broker, not for ever; SetupError when there is none or the topic is missing.
    """
    await wait_for_broker(kafka, limit=_PATIENCE_SECONDS)
    emit = Emit(codec_of(worker))
    async for record in read_topic(kafka, worker, topic, key=key):
        if key is None or record.key == key:
            output = emit.decode(topic, record.value)
            if output is not None:
                yield output

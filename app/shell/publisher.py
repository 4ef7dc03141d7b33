"""One-off writing: a person's own event, a policy's activation."""

import asyncio
from collections.abc import Sequence
from typing import Final, NamedTuple

from app.settings import KafkaSettings, WorkerSettings
from app.shell.kafka_client import client_options, wait_for_broker
from app.shell.writers import LogWriter
from app.stage import OutRecord
from app.topics import Topic

_PATIENCE_SECONDS: Final = 30.0


class Written(NamedTuple):
    """Where a record stands now."""

    topic: str
    partition: int
    first_offset: int


async def write(kafka: KafkaSettings, worker: WorkerSettings, records: Sequence[OutRecord]) -> list[Written]:
    """Write records and wait until the cluster has them; one answer per batch.

    Waits for a broker, not for ever; SetupError when there is none.
    """
    await wait_for_broker(kafka, limit=_PATIENCE_SECONDS)

    def wire_name(topic: Topic) -> str:
        return worker.topic_prefix + topic

    writer = LogWriter({"client_id": worker.application_id, **client_options(kafka)}, wire_name)
    await writer.start()
    try:
        done = await asyncio.gather(*await writer.send(records))
    finally:
        await writer.stop()
    return [Written(batch.topic, batch.partition, batch.offset) for batch in done]

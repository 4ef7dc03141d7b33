"""Activating a policy: one record in every partition of the logs that decide, so that all go by it from there on."""

import time

from app.clock import Instant
from app.ids import PolicyVersion
from app.journey.activation import activation
from app.settings import KafkaSettings, WorkerSettings
from app.shell.publisher import Written, write
from app.topics import Topic


async def activate(
    kafka: KafkaSettings, worker: WorkerSettings, version: PolicyVersion, files: dict[str, bytes]
) -> list[Written]:
    """Write the activation to every partition of journey and register log; doing it twice changes nothing."""
    now = Instant(time.time_ns() // 1_000_000)
    logs = (Topic.JOURNEY_LOG, Topic.REGISTER_LOG)
    records = [activation(version, files, now, part, log) for log in logs for part in range(worker.partitions)]
    return await write(kafka, worker, records)

"""Activating a policy: one record in every partition of the journey log, so that all decide by it from there on."""

import time

from app.clock import Instant
from app.ids import PolicyVersion
from app.journey.activation import activation
from app.settings import KafkaSettings, WorkerSettings
from app.shell.publisher import Written, write


async def activate(
    kafka: KafkaSettings, worker: WorkerSettings, version: PolicyVersion, files: dict[str, bytes]
) -> list[Written]:
    """Write the activation to every partition of the journey log; doing it twice changes nothing."""
    now = Instant(time.time_ns() // 1_000_000)
    records = [activation(version, files, now, partition) for partition in range(worker.partitions)]
    return await write(kafka, worker, records)

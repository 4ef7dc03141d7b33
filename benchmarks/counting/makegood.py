"""Makegood as an engine alone: the worker as it is, with a stage that counts where the journey would be.

Batch path, one transaction per partition and round (changelog and offsets in it), metrics and fencing: all as in
production. Slices and fetches are larger than the worker's defaults, which are made for short delays.
"""

import struct
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from operator import attrgetter
from pathlib import Path
from typing import Final

from app import logs
from app.broker.ports import free_port
from app.clock import Instant
from app.emit.records import Emit
from app.settings import KafkaSettings, WorkerSettings
from app.shell.safe_clock import wall_clock
from app.shell.telemetry import PrometheusTelemetry
from app.shell.worker import run_worker
from app.stage import Effects, LogRecord, OutRecord, Round
from app.topics import Topic
from app.wire.codec import bundled_codec
from benchmarks.counting.task import Task

_COUNT: Final = struct.Struct(">q")
_KEY: Final = attrgetter("key")
SLICE_RECORDS: Final = 60_000
FETCH_BYTES: Final = 8 * 1024 * 1024


class CountingStage:
    """Counts the events of each key; waits for nothing, says nothing."""

    name = "count"
    log = Topic.JOURNEY_LOG
    changelog = Topic.JOURNEY_CHANGELOG

    def work(self, round_: Round, table: Mapping[bytes, bytes]) -> Effects:
        """Add what a round holds of each key to what the table says."""
        changes: dict[bytes, bytes | None] = {}
        before_of, pack, unpack = table.get, _COUNT.pack, _COUNT.unpack
        for key, more in Counter(map(_KEY, round_.records)).items():
            before = before_of(key)
            changes[key] = pack(more if before is None else unpack(before)[0] + more)
        return Effects((), changes, dict.fromkeys(changes))

    def next_due(self, value: bytes) -> Instant | None:  # noqa: ARG002 - the contract's signature
        """Return None: a count waits for nothing."""
        return None


class NoIntake:
    """No input topic is read: what is counted lies in the log."""

    def admit(self, record: LogRecord) -> Sequence[OutRecord]:
        """Refuse; nothing calls it."""
        raise NotImplementedError(f"{record.topic} is not read here")


def main() -> int:
    """Count until SIGTERM."""
    task = Task.from_environment()
    settings = WorkerSettings(
        application_id=task.group,
        topic_prefix=task.input.removesuffix(CountingStage.log),
        partitions=task.partitions,
        slice_records=SLICE_RECORDS,
        fetch_bytes=FETCH_BYTES,
        state_dir=Path(task.folder),
        web_port=free_port(),
    )
    kafka = KafkaSettings(bootstrap=task.bootstrap, security_protocol="PLAINTEXT")
    logs.configure("console", "WARNING")
    telemetry = PrometheusTelemetry(
        Emit(bundled_codec()).decode,
        now=lambda: Instant(wall_clock()),
        monotonic=time.monotonic,
        data_clock=False,
    )
    return run_worker(settings, kafka, NoIntake(), [CountingStage()], inputs=(), telemetry=telemetry)


if __name__ == "__main__":
    sys.exit(main())

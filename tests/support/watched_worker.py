"""A worker process of intake and directory, with its metrics and its web: `python -m tests.support.watched_worker`."""

import sys
from time import monotonic

from app import logs
from app.directory import Directory
from app.emit.records import Emit
from app.intake.stage import Intake
from app.settings import KafkaSettings, WorkerSettings
from app.shell.safe_clock import wall_clock
from app.shell.telemetry import PrometheusTelemetry
from app.shell.worker import run_worker
from app.shell.worker_web import WorkerWeb
from app.topics import Topic
from app.wire.codec import bundled_codec
from app.wire.dead_letters import DeadLetters


def main() -> int:
    settings, codec = WorkerSettings(), bundled_codec()
    logs.configure("console", settings.log_level)
    telemetry = PrometheusTelemetry(Emit(codec).decode, now=wall_clock, monotonic=monotonic)
    return run_worker(
        settings,
        KafkaSettings(),
        Intake(codec),
        [Directory(DeadLetters(codec).record)],
        inputs=(Topic.ORDERS, Topic.TRACKING_SCANS),
        telemetry=telemetry,
        companions=[WorkerWeb(telemetry, settings.web_host, settings.web_port)],
    )


if __name__ == "__main__":
    sys.exit(main())

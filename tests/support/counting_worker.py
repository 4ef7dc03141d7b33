"""A worker process for tests of the shell: `python -m tests.support.counting_worker [journey|both]`."""

import sys

from app import logs
from app.settings import KafkaSettings, WorkerSettings
from app.shell.worker import run_worker
from app.topics import Topic
from tests.support.counting_stage import CountingIntake, CountingStage, ForwardingStage


def main() -> int:
    settings = WorkerSettings()
    logs.configure("console", settings.log_level)
    if sys.argv[1:] == ["both"]:
        stages = [ForwardingStage(), CountingStage()]
        intake = CountingIntake(Topic.DIRECTORY)
    else:
        stages, intake = [CountingStage()], CountingIntake()
    return run_worker(settings, KafkaSettings(), intake, stages, inputs=(Topic.ORDERS,))


if __name__ == "__main__":
    sys.exit(main())

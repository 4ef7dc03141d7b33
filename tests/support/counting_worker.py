"""A worker process for tests of the shell: `python -m tests.support.counting_worker [both|unreadable]`.

`unreadable`: what is fetched together with the word itself cannot be read by the client, as if its parser had a bug.
"""

import sys

from aiokafka.consumer import fetcher  # noqa: TID251 - what we put in place of its parser is replaced

from app import logs
from app.settings import KafkaSettings, WorkerSettings
from app.shell.record_batches import Batches
from app.shell.worker import run_worker
from app.topics import Topic
from tests.support.counting_stage import CountingIntake, CountingStage, ForwardingStage


def _tripping(data: bytes) -> Batches:
    if b"unreadable" in data:
        raise ValueError("a batch that the parser trips over")
    return Batches(data)


def main() -> int:
    settings = WorkerSettings()
    logs.configure("console", settings.log_level)
    if sys.argv[1:] == ["unreadable"]:
        fetcher.MemoryRecords = _tripping
    if sys.argv[1:] == ["both"]:
        stages = [ForwardingStage(), CountingStage()]
        intake = CountingIntake(Topic.DIRECTORY)
    else:
        stages, intake = [CountingStage()], CountingIntake()
    return run_worker(settings, KafkaSettings(), intake, stages, inputs=(Topic.ORDERS,))


if __name__ == "__main__":
    sys.exit(main())

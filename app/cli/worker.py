"""`makegood worker`: one worker of the live system."""

import os

import click

from app.main import worker
from app.settings import KafkaSettings, WorkerSettings


@click.command("worker")
def command() -> None:
    """Work until told to stop: read inputs, keep journeys, say what follows.

    Start as many as there are partitions, at most; they share the work. Before the first: `makegood topics apply` and
    `makegood policy activate`. It waits for its broker, visibly. SIGTERM finishes the batch in flight; exit code 0
    after a stop, 1 after a failure (nothing of what failed is acknowledged).

    \b
    Example:
      KAFKA_BOOTSTRAP=broker:9092 makegood worker
    """
    settings = WorkerSettings()
    _give_way(settings.nice)
    raise SystemExit(worker(settings, KafkaSettings()))


def _give_way(nice: int) -> None:
    """Take our place behind others on this machine, before there are threads; never before where we were started."""
    os.setpriority(os.PRIO_PROCESS, 0, max(nice, os.getpriority(os.PRIO_PROCESS, 0)))

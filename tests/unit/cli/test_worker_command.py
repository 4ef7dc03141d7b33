"""`makegood worker` and its place among other processes of its machine."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from app.broker.ports import free_port
from app.cli.demo import _beside_the_gate
from app.settings import ROOT, WorkerSettings


@contextmanager
def _waiting_worker(folder: Path, nice: int, started_at: int = 0) -> Iterator[int]:
    """A worker that waits for its broker; gives its process id."""
    environment = {
        **os.environ,
        "KAFKA_BOOTSTRAP": f"127.0.0.1:{free_port()}",
        "MAKEGOOD_NICE": str(nice),
        "MAKEGOOD_STATE_DIR": str(folder),
        "MAKEGOOD_WEB_PORT": "0",
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
    }
    worker = subprocess.Popen(
        [sys.executable, "-m", "app", "worker"],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        preexec_fn=partial(os.setpriority, os.PRIO_PROCESS, 0, max(started_at, _ours())),  # noqa: PLW1509 - one call
    )
    try:
        assert worker.stdout is not None
        assert worker.stdout.readline(), "it said nothing"
        yield worker.pid
    finally:
        worker.kill()
        worker.communicate()


def _ours() -> int:
    return os.getpriority(os.PRIO_PROCESS, 0)


def test_a_worker_gives_way_as_far_as_is_set(tmp_path: Path) -> None:
    with _waiting_worker(tmp_path, nice=19) as pid:
        assert os.getpriority(os.PRIO_PROCESS, pid) == 19


def test_a_worker_never_goes_before_where_it_was_started(tmp_path: Path) -> None:
    with _waiting_worker(tmp_path, nice=3, started_at=19) as pid:
        assert os.getpriority(os.PRIO_PROCESS, pid) == 19


def test_unless_it_is_set_a_worker_gives_way_only_where_the_gate_shares_its_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("MAKEGOOD_NICE", raising=False)
    alone = WorkerSettings(_env_file=None)
    assert alone.nice == 0
    assert _beside_the_gate(alone).nice > 0
    monkeypatch.setenv("MAKEGOOD_NICE", "0")
    assert _beside_the_gate(WorkerSettings(_env_file=None)).nice == 0

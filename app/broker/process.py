"""Starting and ending a process (the broker, a replay's worker) so that none is ever left behind."""

import contextlib
import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Final

_PR_SET_PDEATHSIG: Final = 1
_LIBC: Final = ctypes.CDLL(None, use_errno=True)
_POLL_SECONDS: Final = 0.05
_STARTER: Final = ThreadPoolExecutor(max_workers=1, thread_name_prefix="makegood-broker-starter")
"""Linux sends the death signal when the starting *thread* ends: this one lives as long as the process."""


def spawn(
    command: Sequence[str],
    output: Path,
    *,
    outlive_us: bool,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    holds: tuple[int, ...] = (),
) -> "subprocess.Popen[bytes]":
    """Start a process in a session of its own, its output appended to a file.

    A session of its own keeps the terminal's Ctrl-C from it: we end it, after those that use it. Unless it is to
    `outlive_us`, the kernel kills it when we die, however we die. `environment` and working `folder` None: ours.
    `holds`: file descriptors of ours that it keeps open too.
    """
    tie = None if outlive_us else partial(_die_with, os.getpid())

    def popen() -> "subprocess.Popen[bytes]":
        with output.open("ab") as out:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=holds,
                env=environment,
                cwd=folder,
                preexec_fn=tie,  # noqa: PLW1509 - it makes two system calls and takes no lock
            )

    return _STARTER.submit(popen).result()


def _die_with(parent: int) -> None:
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it died before we could ask for the signal
        os._exit(1)


def is_running(pid: int) -> bool:
    """Return whether a process of this id runs; one that has ended but was not waited for does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state.rpartition(")")[2].split()[0] not in {"Z", "X"}


def end(pid: int, patience: float) -> bool:
    """Ask a process to stop (SIGTERM) and kill it when it has not within `patience` seconds.

    Returns whether it stopped by itself.
    """
    _signal(pid, signal.SIGTERM)
    if _gone_within(pid, patience):
        return True
    kill(pid)
    return False


def kill(pid: int) -> None:
    """Kill a process (SIGKILL) and wait until it is gone."""
    _signal(pid, signal.SIGKILL)
    _gone_within(pid, 10.0)


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):  # it has ended meanwhile, as wanted
        os.kill(pid, number)


def _gone_within(pid: int, seconds: float) -> bool:
    until = time.monotonic() + seconds
    while is_running(pid):
        if time.monotonic() > until:
            return False
        time.sleep(_POLL_SECONDS)
    return True

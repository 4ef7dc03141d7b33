"""From a clean clone to the first decision, and what it takes in memory."""

import os
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from app.errors import SetupError
from app.settings import ROOT
from benchmarks.machine import resident_mib
from benchmarks.report import Result, Table

_MARKS: Final = {
    "set up": re.compile(r"starting Kafka|using the broker"),
    "broker and worker up": re.compile(r"Kafka serves on"),
    "first decision told": re.compile(r"^\w{3} \d\d \w{3} \d\d:\d\d  "),
    "all stories told": re.compile(r"Everything is up"),
}
_LAST: Final = "all stories told"
_PATIENCE: Final = 900.0
_STOP_SECONDS: Final = 60.0
_KINDS: Final = {
    "broker": "kafka.Kafka",
    "worker": "app worker",
    "pages": "app web",
    "the demo itself": "makegood demo",
}


class Run(NamedTuple):
    """Seconds from the command to each mark, and MiB of each process once all is up."""

    seconds: dict[str, float]
    memory: dict[str, float]


def measure(scale: float) -> Result:
    """Run `make run` in a clone without anything set up, then once more with everything there."""
    del scale
    with tempfile.TemporaryDirectory(prefix="makegood-bench-") as folder:
        clone = Path(folder) / "makegood"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        first, again = _run(clone), _run(clone)
    table = Table("Seconds from `make run` to …", ("", "in a clean clone", "once more"))
    for mark in _MARKS:
        table.add(mark, f"{first.seconds[mark]:.1f}", f"{again.seconds[mark]:.1f}")
    memory = Table("Resident memory when all is up", ("process", "MiB"))
    for name, mib in again.memory.items():
        memory.add(name, f"{mib:.0f}")
    memory.add("all", f"{sum(again.memory.values()):.0f}")
    told = "A clean clone fetches its packages and jars first: that part is the network's and the packager's caches'."
    return Result("start", [table, memory], [told], {"first": first._asdict(), "again": again._asdict()})


def _run(clone: Path) -> Run:
    began = time.monotonic()
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("KAFKA_", "MAKEGOOD_"))}
    child = subprocess.Popen(
        ["make", "run"],
        cwd=clone,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        seconds = _until_told(child, began)
        return Run(seconds, dict(_memory(child.pid)))
    finally:
        os.killpg(child.pid, signal.SIGINT)
        child.communicate(timeout=_STOP_SECONDS)


def _until_told(child: "subprocess.Popen[str]", began: float) -> dict[str, float]:
    seconds: dict[str, float] = {}
    said: list[str] = []
    assert child.stdout is not None
    for line in child.stdout:
        said.append(line)
        now = time.monotonic() - began
        for mark, pattern in _MARKS.items():
            if mark not in seconds and pattern.search(line):
                seconds[mark] = now
        if _LAST in seconds:
            return seconds
        if now > _PATIENCE:
            break
    raise SetupError("`make run` did not get to its end: " + "".join(said[-5:]))


def _memory(root: int) -> Iterator[tuple[str, float]]:
    """Yield each process's memory by its kind, workers numbered."""
    counts: dict[str, int] = {}
    for pid in _descendants(root):
        words = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        kind = next((name for name, mark in _KINDS.items() if mark in words), None)
        if kind is not None:
            counts[kind] = counts.get(kind, 0) + 1
            yield f"{kind} {counts[kind]}" if counts[kind] > 1 else kind, resident_mib(pid)


def _descendants(root: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        children.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found = [root]
    for pid in found:
        found.extend(children.get(pid, ()))
    return found

"""What a run ran on, and who used the processor while it did."""

import os
import platform
import subprocess
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

from app.settings import ROOT

_PACKAGES: Final = ("faust-streaming", "aiokafka", "fastavro", "msgspec", "zen-engine", "uvloop")
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_IDLE_COLUMNS: Final = (3, 4)
"""Of /proc/stat's first line: idle and waiting for the disk."""
_STOLEN: Final = 7
"""Of the same line: taken by the machine under this one."""
_GUEST: Final = 8
"""From here on the same line counts again what it has counted before."""


def description() -> dict[str, Any]:
    """Return machine, versions, date, commit and load, as they go with every result."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": _output("git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"),
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "java": _java(),
        "kafka": _kafka(),
        "packages": {name: version(name) for name in _PACKAGES},
        "niceness": os.nice(0),
        "load_average": [round(load, 2) for load in os.getloadavg()],
    }


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _java() -> str:
    result = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False)
    return result.stderr.splitlines()[0] if result.stderr else "none"


def _kafka() -> str:
    jars = sorted((ROOT / "deploy" / "kafka" / "target" / "jars").glob("kafka_2.13-*.jar"))
    return jars[0].stem if jars else "unknown"


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


class Usage(NamedTuple):
    """Processor seconds up to some moment: of each process watched, of everything, and taken by the machine below."""

    moment: float
    processes: tuple[float, ...]
    all_busy: float
    stolen: float

    @classmethod
    def now(cls, *pids: int) -> Self:
        """Read it now."""
        busy, stolen = _whole_machine()
        return cls(time.monotonic(), tuple(cpu_seconds(pid) for pid in pids), busy, stolen)


class Spent(NamedTuple):
    """Between two usages: seconds on the clock, processor seconds per process, cores that others used or took away."""

    seconds: float
    processes: tuple[float, ...]
    other_cores: float


def spent(before: Usage, after: Usage, *ours: float) -> Spent:
    """Return what happened in between; `ours`: processor seconds of helpers of ours that are not watched."""
    seconds = after.moment - before.moment
    each = tuple(late - early for early, late in zip(before.processes, after.processes, strict=True))
    others = after.all_busy - before.all_busy - sum(each) - sum(ours) + after.stolen - before.stolen
    return Spent(seconds, each, max(0.0, others) / seconds)


def cpu_seconds(pid: int) -> float:
    """Return the processor seconds that a process has used, its threads included."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def resident_mib(pid: int) -> float:
    """Return a process's resident memory in MiB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def resident_bytes() -> int:
    """Return our own resident memory."""
    return int(resident_mib(os.getpid()) * 2**20)


def _whole_machine() -> tuple[float, float]:
    columns = [int(part) for part in Path("/proc/stat").read_text(encoding="ascii").splitlines()[0].split()[1:]]
    idle = sum(columns[place] for place in _IDLE_COLUMNS)
    stolen = columns[_STOLEN]
    return (sum(columns[:_GUEST]) - idle - stolen) / _TICKS, stolen / _TICKS

"""Replays for tests: the command as a user calls it, and what its folder holds."""

import os
import subprocess
import sys
from pathlib import Path

_SECONDS = 900


def replay(source: str, out: Path, *more: str | Path, kafka: str | None = None) -> Path:
    """Run `makegood replay`, offline or on the Kafka given; return its folder. Its failure fails the test."""
    where = ["--offline"] if kafka is None else ["--bootstrap", kafka]
    command = [sys.executable, "-m", "app", "replay", source, "--out", str(out), *where, *map(str, more)]
    environment = {name: value for name, value in os.environ.items() if name != "KAFKA_BOOTSTRAP"}
    ended = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False, env=environment)
    assert ended.returncode == 0, f"{' '.join(command)}\n{ended.stdout}\n{ended.stderr}"
    return out


def different_files(one: Path, other: Path) -> list[str]:
    """Return the names of the files that are not the same byte by byte in both folders."""
    names = sorted({path.name for folder in (one, other) for path in folder.iterdir()})
    return [name for name in names if _bytes(one / name) != _bytes(other / name)]


def _bytes(file: Path) -> bytes | None:
    return file.read_bytes() if file.exists() else None

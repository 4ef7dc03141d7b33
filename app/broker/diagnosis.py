"""Say in one line why a broker did not start or did not stay: from the end of its log."""

import re
import shutil
from pathlib import Path
from typing import Final

from app.broker.ports import port_taken
from app.errors import SetupError

_TAIL_BYTES: Final = 200_000
_FOREIGN: Final = ("Invalid cluster.id", "Stored node id", "No valid meta.properties", "INCONSISTENT_CLUSTER_ID")
_THROWN: Final = re.compile(r"^(?:Caused by: )?[\w.$]+(?:Exception|Error): .+", re.MULTILINE)
_LEAST_ROOM: Final = 1 << 20
_NO_SPACE: Final = ("No space left on device", "Disk quota exceeded", "File too large")


def tail(log: Path, since: int = 0) -> str:
    """Return the last stretch of a log as text, not before byte `since`; empty when there is none."""
    if not log.exists():
        return ""
    size = log.stat().st_size
    begin = since if since <= size else 0  # it was rolled meanwhile
    with log.open("rb") as file:
        file.seek(max(begin, size - _TAIL_BYTES))
        return file.read().decode(errors="replace")


def lost_port_race(said: str) -> bool:
    """Return whether the broker could not bind: somebody took the port between our look and its start."""
    return "Address already in use" in said


def explain(said: str, data_dir: Path, port: int) -> SetupError:
    """Return the error that says what ended a broker, from what it and its log said last."""
    if any(sign in said for sign in _NO_SPACE) or _has_no_room(data_dir):
        return disk_full(data_dir)
    if lost_port_race(said):
        return port_taken(port)
    if any(sign in said for sign in _FOREIGN):
        return SetupError(f"{data_dir} holds another cluster's data: choose another --data or remove that folder")
    if "Permission denied" in said or "AccessDenied" in said:
        return SetupError(f"the broker may not write to {data_dir}: give us the right to, or choose another --data")
    if "OutOfMemory" in said or "insufficient memory" in said:
        return SetupError("the broker ran out of memory: it needs about 310 MB; free some and start again")
    return SetupError(f"the embedded broker ended unexpectedly, {_last_complaint(said)}")


def _has_no_room(data_dir: Path) -> bool:
    """Look at the disk itself: on a full one the last words are lost, and a write to a mapped file ends the JVM."""
    return data_dir.is_dir() and shutil.disk_usage(data_dir).free < _LEAST_ROOM


def disk_full(data_dir: Path) -> SetupError:
    """Return the error for a disk that has no room for the broker."""
    return SetupError(f"the disk that holds {data_dir} is full: free at least 200 MB there, or choose another --data")


def _last_complaint(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    if not lines:
        return "and its log is empty"
    complaints = _THROWN.findall(said) or [line for line in lines if " ERROR " in line]
    return f"its log says: {(complaints or lines)[-1][:400]}"

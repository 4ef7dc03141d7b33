"""The broker's data directory: what lies where, the cluster's id, formatting it once."""

import base64
import fcntl
import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from app.broker import diagnosis, process
from app.errors import SetupError

_ROOM_NEEDED: Final = 200 * 1024 * 1024
"""Bytes: a new broker's files and some minutes of events."""
_FORMAT_SECONDS: Final = 120


class DataDir(NamedTuple):
    """Where one broker keeps everything; kept between runs."""

    root: Path

    @property
    def log_dir(self) -> Path:
        """Kafka's own data."""
        return self.root / "log"

    @property
    def properties(self) -> Path:
        """The configuration of the last start."""
        return self.root / "server.properties"

    @property
    def broker_log(self) -> Path:
        """What the broker logs; rolls."""
        return self.root / "broker.log"

    @property
    def output(self) -> Path:
        """What the Java process printed by itself since its start (a JVM that cannot start speaks only here)."""
        return self.root / "broker.out"

    @property
    def running(self) -> Path:
        """Process id and port while a broker runs."""
        return self.root / "running.json"

    @property
    def cluster_id_file(self) -> Path:
        """The cluster's id, made once."""
        return self.root / "cluster-id"


def prepare(data: DataDir) -> None:
    """Make the directory; SetupError when that is not allowed or the disk has no room."""
    try:
        data.root.mkdir(parents=True, exist_ok=True)
        room = shutil.disk_usage(data.root).free
    except OSError as error:
        raise SetupError(
            f"cannot keep the broker's data in {data.root} ({error.strerror}): choose another --data"
        ) from error
    if room < _ROOM_NEEDED:
        raise diagnosis.disk_full(data.root)
    if not os.access(data.root, os.W_OK):
        raise SetupError(f"the broker may not write to {data.root}: give us the right to, or choose another --data")


@contextmanager
def claimed(data: DataDir) -> Iterator[int | None]:
    """Claim the directory; yields the claim's file descriptor, None when another broker has it or is being started.

    Give the descriptor to the broker's process: the claim then lasts as long as that lives, whatever becomes of us.
    Kafka's own lock comes too late, its controller has by then written into the other's metadata log.
    """
    with (data.root / "in-use.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield None
        else:
            yield lock.fileno()


def format_once(data: DataDir, java: str, class_path: str, claim: int) -> None:
    """Format the storage for KRaft with the cluster's own id, unless it is formatted."""
    if (data.log_dir / "meta.properties").exists():
        return
    data.output.unlink(missing_ok=True)
    command = [java, "-Xmx64m", "-cp", class_path, "kafka.tools.StorageTool", "format"]
    command += [f"--cluster-id={_cluster_id(data)}", "--config", str(data.properties)]
    # it holds the claim as the broker does: an orphan of a killed start must be gone before the next one looks
    formatting = process.spawn(command, data.output, holds=(claim,), outlive_us=False)
    try:
        code = formatting.wait(_FORMAT_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise SetupError(f"formatting {data.log_dir} took more than {_FORMAT_SECONDS} s") from error
    finally:
        formatting.kill()
    if code != 0:
        raise diagnosis.explain(diagnosis.tail(data.output), data.root, port=0)


def _cluster_id(data: DataDir) -> str:
    if data.cluster_id_file.exists():
        return data.cluster_id_file.read_text(encoding="ascii").strip()
    made = base64.urlsafe_b64encode(secrets.token_bytes(16)).decode().rstrip("=")
    data.cluster_id_file.write_text(made, encoding="ascii")
    return made

"""A real Confluent-compatible registry (Apicurio) in a process of its own."""

import fcntl
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from app.settings import ROOT

_HOME: Final = ROOT / "deploy" / "registry"
_START_SECONDS: Final = 60.0


@contextmanager
def running_registry(work_dir: Path) -> Iterator[str]:
    """Start a registry on a free loopback port and give its base URL; stopped at the end. It keeps nothing."""
    log = work_dir / "registry.log"
    port = _free_port()
    command = [
        "java",
        "-Xmx256m",
        f"-Dquarkus.http.port={port}",
        "-Dquarkus.http.host=127.0.0.1",
        f"-Djava.io.tmpdir={work_dir}",
        "-jar",
        str(_runner()),
    ]
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=work_dir, stdout=output, stderr=subprocess.STDOUT)
    try:
        url = f"http://127.0.0.1:{port}/apis/ccompat/v7"
        _wait(url, process, log)
        yield url
    finally:
        process.terminate()
        process.wait(30)


def _runner() -> Path:
    """Return the registry's jar; the first run fetches it from Maven Central, one process at a time."""
    unpacked = _HOME / "target" / "apicurio"
    (ROOT / ".run").mkdir(exist_ok=True)
    with (ROOT / ".run" / "lock-registry").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not list(unpacked.glob("*-runner.jar")):
            shutil.rmtree(unpacked, ignore_errors=True)
            _fetch()
    return next(unpacked.glob("*-runner.jar"))


def _fetch() -> None:
    pom = str(_HOME / "pom.xml")
    command = ["mvn", "--batch-mode", "--no-transfer-progress", "--quiet", "--file", pom, "package"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"Maven could not fetch the schema registry:\n{done.stdout}\n{done.stderr}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end:
        assert process.poll() is None, f"the registry ended:\n{log.read_text(errors='replace')[-2000:]}"
        try:
            with urllib.request.urlopen(f"{url}/subjects", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise AssertionError(f"the registry does not answer:\n{log.read_text(errors='replace')[-2000:]}")

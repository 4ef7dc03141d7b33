"""The workers of a replay: the same `makegood worker` as live, in processes of their own, started again when dead."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from pydantic import SecretStr

from app.broker import process
from app.errors import SetupError
from app.settings import ROOT, KafkaSettings, WorkerSettings

_MOST_RESTARTS: Final = 5
_STOP_SECONDS: Final = 30.0
_LAST_WORDS: Final = 2_000

Tell = Callable[[str], None]


class Workers:
    """Starts `count` workers in a namespace and keeps them running until left; `folder` holds their logs and no `.env`.

    One that dies is started again under the same name, so that it takes its partitions back at once; after the fifth
    death SetupError with its last words: then it does not die by chance.
    """

    def __init__(self, count: int, environment: Mapping[str, str], folder: Path, tell: Tell) -> None:
        self._environment = environment
        self._folder = folder
        self._tell = tell
        self._running: list[subprocess.Popen[bytes]] = []
        self._count = count
        self._deaths = 0

    def __enter__(self) -> Self:
        self._running = [self._start(number) for number in range(self._count)]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in self._running:
            worker.terminate()
        for worker in self._running:
            process.end(worker.pid, _STOP_SECONDS)
            worker.wait()

    @property
    def pids(self) -> tuple[int, ...]:
        """The processes that run now."""
        return tuple(worker.pid for worker in self._running)

    def kill(self, number: int) -> None:
        """Kill a worker (SIGKILL), as a crash would; `watch` starts it again."""
        self._running[number].kill()

    async def watch(self) -> None:
        """Start again what has died; SetupError when that happens too often."""
        for number, worker in enumerate(self._running):
            code = worker.poll()
            if code is None:
                continue
            self._deaths += 1
            if self._deaths > _MOST_RESTARTS:
                raise SetupError(
                    f"the workers died {self._deaths} times; the last, {number}, {self._how(number, code)}"
                )
            self._tell(f"worker {number} {self._how(number, code)} and is started again")
            self._running[number] = self._start(number)

    def _start(self, number: int) -> "subprocess.Popen[bytes]":
        environment = {**self._environment, "MAKEGOOD_INSTANCE_ID": f"replay-{number}"}
        command = [sys.executable, "-m", "app", "worker"]
        return process.spawn(command, self._log(number), outlive_us=False, environment=environment, folder=self._folder)

    def _log(self, number: int) -> Path:
        return self._folder / f"worker-{number}.log"

    def _how(self, number: int, code: int) -> str:
        if code < 0:
            return f"was killed by signal {-code}"
        said = self._log(number).read_bytes()[-_LAST_WORDS:].decode(errors="replace").strip().splitlines()
        return f"ended with exit code {code} ({said[-1] if said else 'it said nothing'})"


def environment_of(kafka: KafkaSettings, worker: WorkerSettings) -> dict[str, str]:
    """Return a worker's environment with all its settings spelt out, whatever ours or a `.env` file says."""
    spelt = {f"KAFKA_{name.upper()}": _spelt(value) for name, value in kafka.model_dump(exclude_none=True).items()}
    spelt |= {f"MAKEGOOD_{name.upper()}": _spelt(value) for name, value in worker.model_dump(exclude_none=True).items()}
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("KAFKA_", "MAKEGOOD_"))}
    path = os.pathsep.join(part for part in (str(ROOT), inherited.get("PYTHONPATH", "")) if part)
    return {**inherited, "PYTHONPATH": path, **spelt}


def _spelt(value: object) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, dict | list):
        return json.dumps(value)
    return str(value.resolve() if isinstance(value, Path) else value)

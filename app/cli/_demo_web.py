"""The demo's gate and command centre: `makegood web` in a process of its own, over the live topics and the stories'."""

import asyncio
import secrets
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from app.broker import process
from app.errors import SetupError
from app.replay.workers import environment_of
from app.settings import KafkaSettings, WebSettings, WorkerSettings

_STOP_SECONDS: Final = 10.0
_START_SECONDS: Final = 60.0
_LAST_WORDS: Final = 1_000


class DemoWeb:
    """Serves pages that show the live system and one more namespace; `link` logs in once."""

    def __init__(self, kafka: KafkaSettings, worker: WorkerSettings, namespace: str, folder: Path) -> None:
        self._settings = WebSettings()
        token = secrets.token_urlsafe(24)
        self._environment = {
            **environment_of(kafka, worker),
            "MAKEGOOD_SITE_HOST": self._settings.host,
            "MAKEGOOD_SITE_PORT": str(self._settings.port),
            "MAKEGOOD_SITE_NAMESPACES": namespace,
            "MAKEGOOD_SITE_LOGIN_ONCE": token,
            "MAKEGOOD_SITE_WORKER_METRICS": f"http://{worker.web_host}:{worker.web_port}/metrics",
            "MAKEGOOD_SITE_TOKENS_FILE": str(self._settings.tokens_file.resolve()),
        }
        self._folder = folder
        self._log = folder / "web.log"
        self._running: subprocess.Popen[bytes] | None = None
        self.link = f"http://{self._settings.host}:{self._settings.port}/login?token={token}"

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "app", "web"]
        self._running = process.spawn(
            command, self._log, outlive_us=False, environment=self._environment, folder=self._folder
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._running is not None
        self._running.terminate()
        process.end(self._running.pid, _STOP_SECONDS)
        self._running.wait()

    async def ready(self) -> None:
        """Return once it accepts connections; SetupError with its last words when it does not start."""
        async with asyncio.timeout(_START_SECONDS):
            while True:
                self.watch()
                try:
                    _, writer = await asyncio.open_connection(self._settings.host, self._settings.port)
                except OSError:
                    await asyncio.sleep(0.1)
                    continue
                writer.close()
                await writer.wait_closed()
                return

    def watch(self) -> None:
        """Raise SetupError with its last words when it has ended."""
        if self._running is not None and self._running.poll() is not None:
            said = self._log.read_bytes()[-_LAST_WORDS:].decode(errors="replace").strip()
            raise SetupError(f"the web process ended: {said or 'it said nothing'}")

"""The workers under test: real processes that are killed, stopped, frozen and woken, and started again when dead."""

import os
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from prometheus_client.parser import text_string_to_metric_families

from app.broker import process
from app.broker.ports import free_port
from app.settings import ROOT
from chaos.diary import Diary

_STOP_SECONDS: Final = 60.0
_LAST_WORDS: Final = 3_000
_ANSWER_SECONDS: Final = 2.0


class Member:
    """One worker process; `stopping`: it was told to end."""

    def __init__(self, number: int, child: "subprocess.Popen[bytes]", log: Path, port: int) -> None:
        self.number = number
        self.child = child
        self.log = log
        self.port = port
        self.frozen = False
        self.stopping = False

    @property
    def lives(self) -> bool:
        """Say whether the process runs."""
        return self.child.poll() is None

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        if self.lives:
            os.kill(self.child.pid, number)

    def metrics(self) -> dict[str, float]:
        """Return what it says on /metrics, the greatest of each name; nothing when it does not answer."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=_ANSWER_SECONDS) as answer:
                said = answer.read().decode()
        except OSError:
            return {}
        found: dict[str, float] = {}
        for sample in (sample for family in text_string_to_metric_families(said) for sample in family.samples):
            found[sample.name] = max(found.get(sample.name, sample.value), sample.value)
        return found

    def last_words(self) -> str:
        """Return the end of what it said."""
        return self.log.read_bytes()[-_LAST_WORDS:].decode(errors="replace").strip()


class Crew:
    """Up to so many workers; each has a state directory of its own under `folder`."""

    def __init__(self, environment: Mapping[str, str], folder: Path, diary: Diary) -> None:
        self._environment = environment
        self._folder = folder
        self._diary = diary
        self._started = 0
        self.code = ROOT
        self.members: list[Member] = []
        self.deaths = 0
        """How often a worker ended by itself."""

    @property
    def working(self) -> list[Member]:
        """Return those that run, are not frozen and were not told to end."""
        return [member for member in self.members if member.lives and not member.frozen and not member.stopping]

    def state_dir(self, number: int) -> Path:
        """Return where the worker of this number may write."""
        folder = self._folder / f"state-{number}"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def start(self, number: int, **more: str) -> Member:
        """Start the worker of a number, from the code in the folder `code`, with further environment."""
        code = self.code
        log = self._folder / f"worker-{self._started}.log"
        self._started += 1
        port = free_port()
        own = {
            "MAKEGOOD_STATE_DIR": str(self.state_dir(number)),
            "MAKEGOOD_WEB_PORT": str(port),
            "PYTHONPATH": str(code),
        }
        command = [sys.executable, "-m", "app", "worker"]
        child = process.spawn(
            command, log, outlive_us=False, environment={**self._environment, **own, **more}, folder=code
        )
        member = Member(number, child, log, port)
        self.members.append(member)
        return member

    def tend(self) -> None:
        """Start again, under its number, whoever ended without having been told to; note why."""
        for member in list(self.members):
            code = member.child.poll()
            if code is None:
                continue
            self.members.remove(member)
            if member.stopping:
                continue
            if code != -signal.SIGKILL:
                self.deaths += 1
                self._diary.note("a worker ended by itself", worker=member.number, code=code, said=member.last_words())
            self.start(member.number)

    def stop(self) -> None:
        """Tell everyone to end and wait; who does not within a minute is killed and that is noted."""
        for member in self.members:
            member.signal(signal.SIGCONT)
            member.stopping = True
            member.signal(signal.SIGTERM)
        for member in self.members:
            if not process.end(member.child.pid, _STOP_SECONDS):
                self._diary.note("a worker did not stop and was killed", worker=member.number, said=member.last_words())
            member.child.wait()
        self.members.clear()

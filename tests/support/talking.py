"""A program in a process of its own that is listened to line by line and spoken to."""

import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

PATIENCE: Final = 60.0
_STOP_SECONDS: Final = 20.0


class Talking:
    """What a program has said so far, and its input."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self._process = process
        self._log = log

    @property
    def said(self) -> str:
        """Everything it wrote, errors too."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def tell(self, line: str) -> None:
        """Write a line to its input."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n".encode())
        self._process.stdin.flush()

    def until(self, words: str, times: int = 1) -> None:
        """Return once it has said some words so often; an AssertionError with all it said when it does not."""
        end = time.monotonic() + PATIENCE
        while self.said.count(words) < times:
            assert self._process.poll() is None, f"it ended with {self._process.returncode}:\n{self.said}"
            assert time.monotonic() < end, f"it did not say {words!r}:\n{self.said}"
            time.sleep(0.05)


@contextmanager
def talking(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Iterator[Talking]:
    """Run a program in a folder until left."""
    log = folder / f"{Path(command[-1]).stem}.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.PIPE, stdout=out, stderr=subprocess.STDOUT
        )
    try:
        yield Talking(process, log)
    finally:
        process.terminate()
        process.wait(_STOP_SECONDS)
        assert process.stdin is not None
        process.stdin.close()

"""The examples of a page: fenced blocks that are run, each with what it must print."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

_FENCE: Final = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_RUN: Final = frozenset({"sh", "python"})
_PATIENCE: Final = 90.0
_ANYTHING: Final = "..."


class Block(NamedTuple):
    """One example: its language, its text, its line on the page, and what must be printed (None: nobody looks)."""

    language: str
    text: str
    line: int
    prints: str | None


def blocks(page: str) -> Iterator[Block]:
    """Yield the examples of a page in their order; a block in a language that is not run shows what one prints."""
    waiting: Block | None = None
    for found in _FENCE.finditer(page):
        language, text = found[1], found[2]
        line = page.count("\n", 0, found.start()) + 1
        if language in _RUN:
            if waiting is not None:
                yield waiting
            waiting = Block(language, text, line, None)
        else:
            assert waiting is not None, f"line {line}: an output that no example prints"
            yield waiting._replace(prints=text)
            waiting = None
    if waiting is not None:
        yield waiting


def prints(shown: str, said: str) -> bool:
    """Say whether what was said is what a page shows; `...` stands for anything, over lines where it stands alone."""
    pattern = "".join(
        r"(?:.*\n)*" if line.strip() == _ANYTHING else ".*".join(map(re.escape, line.split(_ANYTHING))) + "\n"
        for line in shown.splitlines()
    )
    plain = "".join(f"{line.rstrip()}\n" for line in said.splitlines())
    return re.fullmatch(pattern, plain) is not None


class Reader:
    """Somebody who copies a page's examples into a shell, one after the other, in one folder."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder = folder
        self._environment = {**environment, "STATE": str(folder / "exported")}
        (folder / "exported").touch()

    def follow(self, block: Block) -> None:
        """Run an example; with an output it is run until it prints that, because decisions take a moment."""
        until = time.monotonic() + _PATIENCE
        while True:
            code, said = self._run(block)
            if code == 0 and (block.prints is None or prints(block.prints, said)):
                return
            if block.prints is None or time.monotonic() > until:
                raise AssertionError(f"line {block.line}: exit code {code}, wanted\n{block.prints}\nfound\n{said}")
            time.sleep(0.5)

    def _run(self, block: Block) -> tuple[int, str]:
        if block.language == "python":
            command = [sys.executable, "-c", block.text]
        else:
            script = f'source "$STATE"\n{block.text}\ndeclare -px > "$STATE"\n'
            command = ["bash", "-euo", "pipefail", "-c", script]
        done = subprocess.run(
            command,
            cwd=self._folder,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout

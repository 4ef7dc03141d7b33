"""The run's log: one JSON line for everything that was done and seen, kept after the run."""

import json
import time
from pathlib import Path
from typing import Any


class Diary:
    """Writes `{"at": seconds since the beginning, "what": …}` lines to a file, and tells them on the way."""

    def __init__(self, file: Path, *, quiet: bool) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self.file = file
        self._quiet = quiet
        self._began = time.monotonic()
        file.write_text("", encoding="utf-8")

    def note(self, what: str, **more: Any) -> None:
        """Write a line."""
        line = {"at": round(time.monotonic() - self._began, 2), "what": what, **more}
        with self.file.open("a", encoding="utf-8") as out:
            out.write(json.dumps(line, ensure_ascii=False, default=str) + "\n")
        if not self._quiet:
            said = " ".join(f"{name}={value}" for name, value in more.items())
            print(f"{line['at']:8.2f}  {what}  {said}".rstrip(), flush=True)

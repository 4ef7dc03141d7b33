"""A file whose lines come in any order and stand in the order of their keys: the keys in memory, the lines on disk."""

from pathlib import Path
from types import TracebackType
from typing import Final, Self

_SPOOL: Final = ".unsorted"

SortKey = tuple[str, ...]


class SortedFile:
    """Collects lines beside the file it will become; `finish` writes them in order.

    Lines with one key stay in the order of their own bytes, so that the file depends on nothing but its lines.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self._spool = file.with_name(file.name + _SPOOL)
        self._lines = self._spool.open("w+b")
        self._index: list[tuple[SortKey, int, int]] = []
        self._end = 0

    def add(self, key: SortKey, line: bytes) -> None:
        """Add a line (with its newline) under its key."""
        self._index.append((key, self._end, len(line)))
        self._end += self._lines.write(line)

    def finish(self) -> int:
        """Write the lines in order; return how many there are."""
        self._index.sort()
        with self.file.open("wb") as out:
            begin = 0
            while begin < len(self._index):
                end = begin + 1
                while end < len(self._index) and self._index[end][0] == self._index[begin][0]:
                    end += 1
                out.writelines(sorted(self._read(at, length) for _, at, length in self._index[begin:end]))
                begin = end
        return len(self._index)

    def _read(self, at: int, length: int) -> bytes:
        self._lines.seek(at)
        return self._lines.read(length)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lines.close()
        self._spool.unlink(missing_ok=True)

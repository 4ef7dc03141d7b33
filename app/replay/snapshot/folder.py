"""A snapshot as files: a partition's states in one, its window in another, and two that say what is whole.

`snapshot.json` and `window.json` are written last and name every file with its length and SHA-256: what ended half way
has none, and what was damaged is told before any of it is used. A file is records one after the other, each a length
of four bytes (big-endian) and so many of msgpack: (key, value) of a state; (offset, timestamp, key, value, headers) of
a log.

The files hold personal data: only their owner may read them (docs/operations/backup.md).
"""

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple, Self, TypeVar

import msgspec
from msgspec import Struct

from app.clock import Instant
from app.errors import SetupError
from app.stage import LogRecord
from app.topics import LOGS, Topic

SNAPSHOT: Final = "snapshot.json"
WINDOW: Final = "window.json"
FORMAT: Final = 1
_OWNER_ALONE: Final = 0o600
_FOLDER_OF_OWNER: Final = 0o700
_LENGTH: Final = 4
_CHUNK: Final = 1 << 20

_encoder: Final = msgspec.msgpack.Encoder()
_state: Final = msgspec.msgpack.Decoder(tuple[bytes, bytes])
_record: Final = msgspec.msgpack.Decoder(tuple[int, int, bytes | None, bytes | None, tuple[tuple[str, bytes], ...]])

Kind = TypeVar("Kind", "Snapshot", "Window")
Record = TypeVar("Record")


class Start(Struct, frozen=True):
    """What a partition's states stand for: its log up to `offset` (exclusive), its clock at `clock` (ms)."""

    offset: int
    clock: Instant


class Part(Struct, frozen=True):
    """A file that is whole: how many records, how many bytes, and their SHA-256 in hex."""

    records: int
    size: int
    sha256: str


class Snapshot(Struct, frozen=True, forbid_unknown_fields=True):
    """`starts` maps each log to its partitions' starts, `parts` each file's name to what it holds."""

    format: int
    taken_at: str
    topic_prefix: str
    starts: dict[str, tuple[Start, ...]]
    parts: dict[str, Part]


class Span(Struct, frozen=True):
    """How far a window reaches: live had worked the log up to `worked`, and it is kept up to `kept`, both exclusive."""

    worked: int
    kept: int


class Window(Struct, frozen=True, forbid_unknown_fields=True):
    """`spans` maps each log to its partitions' spans, `parts` each file's name to what it holds."""

    format: int
    taken_at: str
    spans: dict[str, tuple[Span, ...]]
    parts: dict[str, Part]


class Opened(NamedTuple):
    """A whole snapshot, and its window when one was taken."""

    folder: Path
    snapshot: Snapshot
    window: Window | None


def new_folder(folder: Path) -> None:
    """Make a folder for a snapshot, its owner's alone; SetupError when there is something in it."""
    folder.mkdir(mode=_FOLDER_OF_OWNER, parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise SetupError(f"{folder} is not empty: a snapshot is taken into a folder of its own")
    folder.chmod(_FOLDER_OF_OWNER)


def open_snapshot(folder: Path) -> Opened:
    """Read what a folder says of itself; SetupError when it is no snapshot, half a one, or of a later version."""
    snapshot = _read(folder / SNAPSHOT, Snapshot)
    if snapshot is None:
        raise SetupError(
            f"no {SNAPSHOT} in {folder}: it is no snapshot, or one whose taking did not end; "
            "take one with `makegood snapshot take`"
        )
    window = _read(folder / WINDOW, Window)
    if window is not None and any(len(window.spans[log]) != len(snapshot.starts[log]) for log in LOGS):
        raise SetupError(f"{folder / WINDOW} is of a snapshot with other partitions: take a snapshot anew")
    return Opened(folder, snapshot, window)


def states_file(log: Topic, partition: int) -> str:
    """Return the name of the file with the states that a partition of a log has led to."""
    return f"states-{log}-{partition}.bin"


def window_file(log: Topic, partition: int) -> str:
    """Return the name of the file with the window of a partition of a log."""
    return f"window-{log}-{partition}.bin"


def write_states(folder: Path, name: str, table: Mapping[bytes, bytes]) -> Part:
    """Write a table in the order of its keys."""
    with Appending(folder / name) as file:
        for key in sorted(table):
            file.add(_encoder.encode((key, table[key])))
        return file.part()


def read_states(opened: Opened, log: Topic, partition: int) -> dict[bytes, bytes]:
    """Return a partition's states; SetupError when the file is not what was written."""
    name = states_file(log, partition)
    return dict(_read_as(_state, opened.folder / name, opened.snapshot.parts.get(name)))


def read_window(opened: Opened, log: Topic, partition: int) -> Iterator[LogRecord]:
    """Yield the window of a partition in its order; SetupError when the file is not what was written."""
    assert opened.window is not None
    name = window_file(log, partition)
    for offset, timestamp, key, value, headers in _read_as(
        _record, opened.folder / name, opened.window.parts.get(name)
    ):
        yield LogRecord(key, value, Instant(timestamp), log, partition, offset, headers)


class Appending:
    """A file that records are added to; what stands in it beyond `before` is of a writing that did not end and goes.

    SetupError when what stands in it is not what was written.
    """

    def __init__(self, path: Path, before: Part | None = None) -> None:
        self._records = 0 if before is None else before.records
        self._hash = hashlib.sha256()
        if before is not None:
            self._hash = _hash_of(path, before)
        self._size = 0 if before is None else before.size
        self._file: BinaryIO = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, _OWNER_ALONE), "r+b")
        self._file.truncate(self._size)
        self._file.seek(self._size)

    def add_record(self, record: LogRecord) -> None:
        """Add a record of a log."""
        headers = tuple(record.headers)
        self.add(_encoder.encode((record.offset, record.timestamp, record.key, record.value, headers)))

    def add(self, line: bytes) -> None:
        """Add a record's bytes."""
        framed = len(line).to_bytes(_LENGTH, "big") + line
        self._hash.update(framed)
        self._size += self._file.write(framed)
        self._records += 1

    def part(self) -> Part:
        """Bring it to the disk; return what it holds."""
        self._file.flush()
        os.fsync(self._file.fileno())
        return Part(self._records, self._size, self._hash.hexdigest())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def write_whole(folder: Path, said: Snapshot | Window) -> None:
    """Say that everything is there, at once or not at all."""
    name = SNAPSHOT if isinstance(said, Snapshot) else WINDOW
    unready = folder / f".{name}"
    with os.fdopen(os.open(unready, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _OWNER_ALONE), "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(said), indent=2) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    unready.replace(folder / name)


def remove(folder: Path, names: Iterable[str]) -> None:
    """Remove files of a taking that did not end: personal data does not lie about."""
    for name in names:
        with suppress(OSError):
            (folder / name).unlink()


def _read(path: Path, kind: type[Kind]) -> Kind | None:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    try:
        if (version := msgspec.json.decode(content, type=_Version).format) > FORMAT:
            raise SetupError(f"{path} has format {version}; this version reads up to {FORMAT}: use a later one")
        said = msgspec.json.decode(content, type=kind)
    except msgspec.MsgspecError as error:
        raise SetupError(f"{path} cannot be read ({error}): it is damaged, take a snapshot anew") from error
    each = said.starts if isinstance(said, Snapshot) else said.spans
    if each.keys() != set(LOGS):
        raise SetupError(f"{path} does not name the logs {', '.join(LOGS)}: it is damaged, take a snapshot anew")
    return said


class _Version(Struct):
    format: int


def _lines(path: Path, part: Part | None) -> Iterator[bytes]:
    if part is None:
        raise SetupError(f"{path} is not among the files that were written: take a snapshot anew")
    _hash_of(path, part)
    with path.open("rb") as file:
        for _ in range(part.records):
            yield file.read(int.from_bytes(file.read(_LENGTH), "big"))


def _read_as(decoder: "msgspec.msgpack.Decoder[Record]", path: Path, part: Part | None) -> Iterator[Record]:
    for line in _lines(path, part):
        try:
            yield decoder.decode(line)
        except msgspec.DecodeError as error:
            raise SetupError(f"{path} holds what is no record of a snapshot ({error}): take a snapshot anew") from error


def _hash_of(path: Path, part: Part) -> Any:
    """Return the hash of a file's first `size` bytes; SetupError when it is not the part's."""
    found = hashlib.sha256()
    left = part.size
    try:
        with path.open("rb") as file:
            while left and (chunk := file.read(min(left, _CHUNK))):
                found.update(chunk)
                left -= len(chunk)
    except FileNotFoundError:
        raise SetupError(f"{path} is gone: take a snapshot anew, or copy the whole folder") from None
    if left or found.hexdigest() != part.sha256:
        raise SetupError(f"{path} is not what was written: it is damaged or cut short, take a snapshot anew")
    return found

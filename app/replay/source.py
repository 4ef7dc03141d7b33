"""What every source of a replay yields: input events in one total order, and the rows that could not become one."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from app.clock import Instant
from app.errors import SetupError
from app.topics import Topic


class Position(NamedTuple):
    """Where in the recorded data something stands: the file's name and its line, the first being 1.

    `part` tells apart the events that one line comes to.
    """

    file: str
    line: int
    part: int = 0


class InputEvent(NamedTuple):
    """One event as upstream would have published it, `known_at` the instant at which it would have been read.

    `sequence` is its place in the whole timeline: the total order is (`known_at`, `sequence`). `type` and `payload`
    are the event's name in its schema and its fields, times as ISO 8601 text, amounts as decimal text.
    """

    topic: Topic
    key: str | None
    known_at: Instant
    sequence: int
    origin: Position
    type: str
    payload: dict[str, Any]


class Malformed(NamedTuple):
    """A row that cannot be played; `reason` says what is wrong without repeating the row's content."""

    file: str
    line: int
    reason: str


class Timeline(NamedTuple):
    """A source read and sorted.

    `total` is how many events `events()` yields; it may be called more than once. `ends` is where the source's own
    clock stops, when that is later than its last event.
    """

    source: str
    policy: str
    """The name of the policy folder that this source is replayed with unless told otherwise."""
    total: int
    malformed: tuple[Malformed, ...]
    events: Callable[[], Iterator[InputEvent]]
    ends: Instant | None = None


def folder_with(data: Path, source: str, marker: str) -> Path:
    """Return the folder that holds `marker`: `data` itself or its subfolder of the source's name.

    Raises SetupError, naming the file looked for.
    """
    for folder in (data, data / source):
        if (folder / marker).is_file():
            return folder
    raise SetupError(f"{source}: no {marker} in {data} nor in {data / source}; give its folder with --data")

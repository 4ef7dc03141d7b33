"""Source `events`: a timeline anybody can write, one JSON object a line.

    {"topic": "orders", "key": "1001", "known_at": "2026-07-10T09:00:00Z",
     "value": {"event": "order_placed", "payload": {"occurred_at": "2026-07-10T09:00:00Z", "customer_id": "C-1", ...}}}

`topic` is an input topic, `key` the record's key (may be left out), `known_at` when Makegood would have read it (ISO
8601 with an offset, or milliseconds since 1970), `event` and `payload` as docs/events.md has them. Lines need not be in
order of time; those with one `known_at` keep the order of the file. Blank lines are passed over.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from app.clock import Instant, from_iso
from app.errors import SetupError
from app.replay.source import InputEvent, Malformed, Position, Timeline
from app.topics import INPUTS, Topic

NAME: Final = "events"
FILE: Final = "events.jsonl"
POLICY: Final = "default"
_TOPICS: Final = {str(topic): topic for topic in INPUTS}


class _LineError(ValueError):
    """A line that is no event of ours; the message says why."""


class _Line(NamedTuple):
    topic: Topic
    key: str | None
    known_at: Instant
    event: str
    payload: dict[str, Any]


def load(data: Path) -> Timeline:
    """Read a JSON-lines file (or `events.jsonl` in a folder) and sort it by time; SetupError when there is none.

    Of each line only its time and place are kept, so a file may be larger than memory.
    """
    file = data / FILE if data.is_dir() else data
    if not file.is_file():
        raise SetupError(f"events: no such file {file}; give a JSON-lines file of events with --data")
    malformed: list[Malformed] = []
    index = sorted(_index(file, malformed))
    return Timeline(NAME, POLICY, len(index), tuple(malformed), lambda: _events(file, index))


def _index(file: Path, malformed: list[Malformed]) -> Iterator[tuple[Instant, int, int]]:
    """Yield (known_at, line, byte offset) of each line that is an event."""
    offset = 0
    with file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                try:
                    yield _parsed(line).known_at, number, offset
                except _LineError as error:
                    malformed.append(Malformed(file.name, number, str(error)))
            offset += len(line)


def _events(file: Path, index: list[tuple[Instant, int, int]]) -> Iterator[InputEvent]:
    with file.open("rb") as lines:
        for sequence, (_, number, offset) in enumerate(index):
            lines.seek(offset)
            read = _parsed(lines.readline())
            origin = Position(file.name, number)
            yield InputEvent(read.topic, read.key, read.known_at, sequence, origin, read.event, read.payload)


def _parsed(line: bytes) -> _Line:
    try:
        raw = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise _LineError(f"not JSON: {error}") from error
    if not isinstance(raw, dict):
        raise _LineError("not a JSON object with topic, key, known_at and value")
    topic, key, value = _TOPICS.get(str(raw.get("topic"))), raw.get("key"), raw.get("value")
    if topic is None:
        raise _LineError(f"topic is none of {', '.join(_TOPICS)}")
    if key is not None and not isinstance(key, str):
        raise _LineError("key is not text")
    if not isinstance(value, dict) or not isinstance(value.get("event"), str):
        raise _LineError('value is not an object {"event": ..., "payload": {...}}')
    payload = value.get("payload")
    if not isinstance(payload, dict):
        raise _LineError("value.payload is not an object with the event's fields")
    return _Line(topic, key, _instant(raw.get("known_at")), value["event"], payload)


def _instant(raw: object) -> Instant:
    if isinstance(raw, int) and not isinstance(raw, bool):
        return Instant(raw)
    try:
        return from_iso(str(raw))
    except (ValueError, OverflowError) as error:
        raise _LineError("known_at is neither ISO 8601 with an offset nor milliseconds since 1970") from error

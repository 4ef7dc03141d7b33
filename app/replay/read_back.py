"""The outputs of a replay, read back from the files it wrote."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from app.emit.records import Emit
from app.errors import InvalidRecord, SetupError
from app.ids import CustomerId
from app.outputs import Output
from app.replay.recording import file_of
from app.topics import Topic
from app.wire.codec import Codec
from app.wire.payload import to_avro

_EVENTS: Final = {
    Topic.DECISIONS: "decision",
    Topic.SUPPRESSIONS: "suppression",
    Topic.REMEDIES: "remedy",
    Topic.NOTICES: "notice",
    Topic.ESCALATIONS: "escalation",
    Topic.BRIEFINGS: "briefing",
}


def outputs_of(folder: Path, customer: CustomerId, codec: Codec) -> Iterator[Output]:
    """Yield one customer's outputs from a replay's folder, topic by topic; tombstones are left out.

    SetupError when the folder is none of a replay's, or a line in it is none of its outputs (file and line are named).
    """
    if not (folder / file_of(Topic.DECISIONS)).is_file():
        raise SetupError(f"{folder} holds no {file_of(Topic.DECISIONS)}: name the --out folder of a `makegood replay`")
    emit = Emit(codec)
    for topic, event in _EVENTS.items():
        schema = codec.catalog.event(topic, event)
        for place, row in _rows(folder / file_of(topic), customer):
            try:
                output = emit.decode(topic, codec.encode(schema, to_avro(schema, row)))
            except InvalidRecord as error:
                raise SetupError(f"{place}: no {event} as a replay of this version writes it: {error}") from error
            if output is not None:
                yield output


def _rows(file: Path, customer: CustomerId) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the customer's lines with their place; others are passed over without being parsed."""
    if not file.is_file():
        return
    name = json.dumps(customer, ensure_ascii=False).encode()
    with file.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if name not in line:
                continue
            row = _parsed(line, f"{file}, line {number}")
            if row.get("customer") == customer and not row.get("tombstone"):
                yield f"{file}, line {number}", row


def _parsed(line: bytes, place: str) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except ValueError as error:
        raise SetupError(f"{place}: not JSON: {error}") from error
    if not isinstance(row, dict):
        raise SetupError(f"{place}: not a JSON object")
    return row

"""Input records for tests of intake, and what came of them in the core's own words."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from app.clock import Instant, from_iso
from app.emit.records import decode_output
from app.facts import DirectoryEntry, Fact, FactWaiting, decode_entry, decode_fact
from app.intake.stage import Intake
from app.outputs import DeadLetter
from app.stage import LogRecord, OutRecord
from app.topics import Topic
from app.wire.catalog import bundled
from app.wire.codec import bundled_codec
from app.wire.payload import encode_event

NOW: Final = from_iso("2026-07-20T12:00:00Z")
INTAKE: Final = Intake(bundled_codec())


def record(topic: Topic, value: bytes | None, *, known_at: Instant = NOW, key: bytes | None = b"k") -> LogRecord:
    return LogRecord(key, value, known_at, topic, 2, 7)


def admit(topic: Topic, event: str, payload: Mapping[str, Any], *, known_at: Instant = NOW) -> Sequence[OutRecord]:
    return INTAKE.admit(record(topic, encode_event(topic, event, payload), known_at=known_at))


def facts(outputs: Sequence[OutRecord]) -> list[Fact]:
    """Every fact among the outputs, whether its customer is known or not; a dead letter fails the test."""
    found = []
    for output in outputs:
        assert output.value is not None
        ours = {Topic.JOURNEY_LOG, Topic.REGISTER_LOG, Topic.DIRECTORY}
        assert output.topic in ours, decode_output(output.topic, output.value)
        if output.topic is not Topic.DIRECTORY:
            found.append(decode_fact(output.value))
        elif isinstance(entry := decode_entry(output.value), FactWaiting):
            found.append(entry.fact)
    return found


def entries(outputs: Sequence[OutRecord]) -> list[DirectoryEntry]:
    return [decode_entry(output.value) for output in outputs if output.topic is Topic.DIRECTORY and output.value]


def letter(outputs: Sequence[OutRecord]) -> DeadLetter:
    """The dead letter that is all there is."""
    (output,) = outputs
    found = decode_output(output.topic, output.value)
    assert isinstance(found, DeadLetter)
    return found


def example(topic: Topic, event: str, name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(_examples(topic, event).joinpath(f"{name}.json").read_text())
    return content


def _examples(topic: Topic, event: str) -> Path:
    return bundled().folder / "examples" / topic / event

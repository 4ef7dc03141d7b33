"""Outputs as records, and back: Avro values, keyed by customer so that one customer's outputs stay in their order."""

from functools import cache
from typing import Any, Final

import msgspec

from app.errors import InvalidRecord
from app.ids import CustomerId
from app.outputs import (
    Briefing,
    DeadLetter,
    Decision,
    Escalation,
    Notice,
    Output,
    Remedy,
    Suppression,
)
from app.stage import OutRecord
from app.topics import Topic
from app.wire.codec import Codec, Payload, bundled_codec
from app.wire.dead_letters import DeadLetters

_PLACES: Final[dict[type, tuple[Topic, str]]] = {
    Suppression: (Topic.SUPPRESSIONS, "suppression"),
    Remedy: (Topic.REMEDIES, "remedy"),
    Notice: (Topic.NOTICES, "notice"),
    Escalation: (Topic.ESCALATIONS, "escalation"),
    Briefing: (Topic.BRIEFINGS, "briefing"),
    Decision: (Topic.DECISIONS, "decision"),
}
_TYPES: Final[dict[Topic, Any]] = {
    **{topic: said for said, (topic, _) in _PLACES.items()},
    Topic.DEAD_LETTERS: DeadLetter,
}


class Emit:
    """Writes outputs as records and reads them back."""

    def __init__(self, codec: Codec) -> None:
        self._codec = codec
        self._letters = DeadLetters(codec)
        self._places = {said: (topic, codec.catalog.event(topic, event)) for said, (topic, event) in _PLACES.items()}

    def record(self, output: Output) -> OutRecord:
        """Return an output as a record; the same output gives the same bytes."""
        if type(output) is DeadLetter:
            return self._letters.record(output)
        topic, schema = self._places[type(output)]
        return OutRecord(topic, output.customer.encode(), self._codec.encode_struct(schema, output))

    def tombstone(self, customer: CustomerId) -> OutRecord:
        """Return the record after which compaction forgets a customer's suppression."""
        return OutRecord(Topic.SUPPRESSIONS, customer.encode(), None)

    def decode(self, topic: Topic, value: bytes | None) -> Output | None:
        """Read an output record, None for a tombstone; InvalidRecord when it is none of ours, ValueError elsewhere."""
        if topic not in _TYPES:
            msg = f"{topic} is no output topic; outputs are on {', '.join(_TYPES)}"
            raise ValueError(msg)
        if value is None:
            return None
        decoded = self._codec.decode(value)
        schema, payload = decoded.schema, decoded.payload
        if schema.topic is not topic:
            raise InvalidRecord("unknown_event", f"{schema.label} is no output of {topic}")
        if topic is Topic.DECISIONS:
            payload["cause"]["source"] = _source_read(payload["cause"]["source"])
        try:
            output: Output = msgspec.convert(payload, _TYPES[topic])
        except msgspec.ValidationError as error:
            # its text may hold the value: only the place is told
            where = str(error).partition(" - at ")[2].strip("`").removeprefix("$.")
            msg = f"a value does not fit its field of {schema.label}"
            raise InvalidRecord("invalid_field", msg, where or None) from None
        return output


def decode_output(topic: Topic, value: bytes | None) -> Output | None:
    """Read an output record that was written without a registry; see `Emit.decode`."""
    return _bundled().decode(topic, value)


@cache
def _bundled() -> Emit:
    return Emit(bundled_codec())


def _source_read(payload: Payload | None) -> tuple[str, int, int] | None:
    return None if payload is None else (payload["topic"], payload["partition"], payload["offset"])

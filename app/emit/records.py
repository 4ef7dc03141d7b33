"""Outputs as records, and back: Avro values, keyed by customer so that one customer's outputs stay in their order."""

from functools import cache
from typing import Any, Final

import msgspec

from app.errors import InvalidRecord
from app.facts import Money, Source
from app.ids import CustomerId
from app.outputs import (
    Briefing,
    DeadLetter,
    Decision,
    Escalation,
    Gesture,
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
        if isinstance(output, DeadLetter):
            return self._letters.record(output)
        topic, schema = self._places[type(output)]
        return OutRecord(topic, output.customer.encode(), self._codec.encode(schema, _payload(output)))

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
        schema, payload = self._codec.decode(value)
        if schema.topic is not topic:
            raise InvalidRecord("unknown_event", f"{schema.label} is no output of {topic}")
        if topic is Topic.DECISIONS:
            payload["cause"]["source"] = _source_read(payload["cause"]["source"])
        output: Output = msgspec.convert(payload, _TYPES[topic])
        return output


def decode_output(topic: Topic, value: bytes | None) -> Output | None:
    """Read an output record that was written without a registry; see `Emit.decode`."""
    return _bundled().decode(topic, value)


@cache
def _bundled() -> Emit:
    return Emit(bundled_codec())


def _payload(output: Output) -> Payload:
    payload: Payload = msgspec.to_builtins(output)
    del payload["type"]
    if isinstance(output, Decision):
        payload["cause"]["source"] = _source_written(output.cause.source)
        for plain, journey in zip(payload["standing"]["journeys"], output.standing.journeys, strict=True):
            plain["value"] = _money(journey.value)
    if isinstance(output, Remedy):
        payload["gestures"] = [
            plain | _amounts(gesture) for plain, gesture in zip(payload["gestures"], output.gestures, strict=True)
        ]
    return payload


def _amounts(gesture: Gesture) -> Payload:
    """Return a gesture's amounts as plain decimal text: `str` of a Decimal may say 1E+2."""
    return {"amount": _money(gesture.amount), "cost": _money(gesture.cost)}


def _money(money: Money | None) -> Payload | None:
    return None if money is None else {"amount": format(money.amount, "f"), "currency": money.currency}


def _source_written(source: Source | None) -> Payload | None:
    """Return a source by its field names; inside it is an array, for brevity in the log."""
    return None if source is None else msgspec.structs.asdict(source)


def _source_read(payload: Payload | None) -> tuple[str, int, int] | None:
    return None if payload is None else (payload["topic"], payload["partition"], payload["offset"])

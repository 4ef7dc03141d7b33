"""Targets: everything that reads bytes off a topic, ours or others'."""

import struct
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from random import Random
from typing import Any, Final

import msgspec

from app.dead_letters import as_json, description, listing, redrive
from app.directory import stored as directory_stored
from app.emit.records import Emit
from app.errors import InvalidRecord
from app.facts import decode_entry, decode_fact
from app.journey import stored as journey_stored
from app.outputs import DeadLetter
from app.register import state as register_state
from app.topics import CHANGELOGS, INPUTS, LOGS, OUTPUTS, Topic
from app.wire.catalog import JsonSchema
from app.wire.codec import CONFLUENT, SINGLE_OBJECT, Codec, bundled_codec
from app.wire.payload import encode_event
from tests.fuzz.mutation import MARK, damaged, reshaped
from tests.fuzz.shop import Shop
from tests.fuzz.target import ACCEPTED
from tests.properties.test_intake_survives import GOOD, RECORDS, answered
from tests.support.intake_records import INTAKE, record

EMIT: Final = Emit(bundled_codec())
INTERNAL: Final = (msgspec.DecodeError, ValueError, struct.error)
"""What a record of our own logs that is none is refused with; the worker stops and says so (decision 0006)."""


def intake(rng: Random) -> str:
    """Bytes on an input topic become facts, or one dead letter that holds them and tells nothing personal."""
    topic, value = _input(rng)
    if rng.random() < 0.05:
        topic = rng.choice(INPUTS)
    outputs = INTAKE.admit(record(topic, value))
    answered(outputs, value)
    if outputs[0].topic is not Topic.DEAD_LETTERS:
        return ACCEPTED
    letter = EMIT.decode(Topic.DEAD_LETTERS, outputs[0].value)
    assert isinstance(letter, DeadLetter)
    assert MARK not in f"{letter.detail}{letter.field}", "a refusal repeats what was sent"
    return str(letter.reason)


def _input(rng: Random) -> tuple[Topic, bytes]:
    way = rng.random()
    if way < 0.1:
        mark = rng.choice((b"", CONFLUENT, SINGLE_OBJECT, rng.choice(RECORDS)[1][:10]))
        return rng.choice(INPUTS), mark + rng.randbytes(rng.randint(0, 200))
    if way < 0.55:
        topic, value = rng.choice(RECORDS)
        return topic, damaged(rng, value, _VALUES)
    topic, event, payload = rng.choice(GOOD)
    for _ in range(_TRIES):
        # what the schema itself forbids never leaves the sender
        with suppress(InvalidRecord):
            return topic, encode_event(topic, event, reshaped(rng, payload, _PAYLOADS))
    topic, value = rng.choice(RECORDS)
    return topic, damaged(rng, value)


_TRIES: Final = 6


_VALUES: Final = [value for _, value in RECORDS]
_PAYLOADS: Final = [payload for _, _, payload in GOOD]


class _Registry:
    """Knows every schema of ours by a number, and some that no event of ours has."""

    def __init__(self) -> None:
        schemas = bundled_codec().catalog.all()
        self.known: dict[int, JsonSchema] = {number: schema.declared for number, schema in enumerate(schemas)}
        self.known[900] = {"type": "record", "name": "Strange", "fields": [{"name": "x", "type": "null"}]}
        self.known[901] = {"type": "array", "items": "null"}
        self.known[902] = {"type": "record", "name": "Loop", "fields": [{"name": "l", "type": ["null", "Loop"]}]}

    def id_of(self, schema: Any) -> int:
        return next(number for number, known in self.known.items() if known == schema.declared)

    def writer(self, schema_id: int) -> JsonSchema | None:
        return self.known.get(schema_id)


@cache
def _registered() -> Codec:
    return Codec(bundled_codec().catalog, _Registry())


@cache
def _numbers() -> dict[bytes, int]:
    return {schema.fingerprint: number for number, schema in enumerate(bundled_codec().catalog.all())}


def registered(rng: Random) -> str:
    """The same in Confluent's wire format, with a registry that knows strange schemas too."""
    value = rng.choice(_VALUES)
    body = damaged(rng, value[10:], _VALUES) if rng.random() < 0.8 else value[10:]
    number = _numbers()[value[2:10]]
    if rng.random() < 0.3:
        number = rng.choice((rng.randrange(80), 900, 901, 902, rng.getrandbits(32)))
    return _refused_by(lambda: _registered().decode(CONFLUENT + number.to_bytes(4, "big") + body), (InvalidRecord,))


def outputs(rng: Random) -> str:
    """Bytes on an output topic, as sinks, gate and `explain` read them."""
    topic, value = rng.choice(samples(OUTPUTS))
    if rng.random() < 0.1:
        topic = rng.choice(OUTPUTS)
    return _refused_by(lambda: EMIT.decode(topic, damaged(rng, value, _values(OUTPUTS))), (InvalidRecord,))


def dead_letters(rng: Random) -> str:
    """A dead letter whose fields are anything is shown, listed and redriven, or not redriven with the reason."""
    whole = EMIT.decode(*rng.choice(_letters()))
    assert isinstance(whole, DeadLetter)
    changes: dict[str, Any] = {
        "topic": rng.choice((whole.topic, "suppressions", "", MARK)),
        "partition": rng.choice((0, -1, 2**31 - 1)),
        "key": rng.choice((None, b"", rng.randbytes(3))),
        "value": rng.choice((None, b"", damaged(rng, whole.value or b""))),
        "field": rng.choice((None, "", "a.0.b")),
    }
    letter = msgspec.structs.replace(whole, **{name: changes[name] for name in rng.sample(sorted(changes), 2)})
    again = EMIT.decode(Topic.DEAD_LETTERS, EMIT.record(letter).value)
    assert again == letter
    assert all([*listing([letter]), *description(letter, with_bytes=True), as_json(letter, with_bytes=True)])
    plan = redrive([letter])
    assert len(plan.records) + len(plan.refused) == 1, "swallowed"
    return ACCEPTED if plan.records else "not redriven"


def logs(rng: Random) -> str:
    """Records of the logs between the stages."""
    topic, value = rng.choice(samples(LOGS))
    read: Callable[[bytes], object] = decode_entry if topic is Topic.DIRECTORY else decode_fact
    return _refused_by(lambda: read(_internal(rng, value, 1, _values(LOGS))), INTERNAL)


_STATES: Final[dict[Topic, tuple[Callable[[bytes], object], Callable[[bytes], object]]]] = {
    Topic.JOURNEY_CHANGELOG: (journey_stored.decode_state, journey_stored.stored_due),
    Topic.DIRECTORY_CHANGELOG: (directory_stored.decode_state, directory_stored.stored_due),
    Topic.REGISTER_CHANGELOG: (register_state.decode_entry, register_state.stored_due),
}


def states(rng: Random) -> str:
    """States as the changelogs keep them."""
    topic, value = rng.choice(samples(CHANGELOGS))
    changed = _internal(rng, value, 9, _values(CHANGELOGS))
    told = [_refused_by(lambda read=read: read(changed), INTERNAL) for read in _STATES[topic]]  # type: ignore[misc]
    return told[0]


def _internal(rng: Random, value: bytes, head: int, others: Sequence[bytes]) -> bytes:
    """Damage a record of ours: its bytes, or what its msgpack says."""
    if rng.random() < 0.5:
        return damaged(rng, value, others)
    plain = msgspec.msgpack.decode(value[head:], strict=False)
    try:
        return value[:head] + msgspec.msgpack.encode(reshaped(rng, plain))
    except (OverflowError, msgspec.MsgspecError):
        return damaged(rng, value)


def _refused_by(read: Callable[[], object], refusals: tuple[type[Exception], ...]) -> str:
    try:
        read()
    except refusals as error:
        assert str(error), "a refusal without a reason"
        return error.reason if isinstance(error, InvalidRecord) else type(error).__name__
    return ACCEPTED


@cache
def samples(topics: tuple[Topic, ...]) -> list[tuple[Topic, bytes]]:
    """Return what the stories leave on these topics, of each topic up to 400 records."""
    found = Shop.after_the_stories()
    picked: list[tuple[Topic, bytes]] = []
    for topic in topics:
        values = found.get(topic, [])
        picked += [(topic, value) for value in values[:: max(1, len(values) // 400)]]
    assert {topic for topic, _ in picked} >= set(topics) - {Topic.DEAD_LETTERS}, "the stories do not say everything"
    return picked


@cache
def _values(topics: tuple[Topic, ...]) -> list[bytes]:
    return [value for _, value in samples(topics)]


@cache
def _letters() -> list[tuple[Topic, bytes]]:
    refused = [INTAKE.admit(record(topic, value[:-1] + b"\xff\xff"))[0] for topic, value in RECORDS]
    found: list[tuple[Topic, bytes]] = [
        (out.topic, out.value) for out in refused if out.topic is Topic.DEAD_LETTERS and out.value is not None
    ]
    assert found
    return found

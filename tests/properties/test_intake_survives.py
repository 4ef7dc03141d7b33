"""Whatever bytes arrive, intake answers: with facts that respect the limits, or with one dead letter."""

import json
from collections.abc import Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from app.clock import DAY
from app.emit.records import decode_output
from app.errors import InvalidRecord
from app.facts import FactWaiting, decode_entry, decode_fact
from app.intake.campaigns import register_key
from app.intake.limits import EARLIEST, MAX_ID
from app.outputs import DeadLetter
from app.stage import OutRecord
from app.topics import INPUTS, Topic
from app.wire.catalog import EXAMPLES, bundled
from app.wire.codec import CONFLUENT, SINGLE_OBJECT
from app.wire.payload import encode_event
from tests.support.intake_records import INTAKE, NOW, record

GOOD: list[tuple[Topic, str, dict[str, Any]]] = [
    (Topic(file.parts[-3]), file.parts[-2], json.loads(file.read_text()))
    for file in sorted((bundled().folder / EXAMPLES).rglob("good-full.json"))
    if Topic(file.parts[-3]) in INPUTS
]
RECORDS = [(topic, encode_event(topic, event, payload)) for topic, event, payload in GOOD]
MARKS = [SINGLE_OBJECT + schema.fingerprint for schema in bundled().all()]
TOPICS = st.sampled_from(INPUTS)
NASTY = st.one_of(
    st.text(max_size=40),
    st.sampled_from(["", " ", "\x00", "\x1f", "NaN", "-1", "1e400", "Ω" * 300, "2026-02-30T00:00:00Z", "\u2028", "٣"]),
    st.integers(min_value=-(2**63), max_value=2**63 - 1),
    st.booleans(),
    st.none(),
    st.just([]),
    st.just({}),
)


def answered(outputs: Sequence[OutRecord], value: bytes) -> None:
    """Fail unless the outputs are one dead letter with the record in it, or facts within the limits."""
    assert outputs
    for output in outputs:
        assert output.value is not None
        assert output.key
        if output.topic is Topic.DEAD_LETTERS:
            letter = decode_output(output.topic, output.value)
            assert isinstance(letter, DeadLetter)
            assert letter.value == value
            assert letter.detail
            assert len(outputs) == 1
        elif output.topic is Topic.JOURNEY_LOG:
            fact = decode_fact(output.value)
            assert fact.subject.customer is not None
            assert output.key == fact.subject.customer.encode()
            assert EARLIEST <= fact.occurred_at <= NOW + DAY
            assert 0 < len(fact.subject.customer) <= MAX_ID
        elif output.topic is Topic.REGISTER_LOG:
            fact = decode_fact(output.value)
            assert output.key == register_key(fact.what)
            assert EARLIEST <= fact.occurred_at <= NOW + DAY
        else:
            assert output.topic is Topic.DIRECTORY
            entry = decode_entry(output.value)
            assert output.key == entry.alias.key()
            assert isinstance(entry, FactWaiting) == (entry_customer(entry) is None)


def entry_customer(entry: Any) -> str | None:
    subject = entry.fact.subject if isinstance(entry, FactWaiting) else entry.subject
    customer: str | None = subject.customer
    return customer


@given(TOPICS, st.binary(max_size=200))
def test_arbitrary_bytes_become_a_dead_letter(topic: Topic, value: bytes) -> None:
    answered(INTAKE.admit(record(topic, value)), value)


@given(TOPICS, st.sampled_from([*MARKS, CONFLUENT, SINGLE_OBJECT]), st.binary(max_size=300))
def test_arbitrary_bytes_behind_a_true_mark_are_answered(topic: Topic, mark: bytes, body: bytes) -> None:
    answered(INTAKE.admit(record(topic, mark + body)), mark + body)


@given(st.sampled_from(RECORDS), st.data())
@settings(max_examples=300)
def test_a_record_damaged_on_the_way_is_answered(sent: tuple[Topic, bytes], data: st.DataObject) -> None:
    topic, value = sent
    damaged = bytearray(value)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(damaged) - 1))
        damaged[place] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(damaged)))
    for received in (bytes(damaged), bytes(damaged[:cut]), bytes(damaged) + value):
        answered(INTAKE.admit(record(topic, received)), received)


@given(st.sampled_from(GOOD), st.data())
@settings(max_examples=400)
def test_a_payload_with_nasty_values_is_told_to_its_producer_or_answered(
    sent: tuple[Topic, str, dict[str, Any]], data: st.DataObject
) -> None:
    topic, event, payload = sent
    changed = mutated(payload, data)
    value = sent_or_told(topic, event, changed)
    if isinstance(value, InvalidRecord):
        assert value.field
    else:
        answered(INTAKE.admit(record(topic, value)), value)


def sent_or_told(topic: Topic, event: str, payload: dict[str, Any]) -> bytes | InvalidRecord:
    try:
        return encode_event(topic, event, payload)
    except InvalidRecord as error:
        return error


def mutated(payload: Any, data: st.DataObject) -> Any:
    """A copy with one value replaced somewhere, at any depth."""
    if isinstance(payload, dict) and payload and data.draw(st.booleans()):
        name = data.draw(st.sampled_from(sorted(payload)))
        return {**payload, name: mutated(payload[name], data)}
    if isinstance(payload, list) and payload and data.draw(st.booleans()):
        return [mutated(payload[0], data), *payload[1:]]
    return data.draw(NASTY) if not isinstance(payload, dict) else {**payload, **one_replaced(payload, data)}


def one_replaced(payload: dict[str, Any], data: st.DataObject) -> dict[str, Any]:
    return {data.draw(st.sampled_from(sorted(payload))): data.draw(NASTY)} if payload else {}

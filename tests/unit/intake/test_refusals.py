"""What is no event at all, what is too much, and what a dead letter says of it."""

import pytest
from msgspec import structs

from app.errors import InvalidRecord
from app.facts import FactWaiting, Source, decode_entry
from app.intake.limits import MAX_RECORD_BYTES
from app.intake.stage import Intake
from app.intake.stamp import replay_headers
from app.outputs import DeadLetterReason
from app.stage import LogRecord
from app.topics import Topic
from app.wire.codec import bundled_codec
from app.wire.dead_letters import KEEP_BYTES
from app.wire.payload import encode_event
from tests.support.intake_records import INTAKE, NOW, example, facts, letter, record

PLACED = encode_event(Topic.ORDERS, "order_placed", example(Topic.ORDERS, "order_placed", "good-full"))
CONFLUENT = b"\x00\x00\x00\x00\x07" + PLACED[10:]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, DeadLetterReason.UNDECODABLE),
        (b"", DeadLetterReason.UNDECODABLE),
        (b'{"order_id": "1001"}', DeadLetterReason.UNDECODABLE),
        (PLACED[:6], DeadLetterReason.UNDECODABLE),
        (PLACED[:-3], DeadLetterReason.UNDECODABLE),
        (PLACED + b"\x00", DeadLetterReason.UNDECODABLE),
        (b"\xc3\x01" + bytes(8) + PLACED[10:], DeadLetterReason.UNKNOWN_SCHEMA),
        (CONFLUENT, DeadLetterReason.UNKNOWN_SCHEMA),
        (PLACED + bytes(MAX_RECORD_BYTES), DeadLetterReason.TOO_LARGE),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_own_bytes(value: bytes | None, reason: DeadLetterReason) -> None:
    refused = letter(INTAKE.admit(record(Topic.ORDERS, value)))
    assert refused.reason is reason
    assert refused.value == value
    assert (refused.key, refused.topic, refused.partition, refused.offset) == (b"k", "orders", 2, 7)
    assert refused.at == refused.timestamp == NOW


def test_a_confluent_record_without_a_registry_says_which_setting_is_missing() -> None:
    assert "MAKEGOOD_SCHEMA_REGISTRY_URL" in letter(INTAKE.admit(record(Topic.ORDERS, CONFLUENT))).detail


def test_an_event_of_another_topic_is_unknown_here() -> None:
    refused = letter(INTAKE.admit(record(Topic.CASE_EVENTS, PLACED)))
    assert refused.reason is DeadLetterReason.UNKNOWN_EVENT
    assert refused.detail == "orders/order_placed.v1 is no event of the topic case-events"


def test_an_output_is_no_input() -> None:
    said = INTAKE.admit(record(Topic.ORDERS, b"rubbish"))[0].value
    assert letter(INTAKE.admit(record(Topic.ORDERS, said))).reason is DeadLetterReason.UNKNOWN_EVENT


def test_a_record_too_large_to_quote_leaves_its_place_in_the_letter() -> None:
    refused = letter(INTAKE.admit(record(Topic.ORDERS, bytes(KEEP_BYTES + 1), key=bytes(10))))
    assert refused.value is None
    assert refused.key == bytes(10)
    assert refused.detail.endswith("its bytes are not kept here, read them at the origin")


def test_the_same_record_refused_twice_is_one_letter() -> None:
    first, again = (INTAKE.admit(record(Topic.ORDERS, b"x"))[0] for _ in range(2))
    assert first == again
    other = LogRecord(b"k", b"x", NOW, Topic.ORDERS, 2, 8)
    assert INTAKE.admit(other)[0].key != first.key


def test_a_letter_never_quotes_a_value_outside_the_records_own_bytes() -> None:
    secret = "kim@example.org\x01"
    payload = {**example(Topic.CUSTOMERS, "profile_stated", "good-full"), "identities": {"email": secret}}
    refused = letter(INTAKE.admit(record(Topic.CUSTOMERS, encode_event(Topic.CUSTOMERS, "profile_stated", payload))))
    assert refused.field == "identities.email"
    assert "kim" not in refused.detail


@pytest.mark.parametrize(("count", "field"), [(2_000, None), (2_001, "line_ids")])
def test_a_list_has_an_end(count: int, field: str | None) -> None:
    payload = {"occurred_at": NOW, "journey_id": "1", "by": "merchant", "line_ids": [str(n) for n in range(count)]}
    outputs = INTAKE.admit(record(Topic.ORDERS, encode_event(Topic.ORDERS, "cancelled", payload)))
    assert (letter(outputs).field if field else facts(outputs)[0].subject.journey) == (field or "order:1")


def test_a_producer_is_told_the_field_too() -> None:
    payload = {"occurred_at": NOW, "customer_id": "C", "identities": {"email": 5}}
    with pytest.raises(InvalidRecord, match=r"^identities\.email: must be text$"):
        encode_event(Topic.CUSTOMERS, "profile_stated", payload)


HEADERS = replay_headers(NOW, 41, Source("orders.csv", 3, 17))


def test_in_a_replay_time_and_place_are_the_datas_own() -> None:
    replayed = structs.replace(record(Topic.ORDERS, PLACED), headers=HEADERS, timestamp=NOW)
    (first, *_) = facts(Intake(bundled_codec(), replay=True).admit(replayed))
    assert (first.known_at, first.sequence, first.source) == (NOW, 41, Source("orders.csv", 3, 17))


def test_in_a_replay_a_letter_and_a_waiting_fact_stand_at_the_datas_place() -> None:
    intake = Intake(bundled_codec(), replay=True)
    late = NOW + 5_000
    refused = letter(intake.admit(LogRecord(None, b"x", late, Topic.ORDERS, 2, 7, HEADERS)))  # type: ignore[arg-type]
    assert (refused.topic, refused.partition, refused.offset, refused.timestamp) == ("orders", 3, 17, NOW)
    scan = encode_event(
        Topic.TRACKING_SCANS, "parcel_scanned", example(Topic.TRACKING_SCANS, "parcel_scanned", "good-minimal")
    )
    (output,) = intake.admit(structs.replace(record(Topic.TRACKING_SCANS, scan), headers=HEADERS))
    assert output.value is not None
    entry = decode_entry(output.value)
    assert isinstance(entry, FactWaiting)
    assert (entry.origin.partition, entry.origin.offset, entry.origin.timestamp) == (3, 17, NOW)


def test_live_a_sender_does_not_choose_our_clock() -> None:
    headers = replay_headers(NOW, 1, Source("x", 9, 9))
    found = facts(INTAKE.admit(LogRecord(None, PLACED, NOW, Topic.ORDERS, 2, 7, headers)))
    assert {(fact.sequence, fact.source) for fact in found} == {(0, Source("orders", 2, 7))}


@pytest.mark.parametrize("headers", [(), HEADERS[:2], ((*HEADERS[:2], ("makegood-origin", b"nowhere")))])
def test_a_replayed_record_without_its_headers_is_our_bug_and_stops_the_run(headers: tuple[()]) -> None:
    with pytest.raises(ValueError, match="has no usable headers"):
        Intake(bundled_codec(), replay=True).admit(structs.replace(record(Topic.ORDERS, PLACED), headers=headers))

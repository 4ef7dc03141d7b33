from decimal import Decimal

import pytest

from app.clock import Instant
from app.emit.records import Emit, decode_output
from app.errors import InvalidRecord
from app.facts import Identities, Money, Source
from app.ids import CaseId, CustomerId, JourneyId, OutputId, PolicyVersion, ProblemId, RemedyId
from app.outputs import (
    Arithmetic,
    Briefing,
    Cause,
    DeadLetter,
    DeadLetterReason,
    Decision,
    Escalation,
    Gesture,
    HoldEntry,
    Notice,
    Output,
    RampStep,
    Receipt,
    Remedy,
    RowFired,
    Scope,
    Suppression,
)
from app.stage import OutRecord
from app.topics import OUTPUTS, Topic
from app.wire.codec import bundled_codec
from app.wire.payload import encode_event

EMIT = Emit(bundled_codec())
ID, AT, CUSTOMER = OutputId("0c5f"), Instant(1_783_674_001_000), CustomerId("C-1")
ORDER, CASE, PROBLEM = JourneyId("order:1001"), CaseId("case:77"), ProblemId("p-1")
EUR = Money(Decimal("20.00"), "EUR")

HOLD = HoldEntry(Scope(("promotion",), ("email", "sms")), "delivery_late", "p-1", AT, "recovered", ORDER)
CREDIT = Gesture("store_credit", EUR, EUR, "marketing", {"expires": "never"})
PERK = Gesture("free_shipping", None, Money(Decimal("0.10"), "EUR"), "marketing")
RECEIPT = Receipt((Arithmetic("store_credit", "base * share", {"base": "40.00", "share": "0.5"}, "20.00"),))

SAID: dict[Topic, list[Output]] = {
    Topic.SUPPRESSIONS: [
        Suppression(ID, AT, CUSTOMER, True, (HOLD,), (), Identities(email="kim@example.org")),
        Suppression(ID, AT, CUSTOMER, False, (), (RampStep(("promotion",), AT, 1), RampStep(("survey",), AT))),
    ],
    Topic.REMEDIES: [
        Remedy(
            ID, AT, CUSTOMER, RemedyId("r"), "recovery", PROBLEM, ORDER, "p-1", "sorry_late", (CREDIT, PERK), RECEIPT
        ),
        Remedy(ID, AT, CUSTOMER, RemedyId("r"), "thank_you", PROBLEM, None, "p-1", "none", (), Receipt(())),
    ],
    Topic.NOTICES: [
        Notice(ID, AT, CUSTOMER, "customer", "late", PROBLEM, ORDER, CASE, {"items": "Beam"}, "Sorry", 2),
        Notice(ID, AT, CUSTOMER, "carrier", "late", None, None, None, {}, ""),
    ],
    Topic.ESCALATIONS: [
        Escalation(ID, AT, CUSTOMER, "duty_manager", "refund", "twice", PROBLEM, None, CASE, AT),
        Escalation(ID, AT, CUSTOMER, "duty_manager", "refund", "twice", None, ORDER, None),
    ],
    Topic.BRIEFINGS: [Briefing(ID, AT, CUSTOMER, "One problem.", (PROBLEM,), {"items": "Beam"})],
    Topic.DECISIONS: [
        Decision(
            ID,
            AT,
            CUSTOMER,
            ORDER,
            CASE,
            Cause("fact", "scanned", "f-1", Source("tracking-scans", 0, 7), AT),
            PolicyVersion("0123456789abcdef"),
            (RowFired("severity", "late", {"hours": "24"}),),
            ("problem opened",),
            ("0c60",),
        ),
        Decision(
            ID,
            AT,
            CUSTOMER,
            None,
            None,
            Cause("deadline", "due", "d-1", None, AT),
            PolicyVersion("0"),
            (),
            (),
            (),
        ),
    ],
    Topic.DEAD_LETTERS: [
        DeadLetter(ID, AT, DeadLetterReason.TOO_LARGE, "too much", None, "orders", 1, 2, b"k", b"v", AT),
        DeadLetter(ID, AT, DeadLetterReason.INVALID_FIELD, "no", "order_id", "orders", 1, 2, None, None, AT),
    ],
}
EACH = pytest.mark.parametrize("output", [one for said in SAID.values() for one in said])


def test_every_output_topic_is_covered_here() -> None:
    assert set(SAID) == set(OUTPUTS)


@EACH
def test_an_output_is_read_back_as_it_was_said(output: Output) -> None:
    record = EMIT.record(output)
    assert output in SAID[record.topic]
    assert decode_output(record.topic, record.value) == output


@EACH
def test_the_key_keeps_one_customers_outputs_together(output: Output) -> None:
    assert EMIT.record(output).key == (b"0c5f" if isinstance(output, DeadLetter) else b"C-1")


@EACH
def test_the_same_output_gives_the_same_bytes(output: Output) -> None:
    assert Emit(bundled_codec()).record(output) == EMIT.record(output)


def test_money_is_written_to_the_penny_however_it_was_computed() -> None:
    odd = Gesture("refund", Money(Decimal("1E+2"), "EUR"), Money(Decimal("0.10") * 3, "EUR"), "marketing")
    remedy = Remedy(ID, AT, CUSTOMER, RemedyId("r"), "recovery", PROBLEM, None, "c", "a", (odd,), Receipt(()))
    value = EMIT.record(remedy).value
    assert value is not None
    (gesture,) = bundled_codec().decode(value).payload["gestures"]
    assert gesture["amount"] == {"amount": "100", "currency": "EUR"}
    assert gesture["cost"] == {"amount": "0.30", "currency": "EUR"}


def test_a_tombstone_is_the_customers_key_without_a_value() -> None:
    assert EMIT.tombstone(CUSTOMER) == OutRecord(Topic.SUPPRESSIONS, b"C-1", None)
    assert decode_output(Topic.SUPPRESSIONS, None) is None


def test_what_is_no_output_of_that_topic_is_refused() -> None:
    order = encode_event(Topic.ORDERS, "order_confirmed", {"occurred_at": 0, "order_id": "1"})
    with pytest.raises(InvalidRecord, match="is no output of notices"):
        decode_output(Topic.NOTICES, order)
    with pytest.raises(ValueError, match="orders is no output topic"):
        decode_output(Topic.ORDERS, order)


def test_an_amount_that_is_none_is_refused_with_its_place_and_not_repeated() -> None:
    gesture = Gesture("refund", EUR, EUR, "marketing")
    remedy = Remedy(ID, AT, CUSTOMER, RemedyId("r"), "recovery", PROBLEM, None, "c", "a", (gesture,), Receipt(()))
    value = EMIT.record(remedy).value
    assert value is not None
    with pytest.raises(InvalidRecord, match="does not fit its field") as told:
        decode_output(Topic.REMEDIES, value.replace(b"20.00", b"2x.00"))
    assert told.value.field == "gestures[0].amount.amount"
    assert "2x.00" not in str(told.value)

from decimal import Decimal
from typing import Any

import pytest

from app.clock import from_iso
from app.facts import (
    Alias,
    AliasBound,
    AliasKind,
    ConsignmentPlan,
    ConsignmentsSplit,
    CouponIssued,
    FactWaiting,
    FailureStated,
    GivenPromise,
    JourneyBegan,
    JourneyCancelled,
    Line,
    LinesChanged,
    MilestoneReached,
    Money,
    ParcelRef,
    Party,
    PromiseMade,
    Source,
    Subject,
    What,
)
from app.ids import ConsignmentId, CustomerId, JourneyId, LineId
from app.topics import Topic
from tests.support.intake_records import NOW, admit, entries, example, facts, letter

AT = from_iso("2026-07-10T09:00:00Z")
ORDER = JourneyId("order:1001")
LINE = Line(LineId("1"), "SONOS-BEAM", "Sonos Beam", 2, Decimal("499.00"))
PARCEL = ParcelRef("dhl", "JJD00010002")


def full(event: str, **changes: Any) -> dict[str, Any]:
    return {**example(Topic.ORDERS, event, "good-full"), **changes}


def whats(event: str, **changes: Any) -> list[What]:
    return [fact.what for fact in facts(admit(Topic.ORDERS, event, full(event, **changes)))]


def test_an_order_placed_begins_a_journey_with_how_it_ships_and_what_it_is_promised() -> None:
    (found,) = facts(admit(Topic.ORDERS, "order_placed", full("order_placed")))
    promised = GivenPromise(
        "delivered", from_iso("2026-07-12T22:00:00Z"), Party.MERCHANT, "as ordered", ConsignmentId("A")
    )
    assert found.what == JourneyBegan(
        kind="order",
        brand="aurora",
        value=Money(Decimal("1047.50"), "EUR"),
        lines=(LINE,),
        needed_by=from_iso("2026-07-15T22:00:00Z"),
        country="DE",
        consignments=(ConsignmentPlan(ConsignmentId("A"), (LineId("1"),), "dhl", "S-9"),),
        promises=(promised,),
    )
    assert found.subject == Subject(CustomerId("C-1"), ORDER)


def test_facts_of_one_record_share_time_and_place_and_keep_their_order_by_rank() -> None:
    codes = [{"coupon_id": name, "honoured": True} for name in ("K-1", "K-2")]
    found = facts(admit(Topic.ORDERS, "order_placed", full("order_placed", codes=codes)))
    assert {(fact.occurred_at, fact.known_at, fact.source) for fact in found} == {(AT, NOW, Source("orders", 2, 7))}
    assert [fact.rank for fact in found] == [-2, -1, 0]
    assert [fact.id for fact in found] == [
        "orders/order_placed:id=E-1",
        "orders/order_placed:id=E-1#1",
        "orders/order_placed:id=E-1#2",
    ]


def test_an_event_without_an_id_is_named_by_where_it_stands() -> None:
    (found,) = facts(admit(Topic.ORDERS, "order_placed", example(Topic.ORDERS, "order_placed", "good-minimal")))
    assert found.id == "orders:at=2:7"


def test_an_order_placed_binds_its_order_number() -> None:
    outputs = admit(Topic.ORDERS, "order_placed", full("order_placed"))
    alias = Alias(AliasKind.ORDER, "1001")
    subject = Subject(CustomerId("C-1"), ORDER)
    assert entries(outputs) == [AliasBound(alias, subject, AT, NOW, Source("orders", 2, 7))]
    assert outputs[-1].key == alias.key()
    assert {output.key for output in outputs[:-1]} == {b"C-1"}


def test_journeys_of_other_kinds_are_bound_with_their_kind() -> None:
    outputs = admit(Topic.ORDERS, "reservation_made", full("reservation_made"))
    (bound,) = entries(outputs)
    assert bound.alias == Alias(AliasKind.JOURNEY, "reservation:H-77")


def test_a_dispatch_reaches_the_milestone_and_binds_its_parcels_to_the_consignment() -> None:
    outputs = admit(Topic.ORDERS, "dispatched", full("dispatched"))
    (found,) = facts(outputs)
    assert found.what == MilestoneReached("dispatched", Party.SUPPLIER, (PARCEL,))
    (bound,) = entries(outputs)
    assert isinstance(bound, AliasBound)
    assert bound.alias == Alias(AliasKind.TRACKING, "JJD00010002", "dhl")
    assert bound.subject == Subject(CustomerId("C-1"), ORDER, ConsignmentId("A"))


def test_an_event_that_does_not_know_its_customer_waits_under_its_journey_with_its_record() -> None:
    payload = example(Topic.ORDERS, "dispatched", "good-minimal")
    (output,) = admit(Topic.ORDERS, "dispatched", payload)
    (entry,) = entries([output])
    assert isinstance(entry, FactWaiting)
    assert output.key == entry.alias.key() == Alias(AliasKind.ORDER, "1001").key()
    assert entry.fact.subject == Subject(None, ORDER)
    assert (entry.origin.topic, entry.origin.partition, entry.origin.offset) == (Topic.ORDERS, 2, 7)
    assert entry.origin.key == b"k"
    assert entry.origin.value is not None


ONE_FACT: list[tuple[str, What]] = [
    ("order_confirmed", MilestoneReached("confirmed", Party.MERCHANT)),
    ("lines_changed", LinesChanged((LINE,), Money(Decimal("998.00"), "EUR"))),
    (
        "consignments_split",
        ConsignmentsSplit(
            (ConsignmentPlan(ConsignmentId("A"), (LineId("1"),)), ConsignmentPlan(ConsignmentId("B"), ()))
        ),
    ),
    ("promise_made", PromiseMade("delivered", from_iso("2026-07-12T22:00:00Z"), Party.CARRIER, "as ordered")),
    (
        "milestone_reached",
        MilestoneReached("engineer_arrived", Party.PARTNER_LOCATION, amount=Money(Decimal(0), "EUR")),
    ),
    (
        "failure_stated",
        FailureStated("damaged", Party.CARRIER, (LineId("1"),), "box crushed", "Depot Hamburg"),
    ),
    ("understocked", FailureStated("understocked", Party.SUPPLIER, (LineId("1"),), "sold twice")),
    ("cancelled", JourneyCancelled(Party.MERCHANT, (LineId("1"),), "sold out")),
    ("refunded", MilestoneReached("refunded", Party.MERCHANT, amount=Money(Decimal("499.00"), "EUR"))),
    ("replaced", MilestoneReached("replaced", Party.MERCHANT, (PARCEL,), line_ids=(LineId("1"),))),
    (
        "service_unavailable",
        FailureStated("service_unavailable", Party.PARTNER_LOCATION, (), "no car", "Airport desk"),
    ),
    ("alternative_offered", MilestoneReached("alternative_offered", Party.MERCHANT)),
    (
        "alternative_failed",
        FailureStated("alternative_failed", Party.PARTNER_LOCATION, (), "no car", "Station desk"),
    ),
    ("given_up", MilestoneReached("given_up", Party.CUSTOMER)),
    ("served", MilestoneReached("served", Party.PARTNER_LOCATION)),
    ("trade_in_received", MilestoneReached("goods_received", Party.MERCHANT)),
    ("trade_in_inspected", MilestoneReached("inspected", Party.MERCHANT)),
    ("trade_in_accepted", MilestoneReached("accepted", Party.MERCHANT, amount=Money(Decimal("250.00"), "EUR"))),
]


def test_a_coupon_is_a_step_of_its_trade_in_and_something_the_customer_holds() -> None:
    assert whats("coupon_issued") == [
        MilestoneReached("coupon_issued", Party.MERCHANT),
        CouponIssued("K-1", "O-1", from_iso("2026-12-31T23:00:00Z")),
    ]


@pytest.mark.parametrize(("event", "what"), ONE_FACT, ids=[event for event, _ in ONE_FACT])
def test_an_event_says_one_thing(event: str, what: What) -> None:
    assert whats(event) == [what]


@pytest.mark.parametrize(
    ("event", "journey"),
    [
        ("refunded", "return:1001"),
        ("milestone_reached", "engineer_visit:V-7"),
        ("served", "reservation:H-77"),
        ("trade_in_received", "trade_in:T-5"),
    ],
)
def test_an_event_of_another_kind_is_about_a_journey_of_that_kind(event: str, journey: str) -> None:
    (found,) = facts(admit(Topic.ORDERS, event, full(event)))
    assert found.subject.journey == journey


def test_a_trade_in_begins_with_the_customers_goods_on_their_way() -> None:
    began, sent = whats("trade_in_sent")
    assert isinstance(began, JourneyBegan)
    assert (began.kind, len(began.promises)) == ("trade_in", 1)
    assert sent == MilestoneReached("dispatched", Party.CUSTOMER, (PARCEL,))


def test_a_return_is_a_journey_of_its_own() -> None:
    (began,) = whats("returned")
    assert isinstance(began, JourneyBegan)
    assert (began.kind, began.lines) == ("return", (LINE,))
    assert began.promises == (GivenPromise("refunded", from_iso("2026-07-24T22:00:00Z"), Party.MERCHANT),)


def test_a_promise_may_be_made_for_a_time_already_past() -> None:
    promise = {"milestone": "delivered", "due": "2026-07-01T00:00:00Z"}
    assert whats("promise_made", promise=promise) == [
        PromiseMade("delivered", from_iso("2026-07-01T00:00:00Z"), Party.MERCHANT)
    ]


@pytest.mark.parametrize("ahead", [False, True])
def test_a_senders_clock_may_run_ahead_of_ours_by_a_day_and_no_more(ahead: bool) -> None:
    payload = full("order_placed", occurred_at=NOW + 24 * 3_600_000 + int(ahead))
    outputs = admit(Topic.ORDERS, "order_placed", payload)
    if ahead:
        assert letter(outputs).field == "occurred_at"
    else:
        assert facts(outputs)[0].occurred_at == NOW + 24 * 3_600_000


def test_what_a_journey_is_said_to_be_is_kept_by_name() -> None:
    topic = Topic.ORDERS
    (found,) = facts(admit(topic, "reservation_made", example(topic, "reservation_made", "good-flight")))
    assert isinstance(found.what, JourneyBegan)
    assert found.what.attributes == (("distance_km", "1820"), ("route", "beyond_community"))

"""Random timelines of one customer's order and case, as upstream would publish them."""

from typing import Any, NamedTuple

from hypothesis import strategies as st

from app.clock import DAY, HOUR, MINUTE, Instant, from_iso, to_iso
from app.ids import CustomerId
from app.replay.timeline import Event
from app.topics import Topic

START = from_iso("2026-03-02T09:00:00Z")
CUSTOMER = CustomerId("C-1")
ORDER = "O-1"
PARCELS = {"A": "PW-A", "B": "PW-B"}


class Moment(NamedTuple):
    """An event, when it becomes known, and its place in the timeline (the order among equal times)."""

    known_at: Instant
    place: int
    event: Event


def moment(number: int, happened: int, topic: Topic, type_: str, payload: dict[str, Any]) -> Moment:
    """Return an event known as soon as it happened; `number` tells it from the others and is its place."""
    whole = {"event_id": f"e{number}", "occurred_at": to_iso(Instant(happened)), **payload}
    return Moment(Instant(happened), number, Event(topic=topic, type=type_, payload=whole))


def beginnings() -> list[Moment]:
    """Return the order every timeline begins with: two consignments, promised, dispatched."""
    lines = [
        {"line_id": "L1", "product_id": "P1", "name": "lamp", "quantity": 1, "unit_price": "60.00"},
        {"line_id": "L2", "product_id": "P2", "name": "shade", "quantity": 1, "unit_price": "40.00"},
    ]
    placed = {
        "customer_id": CUSTOMER,
        "order_id": ORDER,
        "brand": "house",
        "value": {"amount": "100.00", "currency": "USD"},
        "lines": lines,
        "consignments": [{"consignment_id": c, "line_ids": [f"L{n}"]} for n, c in enumerate(PARCELS, 1)],
        "promises": [{"milestone": "delivered", "due": to_iso(Instant(START + 3 * DAY))}],
    }
    said: list[tuple[int, str, dict[str, Any]]] = [
        (0, "order_placed", placed),
        (1, "order_confirmed", {"order_id": ORDER}),
    ]
    said += [
        (2 + n, "dispatched", {"journey_id": ORDER, "consignment_id": c, "parcels": [_parcel(c)]})
        for n, c in enumerate(PARCELS)
    ]
    return [moment(n, START + n * MINUTE, Topic.ORDERS, type_, payload) for n, type_, payload in said]


def _parcel(consignment: str) -> dict[str, str]:
    return {"carrier": "parcelwave", "tracking_number": PARCELS[consignment]}


def _scan(consignment: str, status: str) -> tuple[Topic, str, dict[str, Any]]:
    return Topic.TRACKING_SCANS, "parcel_scanned", {**_parcel(consignment), "status": status}


def _of_case(type_: str, **fields: Any) -> tuple[Topic, str, dict[str, Any]]:
    return Topic.CASE_EVENTS, type_, {"customer_id": CUSTOMER, "case_id": "K-1", **fields}


def _of_order(type_: str, **fields: Any) -> tuple[Topic, str, dict[str, Any]]:
    return Topic.ORDERS, type_, {"journey_id": ORDER, **fields}


_SCANS = st.builds(
    _scan,
    st.sampled_from(sorted(PARCELS)),
    st.sampled_from(["accepted", "in_transit", "out_for_delivery", "failure", "attempt_failed", "delivered"]),
)
_HAPPENINGS = st.one_of(
    _SCANS,
    _SCANS,
    st.just(_of_case("case_opened", channel="email", journey_id=ORDER, desk="orders")),
    st.just(_of_case("message_received", channel="email")),
    st.just(_of_case("message_sent", channel="email")),
    st.just(_of_case("case_resolved")),
    st.just(_of_case("case_reopened")),
    st.just((Topic.CASE_EVENTS, "contact_attempted", {"customer_id": CUSTOMER, "journey_id": ORDER, "means": "call"})),
    st.just(_of_order("failure_stated", consignment_id="A", failure="damaged", fault="carrier")),
    st.just(_of_order("failure_stated", consignment_id="B", failure="lost", fault="carrier")),
    st.just((Topic.ORDERS, "understocked", {"order_id": ORDER, "consignment_id": "B", "line_ids": ["L2"]})),
    st.just(_of_order("cancelled", by="customer")),
    st.just(_of_order("refunded", consignment_id="B", amount={"amount": "40.00", "currency": "USD"})),
    st.just(
        (
            Topic.REMEDY_OUTCOMES,
            "given_by_hand",
            {
                "customer_id": CUSTOMER,
                "journey_id": ORDER,
                "gesture": "store_credit",
                "amount": {"amount": "5.00", "currency": "USD"},
            },
        )
    ),
)


_BEFORE: dict[str, tuple[str, ...]] = {
    "case_opened": ("",),
    "message_received": ("case_opened", "case_resolved", "case_reopened"),
    "message_sent": ("case_opened", "case_resolved", "case_reopened"),
    "case_resolved": ("case_opened", "case_reopened"),
    "case_reopened": ("case_resolved",),
}
"""What a case must have come to before an event of it; "" is nothing yet."""

_ONCE = {"refunded", "understocked", "failure_stated"}
"""What a shop says once: the same thing is neither lost nor paid back twice."""


@st.composite
def timelines(draw: st.DrawFn, most: int = 14) -> list[Moment]:
    """Draw a timeline: the order, then happenings minutes to days apart, each at a time of its own.

    A case is opened once, and resolved and reopened in turn.
    """
    gaps = st.one_of(st.integers(1, 300).map(lambda n: n * MINUTE), st.integers(1, 60).map(lambda n: n * HOUR))
    moments = beginnings()
    at = int(moments[-1].known_at)
    case = ""
    said: set[tuple[str, str | None]] = set()
    for gap, (topic, type_, payload) in draw(st.lists(st.tuples(gaps, _HAPPENINGS), max_size=most)):
        once = (type_, payload.get("failure"))
        if case not in _BEFORE.get(type_, (case,)) or (type_ in _ONCE and once in said):
            continue
        said.add(once)
        case = type_ if type_.startswith("case_") else case
        at += gap
        moments.append(moment(len(moments), at, topic, type_, payload))
    return moments


def unknown_scan(number: int, at: int, consignment: str) -> Moment:
    """Return a scan that says nothing."""
    topic, type_, payload = _scan(consignment, "unknown")
    return moment(number, at, topic, type_, payload)

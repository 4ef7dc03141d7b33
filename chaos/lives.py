"""What is published: lives of made-up customers, seconds long, with everything that a sender gets wrong."""

from collections.abc import Iterator
from random import Random
from typing import Any, Final, NamedTuple

from app.clock import Instant, to_iso
from app.stage import OutRecord
from app.topics import Topic
from app.wire.payload import encode_event

_CARRIERS: Final = ("parcelwave", "northpost", "fleetfoot")
_SECOND: Final = 1_000
_TWICE: Final = 0.05
_DELAYED: Final = 0.05
_RUBBISH: Final = 0.03

Payload = dict[str, Any]


class Sent(NamedTuple):
    """A record and how many ms after the life's beginning it is published."""

    after: int
    record: OutRecord


def life(rng: Random, name: str, begins: Instant) -> list[Sent]:
    """Return one customer's records: an order with a promise due in seconds, scans, perhaps a case, in the order sent.

    Some are sent twice, some late, some out of order; beside them rubbish that nobody can read.
    """
    said = [
        (rng.randrange(2_000) + after, topic, type_, payload)
        for after, topic, type_, payload in _said(rng, name, begins)
    ]
    found = []
    for number, (after, topic, type_, payload) in enumerate(said):
        whole = {"event_id": f"{name}-{number}", "occurred_at": to_iso(Instant(begins + after)), **payload}
        record = OutRecord(topic, _key(rng, name, number), encode_event(topic, type_, whole))
        delay = rng.randrange(8_000) if rng.random() < _DELAYED else 0
        found.append(Sent(after + delay, record))
        if rng.random() < _TWICE:
            found.append(Sent(after + rng.randrange(6_000), record))
        if rng.random() < _RUBBISH:
            found.append(Sent(after, OutRecord(topic, record.key, _spoilt(rng, record.value or b""))))
    return sorted(found, key=lambda sent: sent.after)


def terms(at: Instant) -> list[OutRecord]:
    """Return what is stated for all customers: an offer, the terms of its coupons, a playlist."""
    said: list[tuple[str, str, Payload]] = [
        ("O-1", "offer_stated", {"offer_id": "O-1", "version": 1, "terms": {"discount": "20 %"}}),
        (
            "O-1",
            "coupon_terms_stated",
            {"offer_id": "O-1", "version": 1, "terms": {"discount": "20 %", "products": ["P-1"]}},
        ),
    ]
    return [
        OutRecord(
            Topic.CAMPAIGNS, key.encode(), encode_event(Topic.CAMPAIGNS, type_, {"occurred_at": to_iso(at), **payload})
        )
        for key, type_, payload in said
    ]


def _said(rng: Random, name: str, begins: Instant) -> Iterator[tuple[int, Topic, str, Payload]]:
    order, case = f"O-{name}", f"K-{name}"
    parcel = {"carrier": rng.choice(_CARRIERS), "tracking_number": f"T{name}"}
    due = rng.randrange(3 * _SECOND, 15 * _SECOND)
    if rng.random() < 0.5:
        yield 0, Topic.CUSTOMERS, "profile_stated", _profile(rng, name)
    yield 500, Topic.ORDERS, "order_placed", _order(rng, name, order, Instant(begins + due))
    fate = rng.randrange(8)
    if fate == 0:
        yield 2_000, Topic.ORDERS, "understocked", {"order_id": order, "line_ids": ["1"]}
        yield 6_000, Topic.ORDERS, "refunded", {"journey_id": order, "amount": {"amount": "40.00", "currency": "EUR"}}
        return
    yield 2_500, Topic.ORDERS, "dispatched", {"journey_id": order, "parcels": [parcel]}
    for place, status in enumerate(("accepted", "in_transit", "in_transit", "out_for_delivery")):
        yield 3_000 + place * _SECOND, Topic.TRACKING_SCANS, "parcel_scanned", {**parcel, "status": status}
    if fate != 1:
        yield (
            rng.randrange(due - 2_000, due + 4_000),
            Topic.TRACKING_SCANS,
            "parcel_scanned",
            {**parcel, "status": "delivered"},
        )
    if fate < 4:
        yield from _case(rng, name, order, case)
    if fate == 5:
        yield (
            3_000,
            Topic.CAMPAIGNS,
            "offer_shown",
            {"customer_id": name, "offer_id": "O-1", "version": 1, "channel": "web"},
        )
    if fate == 6:
        yield from _decisions(rng, name)


def _case(rng: Random, name: str, order: str, case: str) -> Iterator[tuple[int, Topic, str, Payload]]:
    about = {"customer_id": name, "case_id": case}
    yield (
        5_000,
        Topic.CASE_EVENTS,
        "case_opened",
        {**about, "journey_id": order, "channel": "email", "desk": "orders", "complaint": rng.random() < 0.5},
    )
    for place, desk in enumerate(("delivery", "orders")):
        yield 6_000 + place * _SECOND, Topic.CASE_EVENTS, "case_handed_over", {"case_id": case, "desk": desk}
    if rng.random() < 0.6:
        yield 9_000, Topic.CASE_EVENTS, "message_sent", {"case_id": case, "channel": "email"}
        yield 10_000, Topic.CASE_EVENTS, "case_resolved", {"case_id": case}


def _decisions(rng: Random, name: str) -> Iterator[tuple[int, Topic, str, Payload]]:
    by = {"customer_id": name, "operator": "kim", "role": rng.choice(("cx_lead", "agent"))}
    yield 4_000, Topic.OPERATOR_DECISIONS, "operator_decided", {**by, "action": "hold", "reason": "asked to"}
    yield 8_000, Topic.OPERATOR_DECISIONS, "operator_decided", {**by, "action": "release", "reason": "settled"}


def _profile(rng: Random, name: str) -> Payload:
    value = {"amount": f"{rng.randrange(20, 2_000)}.00", "currency": "EUR"}
    return {"customer_id": name, "lifetime_value": value, "identities": {"email": f"{name}@example.org"}}


def _order(rng: Random, name: str, order: str, due: Instant) -> Payload:
    price = f"{rng.randrange(10, 400)}.00"
    return {
        "customer_id": name,
        "order_id": order,
        "brand": "default",
        "country": rng.choice(("GB", "DE", "FR")),
        "value": {"amount": price, "currency": "EUR"},
        "lines": [{"line_id": "1", "product_id": "P-1", "name": "kettle", "quantity": 1, "unit_price": price}],
        "promises": [{"milestone": "delivered", "due": to_iso(due)}],
    }


def _key(rng: Random, name: str, number: int) -> bytes:
    """Spread one customer's records over all partitions: no sender's order is to be relied upon."""
    return f"{name}/{number}/{rng.randrange(1_000)}".encode()


def _spoilt(rng: Random, value: bytes) -> bytes:
    cut = value[: rng.randrange(len(value) + 1)]
    return cut + rng.randbytes(rng.randrange(40)) or b"rubbish"

"""Five weeks of a made-up shop: orders that come, that are late, that stand still, and cases that go round."""

from collections.abc import Iterator
from typing import Any, Final

from app.clock import DAY, HOUR, MINUTE, Instant, to_iso
from app.decide import load_folder
from app.replay.source import InputEvent
from app.replay.timeline import Event
from app.settings import ROOT
from app.topics import Topic
from tests.support.pipeline import Step, event_at, run
from tests.support.verdict import Emitted

CARRIERS: Final = ("parcelwave", "northpost", "fleetfoot")
COUNTRIES: Final = ("GB", "DE", "FR")
NAMES: Final = ("floor lamp", "desk chair", "wall bracket", "speaker", "kettle")

Said = tuple[int, Topic, str, dict[str, Any]]


def shop(now: Instant, customers: int = 90) -> list[Emitted]:
    """Everything that came out of five weeks up to `now`."""
    said = sorted((one for number in range(customers) for one in _customer(number, now)), key=lambda one: one[0])
    known = [one for one in said if one[0] <= now]
    events = tuple(_input(place, one) for place, one in enumerate(known))
    found: list[Emitted] = []
    run([Step(events, now)], load_folder(ROOT / "policies" / "default"), lambda heard: found.extend(heard.outputs()))
    return found


def _input(place: int, said: Said) -> InputEvent:
    at, topic, type_, payload = said
    whole = {"event_id": f"e{place}", "occurred_at": to_iso(Instant(at)), **payload}
    return event_at("shop", place, place, Instant(at), Event(topic=topic, type=type_, payload=whole))


def _customer(number: int, now: Instant) -> Iterator[Said]:
    name, began = f"C-{2000 + number}", now - (2 + number * 7 % 33) * DAY - number * 37 * MINUTE
    profile = {
        "customer_id": name,
        "lifetime_value": {"amount": f"{150 + number * 31 % 900}.00", "currency": "EUR"},
        "identities": {"email": f"customer{number}@example.org", "phone": f"+44 20 7946 {number:04d}"},
    }
    yield began - DAY, Topic.CUSTOMERS, "profile_stated", profile
    yield from _order(name, number, began)
    if number % 9 == 0:
        yield from _order(name, number + 1000, began + 12 * DAY)


def _order(name: str, number: int, began: int) -> Iterator[Said]:
    order, product = f"{7000 + number}", NAMES[number % len(NAMES)]
    parcel = {"carrier": CARRIERS[number % 3], "tracking_number": f"PW{number}"}
    value = f"{30 + number * 13 % 300}.00"
    placed = {
        "customer_id": name,
        "order_id": order,
        "brand": "default",
        "country": COUNTRIES[number % 3],
        "value": {"amount": value, "currency": "EUR"},
        "lines": [{"line_id": "1", "product_id": "P1", "name": product, "quantity": 1, "unit_price": value}],
        "promises": [{"milestone": "delivered", "due": to_iso(Instant(began + 4 * DAY))}],
    }
    yield began, Topic.ORDERS, "order_placed", placed
    yield began + 20 * MINUTE, Topic.ORDERS, "order_confirmed", {"order_id": order}
    fate = number % 12
    if fate == 7:
        yield began + 6 * HOUR, Topic.ORDERS, "understocked", {"order_id": order, "line_ids": ["1"]}
        return
    if fate == 9:
        yield began + 9 * HOUR, Topic.ORDERS, "cancelled", {"journey_id": order, "by": "customer"}
        return
    yield began + DAY, Topic.ORDERS, "dispatched", {"journey_id": order, "parcels": [parcel]}
    for hours, status in ((27, "accepted"), (40, "in_transit")):
        yield began + hours * HOUR, Topic.TRACKING_SCANS, "parcel_scanned", {**parcel, "status": status}
    late = {3: 30 * HOUR, 5: 60 * HOUR}.get(fate, 0)
    if fate != 1:
        yield began + 70 * HOUR + late, Topic.TRACKING_SCANS, "parcel_scanned", {**parcel, "status": "out_for_delivery"}
        yield began + 76 * HOUR + late, Topic.TRACKING_SCANS, "parcel_scanned", {**parcel, "status": "delivered"}
    if fate in {1, 5}:
        yield from _case(name, number, order, began + 4 * DAY + 5 * HOUR, solved=fate == 5)


def _case(name: str, number: int, order: str, at: int, *, solved: bool) -> Iterator[Said]:
    case = {"customer_id": name, "case_id": f"K-{number}"}
    opened = {**case, "journey_id": order, "channel": "email", "desk": "orders", "complaint": number % 2 == 1}
    yield at, Topic.CASE_EVENTS, "case_opened", opened
    if solved:
        yield at + 2 * HOUR, Topic.CASE_EVENTS, "message_sent", {**case, "channel": "email"}
        yield at + 30 * HOUR, Topic.CASE_EVENTS, "case_resolved", case
        return
    for hours, desk in ((3, "delivery"), (9, "orders")):
        yield at + hours * HOUR, Topic.CASE_EVENTS, "case_handed_over", {**case, "desk": desk}

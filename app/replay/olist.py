"""Source `olist`: a marketplace's recorded orders as the events that its shop, carriers and surveys would have sent.

Times are local (America/Sao_Paulo), money is BRL. One consignment per seller, all sharing the order's hand-over and
delivery times, each with a tracking number made from its ids. Events with one time stand in the order of the orders'
rows and, within an order, of its life.
"""

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple

from app.clock import SECOND, Instant, after, from_datetime, to_datetime, to_iso
from app.replay.olist_rows import ORDERS, REVIEWS, ZONE, Item, Order, Review, Tables, read
from app.replay.source import InputEvent, Malformed, Position, Timeline, folder_with
from app.topics import Topic

NAME: Final = "olist"
CARRIER: Final = "olist"
"""The data does not name its carriers."""
WHOLE: Final = "whole"
"""The consignment of an order without items."""
_LOW_SCORE: Final = 2
_SCALE: Final = 5
_CURRENCY: Final = "BRL"


class _Step(NamedTuple):
    """One event of an order's life; `about` is a consignment's seller, a review, or nothing."""

    known_at: Instant
    type: str
    about: Any = None


def load(data: Path) -> Timeline:
    """Read the folder's tables and sort their events; SetupError when a table is missing."""
    malformed: list[Malformed] = []
    tables = read(folder_with(data, NAME, ORDERS), malformed.append)
    index = sorted(
        (step.known_at, number, place)
        for number, order in enumerate(tables.orders)
        for place, step in enumerate(_steps(order))
    )

    def events() -> Iterator[InputEvent]:
        for sequence, (_, number, place) in enumerate(index):
            order = tables.orders[number]
            yield _event(tables, order, place, sequence)

    return Timeline(NAME, NAME, len(index), tuple(malformed), events)


def due_of(estimate: Instant) -> Instant:
    """Return when a promise until the end of an estimate's local day runs out: the next local day's first instant."""
    day = to_datetime(estimate, ZONE).date() + timedelta(days=1)
    return from_datetime(datetime.combine(day, time.min, tzinfo=ZONE))


def tracking_number(order: str, seller: str) -> str:
    """Return the tracking number made for a consignment."""
    return f"{order}-{seller}"


def _steps(order: Order) -> list[_Step]:
    """Return the order's events as they are caused by one another; those with one known_at keep this order."""
    steps = [_Step(order.purchased, "order_placed")]
    if order.approved is not None:
        steps.append(_Step(order.approved, "order_confirmed"))
    for seller in _sellers(order):
        if order.handed_over is not None:
            steps += [_Step(order.handed_over, "dispatched", seller), _Step(order.handed_over, "accepted", seller)]
        if order.delivered is not None:
            steps.append(_Step(order.delivered, "delivered", seller))
    steps += _ended(order)
    for review in order.reviews:
        steps += _reviewed(review)
    return steps


def _ended(order: Order) -> list[_Step]:
    """Return the end that the order's status states; the data has no time for it, so just after its latest own."""
    word = {"unavailable": "understocked", "canceled": "cancelled"}.get(order.status)
    if word is None:
        return []
    own = (order.purchased, order.approved, order.handed_over, order.delivered)
    return [_Step(after(max(moment for moment in own if moment is not None), SECOND), word)]


def _reviewed(review: Review) -> list[_Step]:
    answered = _Step(review.answered, "satisfaction_answered", review)
    if review.score > _LOW_SCORE or not review.said:
        return [answered]
    return [_Step(review.created, "case_opened", review), answered, _Step(review.answered, "case_resolved", review)]


def _event(tables: Tables, order: Order, place: int, sequence: int) -> InputEvent:
    step = _steps(order)[place]
    topic, type_, payload = _fields(tables, order, step)
    about = step.about
    origin = Position(REVIEWS, about.line, place) if isinstance(about, Review) else Position(ORDERS, order.line, place)
    stamped = {"event_id": _event_id(order, step), "occurred_at": to_iso(step.known_at), **payload}
    return InputEvent(topic, _key(topic, order, about), step.known_at, sequence, origin, type_, stamped)


def _key(topic: Topic, order: Order, about: str | Review | None) -> str:
    if topic is Topic.TRACKING_SCANS:
        return tracking_number(order.order, str(about))
    return case_id(order, about) if isinstance(about, Review) else order.order


def _event_id(order: Order, step: _Step) -> str:
    if isinstance(step.about, Review):
        review = f"{step.about.review}-{order.order}"
        return review if step.type == "satisfaction_answered" else f"{review}-{step.type}"
    return "-".join(part for part in (order.order, step.type, step.about) if part)


def _fields(tables: Tables, order: Order, step: _Step) -> tuple[Topic, str, dict[str, Any]]:
    """Return an event's topic, its name there and its own fields."""
    by_shop = {"customer_id": order.customer}
    about_order = {**by_shop, "order_id": order.order}
    match step.type:
        case "order_placed":
            return Topic.ORDERS, step.type, {**about_order, **_placed(tables, order)}
        case "order_confirmed" | "understocked":
            return Topic.ORDERS, step.type, about_order
        case "cancelled":
            return Topic.ORDERS, step.type, {**by_shop, "journey_id": order.order, "by": "unknown"}
        case "dispatched":
            return Topic.ORDERS, step.type, {**by_shop, **_dispatched(order, step.about)}
        case "accepted" | "delivered":
            return Topic.TRACKING_SCANS, "parcel_scanned", _scanned(order, step)
        case _:
            return Topic.CASE_EVENTS, step.type, {**by_shop, **_review_fields(order, step)}


def _placed(tables: Tables, order: Order) -> dict[str, Any]:
    sellers = _sellers(order)
    return {
        "brand": NAME,
        "country": "BR",
        "value": None if order.paid is None else {"amount": str(order.paid), "currency": _CURRENCY},
        "promises": [*_delivery_promise(order), *(_hand_over_promise(order, seller) for seller in sellers if seller)],
        "lines": [_line(item, tables.names) for item in order.items],
        "consignments": [_consignment(order, seller) for seller in sellers],
    }


def _delivery_promise(order: Order) -> list[dict[str, Any]]:
    if order.estimate is None:
        return []
    return [{"milestone": "delivered", "due": to_iso(due_of(order.estimate)), "by": "merchant"}]


def _hand_over_promise(order: Order, seller: str) -> dict[str, Any]:
    due = min(item.hand_over_by for item in order.items if item.seller == seller)
    return {"milestone": "dispatched", "due": to_iso(due), "by": "supplier", "consignment_id": seller}


def _line(item: Item, names: dict[str, str]) -> dict[str, Any]:
    return {
        "line_id": item.line_id,
        "product_id": item.product,
        "name": names.get(item.product, "item"),
        "quantity": 1,
        "unit_price": str(item.price),
    }


def _consignment(order: Order, seller: str) -> dict[str, Any]:
    if not seller:
        return {"consignment_id": WHOLE, "line_ids": []}
    lines = [item.line_id for item in order.items if item.seller == seller]
    return {"consignment_id": seller, "line_ids": lines, "carrier": CARRIER, "supplier": seller}


def _dispatched(order: Order, seller: str) -> dict[str, Any]:
    number = {"carrier": CARRIER, "tracking_number": tracking_number(order.order, seller)}
    return {
        "journey_id": order.order,
        "consignment_id": seller or WHOLE,
        "by": "supplier" if seller else "merchant",
        "parcels": [number] if seller else [],
    }


def _scanned(order: Order, step: _Step) -> dict[str, Any]:
    """Return a scan by the number that the carrier was told, or by order id while it has been told none."""
    known = order.handed_over is not None and order.handed_over <= step.known_at
    if step.about and known:
        whose = {"tracking_number": tracking_number(order.order, step.about)}
    else:
        whose = {"order_id": order.order, "consignment_id": step.about or WHOLE}
    return {"carrier": CARRIER, "status": step.type, **whose}


def _review_fields(order: Order, step: _Step) -> dict[str, Any]:
    about_order = {"journey_kind": "order", "journey_id": order.order}
    if step.type == "satisfaction_answered":
        return {**about_order, "score": step.about.score, "scale": _SCALE}
    if step.type == "case_resolved":
        return {"case_id": case_id(order, step.about)}
    return {
        **about_order,
        "case_id": case_id(order, step.about),
        "topic": "review",
        "channel": "review",
        "complaint": True,
    }


def case_id(order: Order, review: Review) -> str:
    """Return the case of a review that complains: one review may be about several orders."""
    return f"{review.review}-{order.order}"


def _sellers(order: Order) -> tuple[str, ...]:
    """Return the order's sellers as their first items stand; one without a name when it has no items."""
    return tuple(dict.fromkeys(item.seller for item in order.items)) or ("",)

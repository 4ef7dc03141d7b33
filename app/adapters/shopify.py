"""Shopify's Admin webhooks. Deliveries are unordered and repeated; `X-Shopify-Event-Id` is the same on every repeat."""

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from app.adapters import event as made
from app.adapters.carriers import carrier
from app.adapters.event import InputEvent, Payload
from app.adapters.foreign import Foreign
from app.errors import InvalidRecord
from app.facts import Party
from app.ids import name_based
from app.topics import Topic

REST: Final = "unfulfilled"
"""The consignment of the lines that no fulfilment carries yet."""


class Found(NamedTuple):
    """Which order a fulfilment order belongs to, and the order's lines in it, as the Admin API answered."""

    order_id: str
    line_ids: tuple[str, ...]


class NeedsOrder(InvalidRecord):
    """A hold that names only its fulfilment order: look `fulfillment_order` up and map again with what was found."""

    def __init__(self, fulfillment_order: str) -> None:
        detail = (
            "names no order, and it could not be looked up: set MAKEGOOD_WEBHOOK_SHOPIFY_SHOP and "
            "MAKEGOOD_WEBHOOK_SHOPIFY_TOKEN (scope read_merchant_managed_fulfillment_orders)"
        )
        super().__init__("invalid_field", detail, "fulfillment_order")
        self.fulfillment_order = fulfillment_order


class NotFoundOutError(Exception):
    """The shop could not be asked; the sender should try again."""


BY: Final[Mapping[str, Party]] = {
    "customer": Party.CUSTOMER,
    "declined": Party.CUSTOMER,
    "fraud": Party.NOBODY,
    "inventory": Party.MERCHANT,
    "staff": Party.MERCHANT,
}
"""Who cancelled, by `cancel_reason`. A payment that was declined is not the shop's failing; `staff` is staff error.
`other` and reasons not listed are nobody's known choice: they open no problem."""

UNDERSTOCKED: Final = frozenset({"inventory_out_of_stock", "unknown_delivery_date"})
"""Reasons of a fulfilment hold that mean the goods are not there; the others wait for payment, fraud checks, ..."""

STATUSES: Final[Mapping[str, tuple[str, str | None]]] = {
    "label_purchased": ("pre_transit", "label_purchased"),
    "label_printed": ("pre_transit", "label_printed"),
    "confirmed": ("pre_transit", "confirmed"),
    "carrier_picked_up": ("accepted", None),
    "in_transit": ("in_transit", None),
    "out_for_delivery": ("out_for_delivery", None),
    "attempted_delivery": ("attempt_failed", None),
    "ready_for_pickup": ("available_for_pickup", None),
    "picked_up": ("picked_up", None),
    "delayed": ("failure", "delayed"),
    "delivered": ("delivered", None),
    "failure": ("failure", "failure"),
}
"""FulfillmentEventStatus in our taxonomy; a status not listed is unknown, which clears nothing."""

_PAID: Final = "presentment_money"
"""Of an amount in two currencies, the one in which the customer paid; the other is the shop's own."""
_VOID: Final = frozenset({"cancelled", "error", "failure"})
"""Fulfilments that carry nothing."""


def events(topic: str, event_id: str | None, body: Foreign, *, at: str, found: Found | None = None) -> list[InputEvent]:
    """Return what a webhook of `X-Shopify-Topic` says; topics that are not mapped say nothing.

    `at` is when it was triggered, for the one payload that holds no time of its own. NeedsOrder when a hold names no
    order and `found` was not given.
    """
    if topic == "fulfillment_orders/placed_on_hold":
        return _hold(event_id, body, at, found)
    read = _READ.get(topic)
    return [] if read is None or body.truth("test") else read(event_id, body)


def _placed(event_id: str | None, body: Foreign) -> list[InputEvent]:
    customer = _customer(body)
    if customer is None:
        return []
    lines = [_line(item) for item in body.items("line_items")]
    common = {"event_id": event_id, "order_id": body.text("id")}
    placed = made.order(
        "order_placed",
        {
            **common,
            "occurred_at": body.moment("created_at"),
            "customer_id": customer,
            "value": _paid(body),
            "country": body.optional("shipping_address.country_code"),
            "lines": lines,
        },
    )
    paid = body.word("financial_status") == "paid"
    return [placed, *(_confirmed(event_id, body) if paid else [])]


def _customer(body: Foreign) -> str | None:
    """Return the customer's id; for a guest one that is always the same for the e-mail address, and not personal.

    None for a sale to nobody known, as at a till.
    """
    if body.has("customer.id"):
        return body.text("customer.id")
    email = body.optional("email")
    return None if email is None else name_based("shopify-guest", email.lower())


def _line(item: Foreign) -> Payload:
    return {
        "line_id": item.text("id"),
        "product_id": item.optional("product_id") or item.optional("sku") or item.text("id"),
        "name": item.optional("name") or item.text("title"),
        "quantity": item.whole("quantity"),
        "unit_price": item.amount(f"price_set.{_PAID}.amount" if item.has(f"price_set.{_PAID}.amount") else "price"),
    }


def _paid(body: Foreign) -> Payload:
    """Return the order's value in the currency the customer paid in, in which refunds come too."""
    paid = f"total_price_set.{_PAID}"
    if body.has(f"{paid}.amount"):
        return {"amount": body.amount(f"{paid}.amount"), "currency": body.text(f"{paid}.currency_code")}
    return {"amount": body.amount("total_price"), "currency": body.text("currency")}


def _confirmed(event_id: str | None, body: Foreign) -> list[InputEvent]:
    at = "processed_at" if body.has("processed_at") else "updated_at"
    payload = {"event_id": event_id, "order_id": body.text("id"), "occurred_at": body.moment(at)}
    return [made.order("order_confirmed", payload | _known(body))]


def _known(body: Foreign) -> Payload:
    return {"customer_id": _customer(body)}


def _shipped(event_id: str | None, body: Foreign) -> list[InputEvent]:
    """Return how an order ships: one consignment for each fulfilment, one for the lines that have none yet."""
    order_id = body.text("id")
    fulfilments = [each for each in body.items("fulfillments") if each.word("status") not in _VOID]
    if not fulfilments:
        return []
    plans: list[Payload] = [
        {"consignment_id": each.text("id"), "line_ids": _line_ids(each), "carrier": _carrier_or_none(each)}
        for each in fulfilments
    ]
    sent = {line for plan in plans for line in plan["line_ids"]}
    rest = [line for line in _line_ids(body) if line not in sent]
    if rest:
        plans.append({"consignment_id": REST, "line_ids": rest})
    _each_line_once(plans)
    payload = {
        "event_id": event_id,
        "order_id": order_id,
        "occurred_at": body.moment("updated_at"),
        "consignments": plans,
    }
    split = made.order("consignments_split", payload | _known(body))
    return [split, *(_dispatched(each, order_id) for each in fulfilments)]


def _each_line_once(plans: list[Payload]) -> None:
    """Leave a line that two fulfilments share in the first: half a line is not a consignment's."""
    seen: set[str] = set()
    for plan in plans:
        plan["line_ids"] = [line for line in plan["line_ids"] if line not in seen]
        seen.update(plan["line_ids"])


def _line_ids(body: Foreign) -> list[str]:
    return [item.text("id") for item in body.items("line_items")]


def _fulfilled(event_id: str | None, body: Foreign) -> list[InputEvent]:
    del event_id
    if body.word("status") in _VOID:
        return []
    return [_dispatched(body, body.text("order_id"))]


def _dispatched(fulfilment: Foreign, order_id: str) -> InputEvent:
    """Return a fulfilment's dispatch; its id grows with its numbers, which shops often add later."""
    numbers = _numbers(fulfilment)
    reference = fulfilment.text("id")
    name = carrier(fulfilment.optional("tracking_company"))
    return made.order(
        "dispatched",
        {
            "event_id": "/".join(("fulfillment", reference, *([name, *numbers] if numbers else [])))[:200],
            "journey_id": order_id,
            "consignment_id": reference,
            "occurred_at": fulfilment.moment("created_at"),
            "parcels": [{"carrier": name, "tracking_number": number} for number in numbers],
        },
    )


def _numbers(fulfilment: Foreign) -> list[str]:
    """Return the tracking numbers, each once: `tracking_number` is the first of `tracking_numbers`."""
    many = fulfilment.at("tracking_numbers").value
    listed = [str(number) for number in many if number] if isinstance(many, list) else []
    one = fulfilment.optional("tracking_number")
    return list(dict.fromkeys([*listed, *([one] if one else [])]))


def _carrier_or_none(fulfilment: Foreign) -> str | None:
    company = fulfilment.optional("tracking_company")
    return None if company is None else carrier(company)


def _scanned(event_id: str | None, body: Foreign) -> list[InputEvent]:
    del event_id
    status, finer = STATUSES.get(body.word("status"), ("unknown", None))
    return [
        made.scan(
            {
                "event_id": f"fulfillment_event/{body.text('id')}",
                "occurred_at": body.moment("happened_at" if body.has("happened_at") else "created_at"),
                "carrier": carrier(None),
                "order_id": body.text("order_id"),
                "consignment_id": body.text("fulfillment_id"),
                "status": status,
                "sub_status": finer,
                "raw_code": body.optional("status"),
                "location": body.optional("city"),
                "new_estimate": body.optional("estimated_delivery_at"),
            }
        )
    ]


def _hold(event_id: str | None, body: Foreign, at: str, found: Found | None) -> list[InputEvent]:
    """Return a hold for want of goods. The documented payload names no order, so that has to be `found`."""
    hold = _hold_of(body)
    reason = hold.word("reason")
    if reason not in UNDERSTOCKED:
        return []
    if found is None:
        found = _order_in(body)
    if found is None:
        raise NeedsOrder(body.text("fulfillment_order.id"))
    payload = {
        "event_id": event_id or hold.optional("id"),
        "order_id": found.order_id,
        "occurred_at": at,
        "line_ids": list(found.line_ids),
        "reason": reason,
    }
    return [made.order("understocked", payload)]


def _hold_of(body: Foreign) -> Foreign:
    """Return the hold that was placed: since API 2024-10 a field of its own, before that the first in the list."""
    if body.has("created_fulfillment_hold"):
        return body.at("created_fulfillment_hold").must_be_object()
    return next(body.at("fulfillment_order").must_be_object().items("fulfillment_holds"), Foreign({}, ""))


def _order_in(body: Foreign) -> Found | None:
    for name in ("fulfillment_order", "remaining_fulfillment_order"):
        if body.has(f"{name}.order_id"):
            held = body.at(name).items("line_items") if name == "fulfillment_order" else ()
            return Found(body.text(f"{name}.order_id"), tuple(item.text("line_item_id") for item in held))
    return None


def _refunded(event_id: str | None, body: Foreign) -> list[InputEvent]:
    """Return the money that went back: the refund's transactions that succeeded. A mere restocking says nothing."""
    paid = [
        each
        for each in body.items("transactions")
        if each.word("kind") == "refund" and each.word("status") in {"success", ""}
    ]
    if not paid:
        return []
    currencies = {each.text("currency") for each in paid}
    if len(currencies) > 1:
        body.at("transactions").refuse("must be in one currency")
    amount = {"amount": sum(each.amount("amount") for each in paid), "currency": currencies.pop()}
    at = "processed_at" if body.has("processed_at") else "created_at"
    payload = {
        "event_id": event_id or f"refund/{body.text('id')}",
        "journey_id": body.text("order_id"),
        "occurred_at": body.moment(at),
        "amount": amount,
    }
    return [made.order("refunded", payload)]


def _cancelled(event_id: str | None, body: Foreign) -> list[InputEvent]:
    reason = body.word("cancel_reason")
    payload = {
        "event_id": event_id,
        "journey_id": body.text("id"),
        "occurred_at": body.moment("cancelled_at"),
        "by": BY.get(reason, Party.UNKNOWN).value,
        "reason": reason or None,
    }
    return [made.order("cancelled", payload | _known(body))]


def _profile(event_id: str | None, body: Foreign) -> list[InputEvent]:
    """Return a customer's snapshot: it is how a helpdesk's or tracker's e-mail address finds them."""
    spent = body.optional("total_spent")
    currency = body.optional("currency")
    payload = {
        "event_id": event_id,
        "customer_id": body.text("id"),
        "occurred_at": body.moment("updated_at"),
        "lifetime_value": {"amount": spent, "currency": currency} if spent and currency else None,
        "customer_since": body.moment("created_at"),
        "first_time": body.whole("orders_count") <= 1 if body.has("orders_count") else None,
        "country": body.optional("default_address.country_code"),
        "identities": {"email": body.optional("email"), "phone": body.optional("phone")},
    }
    return [InputEvent(Topic.CUSTOMERS, "profile_stated", payload)]


_READ: Final[Mapping[str, Callable[[str | None, Foreign], list[InputEvent]]]] = {
    "orders/create": _placed,
    "orders/paid": _confirmed,
    "orders/partially_fulfilled": _shipped,
    "orders/fulfilled": _shipped,
    "orders/cancelled": _cancelled,
    "fulfillments/create": _fulfilled,
    "fulfillments/update": _fulfilled,
    "fulfillment_events/create": _scanned,
    "refunds/create": _refunded,
    "customers/create": _profile,
    "customers/update": _profile,
}

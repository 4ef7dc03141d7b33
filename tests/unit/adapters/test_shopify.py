"""Shopify's webhooks as events of ours."""

from decimal import Decimal
from typing import Any

import pytest

from app.adapters import shopify
from app.adapters.event import InputEvent
from app.adapters.shopify import Found, NeedsOrder
from app.errors import InvalidRecord
from tests.support.webhooks import accepted, body

AT = "2026-04-19T08:00:00Z"


def said(topic: str, found: Found | None = None, **changes: Any) -> list[InputEvent]:
    name = "shopify/" + topic.replace("/", "_")
    return accepted(shopify.events(topic, "evt-1", body(name, **changes), at=AT, found=found))


def names(events: list[InputEvent]) -> list[str]:
    return [event.event for event in events]


def test_a_paid_order_is_placed_and_confirmed_under_the_id_that_repeats_share() -> None:
    placed, confirmed = said("orders/create")
    assert (placed.event, placed.key) == ("order_placed", "5501")
    assert placed.payload["event_id"] == "evt-1"
    assert placed.payload["customer_id"] == "7001"
    assert placed.payload["value"] == {"amount": Decimal("498.00"), "currency": "USD"}
    assert [line["name"] for line in placed.payload["lines"]] == ["Sonos Beam - Black", "wall bracket"]
    assert placed.payload["lines"][1]["unit_price"] == Decimal("24.50")
    assert confirmed.event == "order_confirmed"


def test_an_order_is_worth_what_the_customer_paid_in_their_own_currency() -> None:
    def both(shop: str, paid: str) -> dict[str, Any]:
        money = {"shop_money": (shop, "USD"), "presentment_money": (paid, "EUR")}
        return {name: {"amount": amount, "currency_code": code} for name, (amount, code) in money.items()}

    line = {"id": 9001, "title": "Sonos Beam", "quantity": 1, "price": "473.50", "price_set": both("473.50", "440.00")}
    placed = said("orders/create", total_price_set=both("498.00", "463.00"), line_items=[line])[0]
    assert placed.payload["value"] == {"amount": Decimal("463.00"), "currency": "EUR"}
    assert placed.payload["lines"][0]["unit_price"] == Decimal("440.00")


def test_an_order_that_is_not_paid_yet_is_only_placed() -> None:
    assert names(said("orders/create", financial_status="pending")) == ["order_placed"]
    assert names(said("orders/create", financial_status="a_new_status")) == ["order_placed"]


def test_a_guest_has_the_same_id_for_the_same_address_and_the_address_is_not_in_it() -> None:
    first = said("orders/create", customer=None)[0].payload["customer_id"]
    again = said("orders/create", customer=None, email="June@Example.com")[0].payload["customer_id"]
    assert first == again
    assert "june" not in first


def test_a_sale_to_nobody_known_and_a_test_order_say_nothing() -> None:
    assert said("orders/create", customer=None, email=None) == []
    assert said("orders/create", test=True) == []


def test_a_part_sent_names_its_lines_and_those_still_missing() -> None:
    split, dispatched = said("orders/partially_fulfilled")
    plans = {plan["consignment_id"]: plan["line_ids"] for plan in split.payload["consignments"]}
    assert plans == {"6601": ["9001"], shopify.REST: ["9002"]}
    assert dispatched.payload["parcels"] == [{"carrier": "fedex", "tracking_number": "770000000001"}]


def test_a_fulfilment_is_dispatched_under_one_id_whichever_webhook_tells_of_it() -> None:
    (alone,) = said("fulfillments/create")
    of_order = said("orders/partially_fulfilled")[1]
    assert alone.payload == of_order.payload
    assert alone.payload["consignment_id"] == "6601"


def test_a_number_added_later_is_a_new_event_and_a_cancelled_fulfilment_none() -> None:
    (bare,) = said("fulfillments/create", tracking_number=None, tracking_numbers=[])
    (numbered,) = said("fulfillments/create")
    assert bare.payload["parcels"] == []
    assert bare.payload["event_id"] != numbered.payload["event_id"]
    assert said("fulfillments/create", status="cancelled") == []


@pytest.mark.parametrize(
    ("status", "ours", "finer"),
    [
        ("in_transit", "in_transit", None),
        ("carrier_picked_up", "accepted", None),
        ("attempted_delivery", "attempt_failed", None),
        ("ready_for_pickup", "available_for_pickup", None),
        ("delayed", "failure", "delayed"),
        ("DELIVERED", "delivered", None),
        ("some_new_word", "unknown", None),
    ],
)
def test_a_fulfilment_event_is_a_scan_of_its_consignment(status: str, ours: str, finer: str | None) -> None:
    (scan,) = said("fulfillment_events/create", status=status)
    assert (scan.payload["status"], scan.payload["sub_status"]) == (ours, finer)
    assert (scan.payload["order_id"], scan.payload["consignment_id"]) == ("5501", "6601")
    assert scan.payload["raw_code"] == status


def test_a_hold_for_want_of_stock_is_understocked_once_its_order_is_known() -> None:
    with pytest.raises(NeedsOrder) as asked:
        said("fulfillment_orders/placed_on_hold")
    assert asked.value.fulfillment_order == "gid://shopify/FulfillmentOrder/1"
    (short,) = said("fulfillment_orders/placed_on_hold", Found("5501", ("9002",)))
    assert short.event == "understocked"
    assert short.payload["line_ids"] == ["9002"]
    assert short.payload["occurred_at"] == AT


def test_a_payload_that_names_the_order_needs_no_look_up() -> None:
    order = {"id": "gid://shopify/FulfillmentOrder/1", "order_id": 5501, "line_items": [{"line_item_id": 9002}]}
    (short,) = said("fulfillment_orders/placed_on_hold", fulfillment_order=order)
    assert (short.payload["order_id"], short.payload["line_ids"]) == ("5501", ["9002"])


@pytest.mark.parametrize("reason", ["awaiting_payment", "high_risk_of_fraud", "other", "a_new_reason"])
def test_a_hold_for_another_reason_is_no_failure_of_ours(reason: str) -> None:
    assert said("fulfillment_orders/placed_on_hold", created_fulfillment_hold__reason=reason) == []


def test_an_unknown_delivery_date_is_understocked_too_and_before_2024_10_the_list_says_so() -> None:
    found = Found("5501", ())
    changed = {"created_fulfillment_hold": ...}
    assert names(said("fulfillment_orders/placed_on_hold", found, **changed)) == ["understocked"]
    assert names(
        said("fulfillment_orders/placed_on_hold", found, created_fulfillment_hold__reason="UNKNOWN_DELIVERY_DATE")
    ) == ["understocked"]


def test_a_refund_is_the_sum_of_what_really_went_back() -> None:
    (refunded,) = said("refunds/create")
    assert refunded.payload["amount"] == {"amount": Decimal("49.00"), "currency": "USD"}
    assert said("refunds/create", transactions=[]) == []


@pytest.mark.parametrize(
    ("reason", "by"),
    [
        ("customer", "customer"),
        ("declined", "customer"),
        ("fraud", "nobody"),
        ("inventory", "merchant"),
        ("staff", "merchant"),
        ("other", "unknown"),
        (None, "unknown"),
        ("a_new_reason", "unknown"),
    ],
)
def test_who_cancelled_follows_from_the_reason(reason: str | None, by: str) -> None:
    (cancelled,) = said("orders/cancelled", cancel_reason=reason)
    assert cancelled.payload["by"] == by


def test_a_customer_is_a_profile_that_helpdesk_addresses_lead_to() -> None:
    (profile,) = said("customers/update")
    assert profile.payload["identities"] == {"email": "june@example.com", "phone": "+14155550101"}
    assert profile.payload["first_time"] is True


def test_a_topic_that_is_not_mapped_says_nothing() -> None:
    assert shopify.events("products/update", "e", body("shopify/orders_create"), at=AT) == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"total_price": "ten"}, "total_price"),
        ({"created_at": "2026-04-17T10:00:00"}, "created_at"),
        ({"id": None}, "id"),
        ({"line_items": "none"}, "line_items"),
        ({"line_items": [{"id": 1, "title": "x", "price": "1.00"}]}, "line_items.0.quantity"),
        ({"currency": "ZZZ"}, "order_placed.value.currency"),
    ],
)
def test_a_wrong_field_is_named(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidRecord) as refused:
        said("orders/create", **changes)
    assert refused.value.field == field

from decimal import Decimal
from typing import Any

import pytest

from app.clock import from_iso
from app.errors import InvalidRecord, SetupError
from app.topics import Topic
from app.wire.codec import bundled_codec
from app.wire.payload import encode_event

LINE = {"line_id": "1", "product_id": "P", "name": "Beam", "unit_price": "10"}
PLACED = {"occurred_at": "2026-07-10T09:00:00Z", "customer_id": "C-1", "order_id": "1001", "lines": [LINE]}


def encoded(**changes: Any) -> dict[str, Any]:
    value = encode_event(Topic.ORDERS, "order_placed", {**PLACED, **changes})
    return bundled_codec().decode(value).payload


@pytest.mark.parametrize("at", ["2026-07-10T09:00:00Z", "2026-07-10T11:00:00+02:00", 1_783_674_000_000])
def test_an_instant_is_iso_text_with_an_offset_or_milliseconds(at: object) -> None:
    assert encoded(occurred_at=at)["occurred_at"] == from_iso("2026-07-10T09:00:00Z")


@pytest.mark.parametrize(
    ("amount", "text"), [("12.50", "12.50"), (Decimal("1E+2"), "100"), (Decimal("0.10"), "0.10"), (7, "7")]
)
def test_a_decimal_is_written_as_plain_text(amount: object, text: str) -> None:
    assert encoded(value={"amount": amount, "currency": "EUR"})["value"]["amount"] == text


def test_what_has_a_default_may_be_left_out() -> None:
    payload = encoded()
    assert (payload["brand"], payload["value"], payload["promises"]) == ("default", None, [])
    assert payload["lines"][0]["quantity"] == 1


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"occurred_at": "2026-07-10T09:00:00"}, "occurred_at: must be ISO 8601 with an offset or Z"),
        ({"occurred_at": 1.5}, "occurred_at: must be a whole number"),
        ({"occurred_at": 2**63}, "occurred_at: must be a whole number"),
        ({"order_id": 1001}, "order_id: must be text"),
        ({"order_id": "\ud800"}, "order_id: must be text"),
        ({"lines": {"line_id": "1"}}, "lines: must be a list"),
        ({"lines": ["1"]}, "lines.0: must be an object with fields"),
        ({"lines": [LINE, {**LINE, "unit_price": 1.5}]}, "lines.1.unit_price: must be decimal text"),
        ({"lines": [{**LINE, "quantity": True}]}, "lines.0.quantity: must be a whole number"),
        ({"lines": [{**LINE, "colour": "red"}]}, "lines.0.colour: no such field; the fields are line_id, name"),
        ({"value": {"amount": "1"}}, "value.currency: is missing and has no default"),
        ({"customer_id": None}, "customer_id: must be text"),
    ],
)
def test_a_field_that_does_not_fit_is_named(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(InvalidRecord) as refused:
        encoded(**changes)
    assert str(refused.value).startswith(told)
    assert refused.value.reason == "invalid_field"


def test_a_flag_and_a_word_of_a_closed_list_are_held_to_their_types() -> None:
    opened = {"occurred_at": 0, "case_id": "7", "channel": "email", "complaint": "yes"}
    with pytest.raises(InvalidRecord, match="complaint: must be true or false"):
        encode_event(Topic.CASE_EVENTS, "case_opened", opened)
    with pytest.raises(InvalidRecord, match="by: must be one of merchant, supplier"):
        encode_event(Topic.ORDERS, "cancelled", {"occurred_at": 0, "journey_id": "1", "by": "me"})


def test_an_event_that_does_not_exist_is_told_with_those_that_do() -> None:
    with pytest.raises(SetupError, match="topic tracking-scans has no event 'seen'; its events are parcel_scanned"):
        encode_event(Topic.TRACKING_SCANS, "seen", {})

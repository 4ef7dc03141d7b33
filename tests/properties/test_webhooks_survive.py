"""Whatever a genuine sender posts, a webhook becomes events that Kafka takes, or a refusal that names a field."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.adapters import aftership, applying, easypost, shopify, zendesk
from app.adapters.declared import load
from app.adapters.event import Encoder, InputEvent
from app.adapters.foreign import Foreign, parsed
from app.errors import InvalidRecord
from app.stage import OutRecord
from app.wire.catalog import bundled
from app.wire.codec import bundled_codec
from tests.support.webhooks import FOLDER, NOW, raw

FIXTURES = sorted(str(path.relative_to(FOLDER).with_suffix("")) for path in FOLDER.rglob("*.json"))
WAREHOUSE = load(FOLDER / "declared" / "warehouse.yaml", bundled())
ENCODER = Encoder(bundled_codec())

ODD_TEXTS = ["", " ", "\ud800", "\x00", "9999-12-31T23:59:59.999Z", "0001-01-01", "2026-01-01", "NaN", "-1", "1e999"]

odd = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(ODD_TEXTS),
    st.lists(st.none(), max_size=2),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)


def said(fixture: str, body: Foreign) -> list[InputEvent]:
    vendor, _, name = fixture.partition("/")
    if vendor == "shopify":
        what, _, last = name.rpartition("_")
        topic = {
            "orders_partially_fulfilled": "orders/partially_fulfilled",
            "fulfillment_orders_placed_on_hold": "fulfillment_orders/placed_on_hold",
        }.get(name, f"{what}/{last}")
        return shopify.events(topic, "e", body, at="2026-04-18T09:00:00Z", found=shopify.Found("1", ()))
    mappings = {"aftership": aftership.events, "easypost": easypost.events, "zendesk": zendesk.events}
    return applying.events(WAREHOUSE, body) if vendor == "declared" else mappings[vendor](body)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(each for key, inner in inside for each in places(inner, (*path, key)))]


def replaced(value: Any, path: tuple[Any, ...], by: Any) -> Any:
    if not path:
        return by
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = replaced(value[path[0]], path[1:], by)
    return copy


@pytest.mark.parametrize("fixture", FIXTURES)
def test_the_fixture_itself_is_taken(fixture: str) -> None:
    ENCODER.records(said(fixture, parsed(raw(fixture))), NOW)


def taken_or_refused(fixture: str, body: bytes) -> list[OutRecord]:
    """Return the records of a body, none when it is refused; anything else fails the test."""
    try:
        return ENCODER.records(said(fixture, parsed(body)), NOW)
    except InvalidRecord:
        return []


@settings(deadline=None, max_examples=600, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_any_field_may_be_anything(data: st.DataObject) -> None:
    fixture = data.draw(st.sampled_from(FIXTURES))
    value = json.loads(raw(fixture))
    for _ in range(data.draw(st.integers(1, 3))):
        value = replaced(value, data.draw(st.sampled_from(places(value))), data.draw(odd))
    for record in taken_or_refused(fixture, json.dumps(value).encode()):
        assert bundled_codec().decode(record.value or b"").schema.topic is record.topic

"""Whoever is erased is in no table any more: not their state, not what the directory knew them by, not the register."""

from collections.abc import Sequence
from random import Random
from typing import Any

import pytest

from app.clock import DAY, HOUR, MINUTE, Instant, to_iso
from app.directory.stored import decode_state
from app.errors import InvalidRecord
from app.ids import CustomerId
from app.journey.state import POLICY_KEY
from app.outputs import Decision
from app.topics import CHANGELOGS, Topic
from app.wire.payload import encode_event
from tests.fuzz.mutation import reshaped
from tests.fuzz.shop import Shop, events
from tests.support.personal import personal_values
from tests.support.pipeline import decoded

ALL_MARKS = ("C-1001", "maya@example.org", "+442079460001", "SO-1001")
"""Some that must be among the personal values, or this looks for nothing."""


def erase(shop: Shop, customers: Sequence[str]) -> list[Any]:
    said = []
    for customer in customers:
        shop.now = Instant(shop.now + MINUTE)
        payload = {"customer_id": customer, "occurred_at": to_iso(shop.now)}
        said += shop.publish(Topic.CUSTOMERS, encode_event(Topic.CUSTOMERS, "customer_erased", payload))
    shop.now = Instant(shop.now + MINUTE)
    return said + shop.tick()


def tables(shop: Shop) -> dict[tuple[Topic, bytes], bytes]:
    found = {(topic, key): value for topic in CHANGELOGS for key, value in shop.states(topic).items()}
    return {place: value for place, value in found.items() if place[1] != POLICY_KEY}


@pytest.mark.parametrize("at_once", [False, True], ids=["in their time", "all at once, while incidents gather"])
def test_after_the_stories_nothing_of_anybody_erased_is_in_any_table(*, at_once: bool) -> None:
    told = [(topic, event, payload) for _, topic, event, payload in events()]
    personal = personal_values(told)
    assert set(ALL_MARKS) <= personal.keys()
    shop = Shop(events()[-1][0] - events()[0][0] if at_once else 0)
    for at, topic, event, payload in events():
        shop.now = Instant(max(shop.now, at))
        shop.publish(topic, encode_event(topic, event, payload))
    before = b"".join(key[1] + value for key, value in tables(shop).items())
    assert all(value.encode() in before for value in ALL_MARKS)
    assert not at_once or b"incident:" in b"".join(key for _, key in tables(shop))

    said = erase(shop, sorted({payload["customer_id"] for _, _, payload in told if "customer_id" in payload}))

    left = [
        f"{field} in {topic} under {key!r}"
        for (topic, key), value in tables(shop).items()
        for own, field in personal.items()
        if own.encode() in key + value
    ]
    assert left == []
    tombstones = {record.key for record in said if record.topic is Topic.SUPPRESSIONS and record.value is None}
    assert len(tombstones) == len(said_to_be_erased(said)) == 6


def said_to_be_erased(said: Sequence[Any]) -> set[CustomerId]:
    decisions = [decoded(record) for record in said if record.topic is Topic.DECISIONS]
    return {one.customer for one in decisions if isinstance(one, Decision) and one.cause.what == "customer_erased"}


@pytest.mark.parametrize("seed", range(6))
def test_nor_after_events_in_any_order_as_others_might_have_sent_them(seed: int) -> None:
    rng, shop = Random(seed), Shop(20 * DAY)
    for _ in range(250):
        shop.now = Instant(shop.now + rng.choice((0, 1, MINUTE, HOUR, 5 * HOUR)))
        _, topic, event, payload = rng.choice(events())
        changed = {**payload, "occurred_at": to_iso(shop.now)}
        try:
            value = encode_event(topic, event, changed if seed % 2 else reshaped(rng, changed))
        except InvalidRecord:
            continue
        shop.publish(topic, value)
    known = {binding.subject.customer for _, binding in bindings(shop)} | {
        CustomerId(key.decode()) for topic, key in tables(shop) if topic is Topic.JOURNEY_CHANGELOG
    }
    erase(shop, sorted(customer for customer in known if customer is not None))
    assert [place for place in tables(shop) if place[0] is Topic.JOURNEY_CHANGELOG] == []
    assert bindings(shop) == []


def bindings(shop: Shop) -> list[tuple[bytes, Any]]:
    stored = shop.states(Topic.DIRECTORY_CHANGELOG)
    return [(key, binding) for key, value in stored.items() for binding in decode_state(value).bindings]


@pytest.mark.parametrize("erased", ["loser", "winner"])
@pytest.mark.parametrize("then", ["", "winner into last", "winner into loser"])
def test_whoever_became_another_leaves_nothing_either(erased: str, then: str) -> None:
    shop, ledgers = Shop(), dict[bytes | None, bytes | None]()
    for customer in ("loser", "winner"):
        for topic, event, payload in _life(customer):
            _say(shop, ledgers, topic, event, **payload)
    _merge(shop, ledgers, "loser into winner")
    # what still names them by the id that they had
    _say(shop, ledgers, Topic.ORDERS, "order_placed", customer_id="loser", order_id="later-loser")
    if then:
        _merge(shop, ledgers, then)
    assert len(bindings(shop)) >= 7
    assert all(ledgers[name] is not None for name in (b"loser", b"winner"))
    for record in erase(shop, [erased]):
        if record.topic is Topic.SUPPRESSIONS:
            ledgers[record.key] = record.value
    assert bindings(shop) == []
    left = [
        place
        for place, value in tables(shop).items()
        for name in (b"loser", b"winner", b"last")
        if name in place[1] + value.lower()
    ]
    assert left == []
    assert {name for name, value in ledgers.items() if value is not None} == set()


def _life(customer: str) -> list[tuple[Topic, str, dict[str, Any]]]:
    parcel = {"carrier": "ups", "tracking_number": f"1Z{customer}"}
    sent = {"journey_id": f"order-{customer}", "consignment_id": "c1", "parcels": [parcel]}
    of_them = {"customer_id": customer}
    return [
        (Topic.CUSTOMERS, "profile_stated", {"identities": {"email": f"{customer}@example.org"}, **of_them}),
        (Topic.ORDERS, "order_placed", {"order_id": f"order-{customer}", **of_them}),
        (Topic.ORDERS, "dispatched", {**sent, **of_them}),
        (Topic.TRACKING_SCANS, "parcel_scanned", {"status": "failure", "sub_status": "lost", **parcel}),
    ]


def _merge(shop: Shop, ledgers: dict[bytes | None, bytes | None], words: str) -> None:
    loser, _, winner = words.partition(" into ")
    _say(shop, ledgers, Topic.CUSTOMERS, "customer_merged", customer_id=loser, into_customer_id=winner)


def _say(shop: Shop, ledgers: dict[bytes | None, bytes | None], topic: Topic, event: str, **payload: Any) -> None:
    shop.now = Instant(shop.now + MINUTE)
    value = encode_event(topic, event, {"occurred_at": to_iso(shop.now), **payload})
    for record in (*shop.publish(topic, value), *shop.tick()):
        if record.topic is Topic.SUPPRESSIONS:
            ledgers[record.key] = record.value

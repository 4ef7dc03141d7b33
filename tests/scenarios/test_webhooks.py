"""Vendors' webhooks, as they really come, through the stages to what is decided."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from app.adapters import aftership, easypost, shopify, zendesk
from app.adapters.event import InputEvent
from app.adapters.foreign import parsed
from app.adapters.shopify import Found
from app.clock import DAY, HOUR, MINUTE, Instant, from_iso, to_iso
from app.outputs import DeadLetter, Notice, Suppression
from app.replay import source
from app.replay.timeline import Event
from app.topics import Topic
from tests.support.pipeline import Heard, Step, event_at, run
from tests.support.policies import default_files
from tests.support.webhooks import body, raw


class Came(NamedTuple):
    """What one delivery said, and when it came."""

    at: Instant
    events: Sequence[InputEvent]


def played(came: Sequence[Came], until: str) -> list[Any]:
    """Return every output of deliveries, in the order they came, up to an instant."""
    heard: list[Heard] = []
    steps, place = [], 0
    for each in came:
        events: list[source.InputEvent] = []
        for event in each.events:
            known = Event(topic=event.topic, type=event.event, payload=_plain(event.payload), key=event.key)
            events.append(event_at("webhooks", place, place, each.at, known))
            place += 1
        steps.append(Step(tuple(events), each.at))
    run([*steps, Step((), from_iso(until))], default_files(), heard.append)
    return [output for each in heard for output in each.outputs()]


def _plain(payload: Any) -> Any:
    return json.loads(json.dumps(payload, default=str))


def ledgers(outputs: Sequence[Any]) -> list[tuple[str, tuple[str, ...]]]:
    """Return when the ledger changed and what held from then on."""
    return [
        (to_iso(said.at), tuple(hold.reason for hold in said.holds))
        for said in outputs
        if isinstance(said, Suppression)
    ]


def shop(topic: str, name: str, **changes: Any) -> list[InputEvent]:
    """Return what a Shopify webhook says; `name` is its event id."""
    return shopify.events(topic, name, body("shopify/" + topic.replace("/", "_"), **changes), at="")


def ordered() -> list[Came]:
    """An order by webhook, promised by the shop before the 22nd began in Memphis, and dispatched."""
    promise = {"milestone": "delivered", "due": "2026-04-22T05:00:00Z", "by": "merchant"}
    promised = {"event_id": "p1", "occurred_at": "2026-04-17T14:01:00Z", "journey_id": "5501", "promise": promise}
    return [
        Came(from_iso("2026-04-17T14:00:05Z"), shop("orders/create", "e1")),
        Came(from_iso("2026-04-17T14:01:00Z"), [InputEvent(Topic.ORDERS, "promise_made", promised)]),
        Came(from_iso("2026-04-18T13:30:05Z"), shop("fulfillments/create", "e2")),
    ]


def trace() -> list[Came]:
    """The carrier's history as it grew: the whole of it with each new detail, five minutes later."""
    whole = json.loads(raw("easypost/delivered_at_last"))
    details = whole["result"]["tracking_details"]
    came = []
    for count, detail in enumerate(details, 1):
        whole["result"]["tracking_details"] = details[:count]
        at = Instant(from_iso(detail["datetime"]) + 5 * MINUTE)
        came.append(Came(at, easypost.events(parsed(json.dumps(whole).encode()))))
    return came


LATE = ("2026-04-22T05:00:00.000Z", ("late_delivery",))
DELIVERED = from_iso("2026-04-26T18:20:00Z")


def test_lateness_is_seen_at_the_first_promise_though_the_estimate_is_the_day_it_came() -> None:
    outputs = played([*ordered(), *trace()], "2026-06-01T00:00:00Z")
    said = ledgers(outputs)
    assert said[0] == LATE
    assert all(reasons for _, reasons in said[:-1]), "failure, unknown and movement in between freed the customer"
    released, reasons = said[-1]
    assert reasons == ()
    assert from_iso(released) > DELIVERED
    assert [letter for letter in outputs if isinstance(letter, DeadLetter)] == []


def test_the_history_sent_again_and_again_says_nothing_twice() -> None:
    once = played([*ordered(), trace()[-1]], "2026-06-01T00:00:00Z")
    again = trace()[-1]
    repeats = [Came(Instant(again.at + hours * HOUR), again.events) for hours in (0, 1, 7, 68)]
    more = played([*ordered(), *repeats], "2026-06-01T00:00:00Z")
    assert ledgers(more) == ledgers(once)
    assert [said.id for said in more if isinstance(said, Notice)] == [
        said.id for said in once if isinstance(said, Notice)
    ]


def test_scans_of_an_earlier_parcel_with_the_same_number_deliver_nothing() -> None:
    old = easypost.events(body("easypost/recycled_number"))
    outputs = played([*ordered(), Came(from_iso("2026-04-19T08:00:00Z"), old)], "2026-06-01T00:00:00Z")
    assert "late_delivery" in dict(ledgers(outputs))[LATE[0]]
    letters = [letter for letter in outputs if isinstance(letter, DeadLetter)]
    assert {letter.reason.value for letter in letters} == {"unresolved"}
    assert len(letters) == len(old)


def test_a_part_sent_by_webhook_is_late_only_with_what_is_missing() -> None:
    part = shop("orders/partially_fulfilled", "e3")
    scan = shop("fulfillment_events/create", "e4", status="delivered")
    came = [
        *ordered(),
        Came(from_iso("2026-04-18T13:30:07Z"), part),
        Came(from_iso("2026-04-21T11:30:00Z"), scan),
    ]
    outputs = played(came, "2026-04-22T20:00:00Z")
    assert set(ledgers(outputs)[-1][1]) == {"not_dispatched", "late_delivery"}
    told = [said for said in outputs if isinstance(said, Notice) and said.recipient == "customer"]
    assert told
    assert all("wall bracket" in said.text and "Sonos" not in said.text for said in told)


def test_an_out_of_stock_hold_by_webhook_holds_marketing_until_the_money_is_back() -> None:
    hold = shopify.events(
        "fulfillment_orders/placed_on_hold",
        "e5",
        body("shopify/fulfillment_orders_placed_on_hold"),
        at="2026-04-18T09:00:00Z",
        found=Found("5501", ("9002",)),
    )
    refund = shop("refunds/create", "e6")
    came = [ordered()[0], Came(from_iso("2026-04-18T09:00:01Z"), hold), Came(from_iso("2026-04-20T16:00:05Z"), refund)]
    outputs = played(came, "2026-04-20T17:00:00Z")
    assert ("2026-04-18T09:00:01.000Z", ("understocked",)) in ledgers(outputs)


def test_a_loss_told_with_local_times_over_the_clock_change_is_one_problem_of_the_carrier() -> None:
    lines = [{"line_id": "1", "product_id": "P", "name": "lamp", "quantity": 1, "unit_price": "60.00"}]
    placed = {
        "event_id": "o", "occurred_at": "2026-03-27T10:00:00Z", "customer_id": "otto", "order_id": "2001",
        "value": {"amount": "60.00", "currency": "EUR"}, "country": "DE", "lines": lines,
    }  # fmt: skip
    parcel = {"carrier": "DHL Germany", "tracking_number": "0034 0434 1610 9400 0001"}
    sent = {"event_id": "d", "occurred_at": "2026-03-27T16:00:00Z", "journey_id": "2001",
            "parcels": [{"carrier": "dhl_de", "tracking_number": parcel["tracking_number"]}]}  # fmt: skip
    scans = aftership.events(body("aftership/tracking_update"))
    came = [
        Came(from_iso("2026-03-27T10:00:00Z"), [InputEvent(Topic.ORDERS, "order_placed", placed)]),
        Came(from_iso("2026-03-27T16:00:00Z"), [InputEvent(Topic.ORDERS, "dispatched", sent)]),
        Came(from_iso("2026-03-29T02:00:00Z"), scans[3::-1]),
        Came(from_iso("2026-03-31T08:10:00Z"), scans[::-1]),
        Came(from_iso("2026-03-31T09:10:00Z"), scans),
    ]
    outputs = played(came, "2026-03-31T12:00:00Z")
    assert ledgers(outputs)[-1][1] == ("lost",)
    assert [reasons for _, reasons in ledgers(outputs)] == [("lost",)]


TICKETS = ("ticket_created", "comment_by_agent", "group_assignment_changed", "status_solved", "comment_by_customer",
           "status_reopened")  # fmt: skip


def tickets(*names: str) -> list[list[InputEvent]]:
    return [zendesk.events(body(f"zendesk/{name}"), frozenset({"complaint"})) for name in names]


def known_requester() -> Came:
    payload = {
        "event_id": "p", "occurred_at": "2026-04-01T00:00:00Z", "customer_id": "7001",
        "identities": {"helpdesk_id": "8447388090494"},
    }  # fmt: skip
    return Came(from_iso("2026-04-01T00:00:00Z"), [InputEvent(Topic.CUSTOMERS, "profile_stated", payload)])


def test_a_complaint_is_found_by_the_requester_and_solved_does_not_free_who_writes_again() -> None:
    at = [from_iso(f"2026-04-22T{hour}:00:30Z") for hour in ("14", "15", "15", "16")]
    at += [from_iso("2026-04-23T09:00:30Z")] * 2
    came = [known_requester(), *(Came(when, said) for when, said in zip(at, tickets(*TICKETS), strict=True))]
    outputs = played(came, "2026-04-23T10:00:00Z")
    assert ledgers(outputs)[0][1] == ("complaint",)
    assert "complaint" in ledgers(outputs)[-1][1]


def test_ticket_events_in_any_order_and_twice_end_in_the_same_ledger() -> None:
    arrived = from_iso("2026-04-23T09:05:00Z")
    straight = [Came(arrived, said) for said in tickets(*TICKETS)]
    jumbled = [Came(arrived, said) for said in tickets(*reversed(TICKETS), *TICKETS)]
    end = to_iso(Instant(arrived + 2 * DAY))
    first, second = (played([known_requester(), *came], end) for came in (straight, jumbled))
    assert ledgers(first)[-1][1] == ledgers(second)[-1][1]
    assert "complaint" in ledgers(first)[-1][1]

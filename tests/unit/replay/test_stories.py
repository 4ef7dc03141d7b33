import re
from decimal import Decimal

import pytest

from app.clock import from_iso
from app.ids import name_based
from app.replay.stories import StoryError, parse
from app.replay.timeline import ExpectedNotice, ExpectedRemedy
from app.topics import Topic

HEAD = """
title: A late parcel
narrative: It came a day late.
brand: everyday
zone: Europe/London
customers: {C-1: Maya}
timeline:
"""
PLACED = """
  - at: 2026-07-10T09:12:00+01:00
    say: Maya orders
    topic: orders
    event: order_placed
    payload: {customer_id: C-1, order_id: O-1, value: {amount: 249.10, currency: GBP}}
"""


def test_an_event_stands_as_upstream_publishes_it() -> None:
    story = parse(HEAD + PLACED, "late.yaml")
    (entry,) = story.timeline
    assert entry.event is not None
    assert (entry.at, entry.event.topic, entry.event.type) == (
        from_iso("2026-07-10T09:12:00+01:00"),
        Topic.ORDERS,
        "order_placed",
    )
    assert entry.event.payload["occurred_at"] == "2026-07-10T09:12:00+01:00"
    assert entry.event.payload["event_id"] == "late-1"


def test_an_amount_is_never_read_as_a_binary_number() -> None:
    (entry,) = parse(HEAD + PLACED, "late.yaml").timeline
    assert entry.event is not None
    assert entry.event.payload["value"]["amount"] == "249.10"


def test_an_expectation_has_its_entrys_time_unless_it_gives_its_own() -> None:
    text = (
        HEAD
        + """
  - at: 2026-07-13T08:00:00+01:00
    say: morning
    expect:
      - notice: delay
        to: customer
        rule: notices/late
        because: quiet hours end at 08:00
      - remedy: recovery
        at: 2026-07-13T01:00:00+01:00
        gestures: [{kind: store_credit, amount: 20.00, currency: GBP, cost: 20.00}]
"""
    )
    notice, remedy = parse(text, "late.yaml").timeline[0].expect
    assert isinstance(notice, ExpectedNotice)
    assert (notice.at, notice.rules) == (from_iso("2026-07-13T07:00:00Z"), ("notices/late",))
    assert isinstance(remedy, ExpectedRemedy)
    assert (remedy.at, remedy.gestures[0].amount) == (from_iso("2026-07-13T00:00:00Z"), Decimal("20.00"))


def test_an_id_is_made_from_its_parts() -> None:
    text = HEAD + PLACED.replace("order_id: O-1", "order_id: !id [remedy, C-1, x]")
    (entry,) = parse(text, "late.yaml").timeline
    assert entry.event is not None
    assert entry.event.payload["order_id"] == name_based("remedy", "C-1", "x")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- a list", "late.yaml: a story is a mapping"),
        ("title: [", "late.yaml: not YAML"),
        (HEAD + PLACED.replace("+01:00", ""), "late.yaml:9: `at`: 2026-07-10T09:12:00 is no time with an offset"),
        (HEAD + PLACED.replace("topic: orders", "topic: ordres"), "late.yaml:9: topic ordres is no input; inputs are"),
        (HEAD + PLACED.replace("    topic: orders\n", ""), "late.yaml:9: an event needs its `topic`"),
        (HEAD + PLACED.replace("say: Maya orders", "sya: x"), "late.yaml:9: unknown key sya; known here"),
        (HEAD + PLACED + PLACED.replace("10T09", "10T08"), "late.yaml:15: `at` 2026-07-10T08:12:00+01:00 lies before"),
        (HEAD + PLACED + "    expect: [{notices: x}]\n", "late.yaml:14: what is expected? It must have one of"),
        (HEAD + PLACED + "    expect: [{notice: x}]\n", "late.yaml:14: `to` is missing; there is notice"),
        (HEAD + PLACED + "    say: again\n", "a key stands twice"),
        (HEAD + PLACED + "    expect: [{remedy: x, gestures: [{kind: y, cost: lots}]}]\n", "must be a decimal amount"),
    ],
    ids=lambda value: value[:30],
)
def test_a_story_that_cannot_be_played_says_where_and_what(text: str, message: str) -> None:
    with pytest.raises(StoryError, match=re.escape(message)):
        parse(text, "late.yaml")

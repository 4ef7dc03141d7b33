from collections.abc import Callable

import pytest

from app.decide.folder import version_of
from app.ids import PolicyVersion
from app.replay.stories import parse
from app.replay.timeline import Story
from tests.scenarios.scenarios import policy_files
from tests.support.pipeline import Heard, run, steps_of
from tests.support.policy_numbers import mutations
from tests.support.verdict import Emitted, verdict

TEXT = """
title: Lost
narrative: A lamp is lost.
brand: house
zone: UTC
decisions: spoken
customers: {C-1: Maya}
timeline:
  - at: 2026-03-02T09:00:00+00:00
    say: Maya orders a lamp
    topic: orders
    event: order_placed
    payload:
      customer_id: C-1
      order_id: O-1
      brand: house
      value: {amount: "60.00", currency: USD}
      lines: [{line_id: L1, product_id: P1, name: lamp, unit_price: "60.00"}]
  - at: 2026-03-02T10:00:00+00:00
    say: It is lost
    topic: orders
    event: failure_stated
    payload: {journey_id: O-1, failure: lost, fault: carrier}
    expect:
      - suppressed: [{reason: lost, since: 2026-03-02T10:00:00+00:00, classes: ["*"]}]
        rule: holds/severe
      - {notice: delivery_problem, to: customer, fields: {items: lamp}, text: lamp from order O-1, rule: notices/parcel}
      - {notice: delivery_problem, to: retailer, rule: notices/parcel}
      - {notice: delivery_problem, to: carrier, rule: notices/parcel}
      - remedy: recovery
        gestures: [{kind: refund, amount: 60.00, cost: 60.00, currency: USD}]
        rule: remedies/not_supplied
"""


def _played(text: str) -> tuple[Story, list[list[Emitted]], PolicyVersion]:
    story, policy = parse(text, "lost.yaml"), policy_files("default")
    heard: list[Heard] = []
    run(steps_of(story), policy, heard.append)
    return story, [each.outputs() for each in heard], version_of(policy)


def test_what_comes_out_as_expected_passes() -> None:
    assert verdict(*_played(TEXT)) == ""


@pytest.mark.parametrize(
    ("change", "account"),
    [
        (lambda text: text.replace('classes: ["*"]', "classes: [promotion]"), "nearest differs in holds"),
        (
            lambda text: text.replace('classes: ["*"]}]', 'classes: ["*"]}]\n        hold_audio: [sales]'),
            "nearest differs in hold_audio",
        ),
        (lambda text: text.replace("amount: 60.00, cost", "amount: 60.01, cost"), "nearest differs in gestures"),
        (lambda text: text.replace("items: lamp", "items: vase"), "nearest differs in fields"),
        (lambda text: text.replace("lamp from order O-1", "vase"), "nearest differs in text"),
        (
            lambda text: text.replace("remedies/not_supplied", "remedies/otherwise"),
            "rule remedies/otherwise did not fire",
        ),
        (lambda text: text.replace("to: carrier, rule", "to: merchant, rule"), "nearest differs in to: got 'carrier'"),
        (
            lambda text: text.replace("      - {notice: delivery_problem, to: carrier, rule: notices/parcel}\n", ""),
            "+ got: ",
        ),
        (lambda text: text + "      - {escalation: severe, owner: desk_lead}\n", "- expected (line 33): escalation"),
        (lambda text: text.replace("decisions: spoken\n", ""), "+ got: silent decision"),
    ],
)
def test_any_difference_fails(change: Callable[[str], str], account: str) -> None:
    changed = change(TEXT)
    assert changed != TEXT
    assert account in verdict(*_played(changed))


def test_a_decision_of_another_policy_fails() -> None:
    story, got, _ = _played(TEXT)
    assert "instead of 0000000000000000" in verdict(story, got, PolicyVersion("0" * 16))


def test_an_output_that_no_decision_explains_fails() -> None:
    story, got, policy = _played(TEXT)
    said = [[item for item in outputs if item.__class__.__name__ != "Decision"] for outputs in got]
    assert "0 decisions instead of one" in verdict(story, said, policy)


def test_each_number_of_a_policy_is_changed_alone_both_ways() -> None:
    table = b'{"nodes": [{"position": {"x": 7}, "content": {"rules": [{"_id": "row 3", "a": ">= 4", "b": ""}]}}]}'
    files = {"a.yaml": b"limits:\n  age: 09 days # 5\n  price: 4.99\n", "t.json": table}
    assert [(found.file, found.line, found.before, found.after) for found in mutations(files)] == [
        ("a.yaml", 2, "09", "10"),
        ("a.yaml", 2, "09", "08"),
        ("a.yaml", 3, "4.99", "5.00"),
        ("a.yaml", 3, "4.99", "4.98"),
        ("t.json", 1, "4", "5"),
        ("t.json", 1, "4", "3"),
    ]
    assert next(iter(mutations(files))).content == b"limits:\n  age: 10 days # 5\n  price: 4.99\n"

"""A remedy's receipt alone is enough to recompute every amount of it to the penny, in every scenario.

The arithmetic here is the test's own: nothing of `app.decide` takes part.
"""

import re
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from functools import cache

import pytest

from app.outputs import Arithmetic, Gesture, Remedy
from app.replay.timeline import Story
from tests.scenarios.scenarios import policy_files, scenarios
from tests.support.pipeline import Heard, run, steps_of

AMOUNT = re.compile(r"\d+(\.\d+)?")


def rounded(value: Decimal, digits: Decimal) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-int(digits)), ROUND_HALF_UP)


def computed(line: Arithmetic) -> Decimal:
    """Work a line out as a reader with a calculator would: names are the line's own inputs, nothing else is known."""
    known = {name: Decimal(text) for name, text in line.inputs.items()}
    functions: dict[str, object] = {"min": min, "max": max, "round": rounded}
    value = eval(line.formula, {"__builtins__": {}}, {**functions, **known})
    assert isinstance(value, Decimal)
    return value


def rooms_read(lines: tuple[Arithmetic, ...]) -> Iterator[tuple[Decimal, Decimal]]:
    """Yield (the room that a line reads, the room that is left by the lines before it)."""
    room = None
    for line in lines:
        if line.what in {"left", "room"}:
            room = computed(line)
        elif room is not None and line.what != "credit_due":
            if "room" in line.inputs:
                yield Decimal(line.inputs["room"]), room
            room = max(room - computed(line), Decimal(0))


@cache
def remedies_of(name: str) -> tuple[Remedy, ...]:
    story = next(story for story in scenarios() if story.name == name)
    heard: list[Heard] = []
    run(steps_of(story), policy_files(story.policy), heard.append)
    return tuple(said for each in heard for said in each.outputs() if isinstance(said, Remedy))


def with_remedies() -> list[Story]:
    return [story for story in scenarios() if "ExpectedRemedy" in repr(story)]


def worth(gesture: Gesture) -> Decimal:
    return gesture.cost.amount if gesture.amount is None else gesture.amount.amount


@pytest.mark.parametrize("story", with_remedies(), ids=lambda story: story.name)
def test_every_amount_of_a_remedy_follows_from_its_receipt_alone(story: Story) -> None:
    remedies = remedies_of(story.name)
    assert remedies
    for remedy in remedies:
        lines = remedy.receipt.arithmetic
        results = {line.what: computed(line) for line in lines}
        for line in lines:
            assert str(computed(line)) == line.result, f"{remedy.remedy}: {line.what} = {line.formula}"
            assert all(AMOUNT.fullmatch(text) for text in line.inputs.values())
        for gesture in remedy.gestures:
            unknown = gesture.amount is None and "of" in gesture.terms
            assert unknown or results[gesture.kind] == worth(gesture), f"{remedy.remedy}: {gesture.kind}"
            assert gesture.cost.amount == worth(gesture)


def test_each_line_reads_the_room_that_the_lines_before_it_leave() -> None:
    lines = [remedy.receipt.arithmetic for story in with_remedies() for remedy in remedies_of(story.name)]
    read = [pair for each in lines for pair in rooms_read(each)]
    assert len(read) > 10
    assert [pair for pair in read if pair[0] != pair[1]] == []


def test_the_scenarios_show_refunds_credits_perks_and_what_the_law_gives() -> None:
    kinds = {
        gesture.kind for story in with_remedies() for remedy in remedies_of(story.name) for gesture in remedy.gestures
    }
    assert kinds >= {
        "refund",
        "store_credit",
        "compensation",
        "thank_you_discount",
        "free_ride",
        "free_next_day_shipping",
    }

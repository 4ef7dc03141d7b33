"""An auditor can work out every word that a decision was made on again, from the numbers in its own record."""

from collections.abc import Iterator
from decimal import Decimal
from functools import cache

import pytest

from app.clock import from_iso
from app.decide.loading import compile_policy
from app.decide.policy import Policy
from app.decide.seasons import season_of
from app.outputs import Decision, RowFired
from app.replay.stories import bundled
from app.replay.timeline import Story
from tests.scenarios.scenarios import policy_files
from tests.support.pipeline import Heard, run, steps_of

BANDED = {
    "lateness": "hours_late",
    "share": "value_share",
    "effort": "efforts",
    "repeats": "earlier_failures",
    "win_back": "win_back_amount",
    "tenure": "years",
}
"""The words of bands, and the number beside each of them."""


@cache
def fired(name: str) -> tuple[RowFired, ...]:
    """Return every row that fired in a story."""
    story = next(story for story in bundled() if story.name == name)
    heard: list[Heard] = []
    run(steps_of(story), policy_files(story.policy), heard.append)
    outputs = (output for each in heard for output in each.outputs())
    return tuple(row for output in outputs if isinstance(output, Decision) for row in output.rules)


def words(row: RowFired) -> Iterator[tuple[str, str, str]]:
    """Yield band, word and number of a row's banded inputs; the remedies' tenure and stake are the stake's answers."""
    for band, number in BANDED.items():
        if band in row.inputs and not (row.table == "remedies" and band == "tenure"):
            yield band, row.inputs[band], row.inputs[number]


def again(policy: Policy, band: str, number: str) -> str:
    return "unknown" if number == "unknown" else policy.bands[band].word(Decimal(number))


@pytest.mark.parametrize("story", bundled(), ids=lambda story: story.name)
def test_every_word_follows_from_the_number_beside_it(story: Story) -> None:
    policy = compile_policy(policy_files(story.policy))
    found = [(each, again(policy, each[0], each[2])) for row in fired(story.name) for each in words(row)]
    assert found, "the story decided nothing"
    assert not [(each, word) for each, word in found if each[1] != word]


def test_the_win_back_follows_from_the_profile() -> None:
    rows = [row for story in bundled() for row in fired(story.name) if row.table == "stake"]
    known = [row.inputs for row in rows if row.inputs["win_back_amount"] != "unknown"]
    assert known
    for inputs in known:
        advocacy = Decimal(0 if inputs["advocacy"] == "unknown" else inputs["advocacy"])
        amount = Decimal(inputs["lifetime_value"]) * Decimal(inputs["churn_risk"]) * (1 + advocacy)
        assert amount == Decimal(inputs["win_back_amount"])


def test_the_season_follows_from_the_time_and_the_brand() -> None:
    for story in bundled():
        policy = compile_policy(policy_files(story.policy))
        for row in fired(story.name):
            if row.table == "remedies":
                assert row.inputs["season"] == season_of(policy, from_iso(row.inputs["at"]), row.inputs["brand"])

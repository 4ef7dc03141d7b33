"""What a decision says as data about where things stand after it, through the stages, on the split order's story."""

from collections.abc import Iterator

import pytest

from app.decide import load_folder
from app.outputs import Decision, JourneyStanding, ProblemStanding, PromiseStanding
from app.replay.stories import bundled
from app.settings import ROOT
from tests.support.pipeline import run, steps_of


@pytest.fixture(scope="module")
def decisions() -> list[Decision]:
    (story,) = [story for story in bundled() if story.name.startswith("a-")]
    found: list[Decision] = []
    files = load_folder(ROOT / "policies" / story.policy)
    run(steps_of(story), files, lambda heard: found.extend(one for one in heard.outputs() if isinstance(one, Decision)))
    return found


def of(decisions: list[Decision], kind: type) -> Iterator[object]:
    for decision in decisions:
        standing = decision.standing
        for one in (*standing.journeys, *standing.cases, *standing.problems, *standing.promises):
            if isinstance(one, kind):
                yield one


def test_a_split_order_has_reached_only_what_all_of_it_has_reached(decisions: list[Decision]) -> None:
    stood = [one for one in of(decisions, JourneyStanding) if isinstance(one, JourneyStanding)]
    partial = [one for one in stood if one.status == "partial"]
    assert partial
    assert all("delivered" not in one.milestones for one in partial)
    assert "delivered" in stood[-1].milestones or stood[-1].status != "delivered"


def test_the_promise_that_was_broken_is_said_to_be(decisions: list[Decision]) -> None:
    outcomes = {one.promise: one.outcome for one in of(decisions, PromiseStanding) if isinstance(one, PromiseStanding)}
    assert "broken" in outcomes.values()
    assert "kept" in outcomes.values()


def test_a_problem_is_followed_from_open_to_recovered(decisions: list[Decision]) -> None:
    late = [one for one in of(decisions, ProblemStanding) if isinstance(one, ProblemStanding)]
    lives = [one.status for one in late if one.type == "late_delivery"]
    assert lives[0] == "open"
    assert lives[-1] == "recovered"


def test_a_decision_repeats_nothing_that_it_did_not_change(decisions: list[Decision]) -> None:
    last: dict[str, object] = {}
    for decision in decisions:
        for journey in decision.standing.journeys:
            problems = tuple(one for one in decision.standing.problems if one.journey == journey.journey)
            promises = tuple(one for one in decision.standing.promises if one.journey == journey.journey)
            assert last.get(journey.journey) != journey or problems or promises or decision.changes
            last[journey.journey] = journey

"""Failures that an event states: problems of the types that the journey's kind gives them."""

from app.decide.policy import KindRules
from app.decide.words import OTHERWISE
from app.facts import Fact, FailureStated
from app.journey import problems, reached, refusals
from app.journey.course import Place
from app.journey.milestones import with_consignment
from app.journey.turn import Turn
from app.outputs import DeadLetterReason


def failure_stated(turn: Turn, fact: Fact, what: FailureStated) -> None:
    """Open the problem of a stated failure; a kind that knows no failures at all cannot take it in."""
    assert fact.subject.journey is not None
    journey = turn.state.journeys[fact.subject.journey]
    type_ = problem_of(reached.rules_of(turn.policy, journey), what.failure)
    if type_ is None:
        detail = "the policy gives this kind of journey no failures: add `failures` with `otherwise` to kinds.yaml"
        refusals.refuse(turn, fact, DeadLetterReason.INVALID_FIELD, detail, "failure")
        return
    if fact.subject.consignment is not None:
        with_consignment(turn, journey, fact.subject.consignment)
    place = Place(journey.id, fact.subject.consignment)
    problems.open_stated(
        turn,
        place,
        type_,
        fact.id,
        at=fact.occurred_at,
        fault=what.fault,
        line_ids=what.line_ids,
        location=what.location,
    )


def problem_of(rules: KindRules, failure: str) -> str | None:
    """Return the problem type of a stated failure, or None when the kind has none for it."""
    return rules.failures.get(failure, rules.failures.get(OTHERWISE))

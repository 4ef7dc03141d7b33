"""Failures that an event states: problems of the types that the journey's kind gives them."""

from app.clock import Instant
from app.decide.policy import KindRules
from app.decide.words import OTHERWISE
from app.facts import Fact, FailureStated
from app.ids import ConsignmentId, JourneyId, LineId
from app.journey import milestones, problems, reached, refusals
from app.journey.course import Place
from app.journey.milestones import with_consignment
from app.journey.outlook import CONSIGNMENT, outlook_of
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
    end_waits(turn, journey.id, fact.subject.consignment, type_, fact.occurred_at, what.line_ids)
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


def end_waits(
    turn: Turn,
    name: JourneyId,
    consignment: ConsignmentId | None,
    type_: str,
    at: Instant,
    lines: tuple[LineId, ...] = (),
) -> None:
    """Let a stated failure end the waits that the policy lets it end: nobody waits for a scan of what is lost.

    One of some lines alone ends those for the parts that hold no others.
    """
    journey = turn.state.journeys[name]
    if type_ not in outlook_of(turn.policy, journey.kind, CONSIGNMENT).ending_failures:
        return
    if not milestones.is_part(journey, consignment, lines):
        milestones.reach(turn, name, consignment, type_, at)
        return
    for part in tuple(journey.consignments.values()):
        if consignment in {None, part.id} and part.line_ids and {*lines}.issuperset(part.line_ids):
            milestones.reach(turn, name, part.id, type_, at)


def problem_of(rules: KindRules, failure: str) -> str | None:
    """Return the problem type of a stated failure, or None when the kind has none for it."""
    return rules.failures.get(failure, rules.failures.get(OTHERWISE))

"""How what a decision changed stands after it, as data: for pages and reports that do not read words."""

from collections.abc import Mapping
from typing import TypeVar

from app.decide.policy import Policy
from app.facts import Money
from app.journey import comeback, ping_pong, reached
from app.journey.cases import life_of
from app.journey.course import Case, Expectation, Journey, Leg
from app.journey.state import Comeback, CustomerState
from app.journey.trouble import Problem
from app.outputs import (
    CaseStanding,
    ComebackStanding,
    JourneyStanding,
    ProblemStanding,
    PromiseStanding,
    Standing,
)

Key = TypeVar("Key", bound=str)
Thing = TypeVar("Thing")


def standing_of(policy: Policy, before: CustomerState, after: CustomerState) -> Standing:
    """Return the standing of every journey, case, problem and promise that differs between two states of a customer."""
    journeys = [new for new in _changed(before.journeys, after.journeys) if not new.provisional]
    cases = _changed(before.cases, after.cases)
    promises: list[PromiseStanding] = []
    for journey in journeys:
        promises.extend(_promises_of_journey(before.journeys.get(journey.id), journey))
    for case in cases:
        promises.extend(_promises_of_case(before.cases.get(case.id), case))
    return Standing(
        journeys=tuple([_journey(journey) for journey in journeys]),
        cases=tuple([_case(case) for case in cases]),
        problems=tuple([_problem(problem) for problem in _changed(before.problems, after.problems)]),
        promises=tuple(promises),
        comeback=_comeback(policy, before, after),
    )


def _comeback(policy: Policy, before: CustomerState, after: CustomerState) -> ComebackStanding | None:
    if after.comeback == before.comeback:
        return None
    known, outcome = after.comeback, "" if after.comeback is None else after.comeback.outcome or "awaited"
    if known is None and before.comeback is not None and before.comeback.problem in after.problems:
        known, outcome = before.comeback, "withdrawn"
    return None if known is None else _came_back(policy, after, known, outcome)


def _came_back(policy: Policy, state: CustomerState, known: Comeback, outcome: str) -> ComebackStanding:
    profile, worth = state.profile, None
    if profile is not None and profile.lifetime_value is not None and profile.currency is not None:
        worth = Money(profile.lifetime_value, profile.currency)
    return ComebackStanding(
        outcome=outcome,
        problem=known.problem,
        type=known.type,
        severity=known.severity,
        since=known.since,
        recovered=known.recovered,
        at=known.at,
        lifetime_value=worth,
        bought=comeback.bought(policy, state),
    )


def _changed(before: Mapping[Key, Thing], after: Mapping[Key, Thing]) -> list[Thing]:
    if after is before:
        return []
    found: list[Thing] = []
    for key, new in after.items():
        old = before.get(key)
        if old is not new and old != new:
            found.append(new)
    return found


def _journey(journey: Journey) -> JourneyStanding:
    assert journey.began_at is not None
    milestones = sorted([(times[0], word) for word, times in reached.of_journey(journey).items()])
    carriers = {part.carrier for part in journey.consignments.values() if part.carrier is not None}
    return JourneyStanding(
        journey=journey.id,
        kind=journey.kind,
        brand=journey.brand,
        status=journey.status,
        began_at=journey.began_at,
        milestones={word: at for at, word in milestones},
        carriers=tuple(sorted(carriers)),
        country=journey.country,
        value=journey.value,
    )


def _case(case: Case) -> CaseStanding:
    passed = ping_pong.hand_offs(case.desks)
    life = life_of(case.turns)
    return CaseStanding(
        case=case.id,
        open=life.resolved_at is None,
        hand_offs=max(0, len(passed) - 1),
        reopened=life.reopened,
        journey=case.journey,
        desk=passed[-1].desk if passed else None,
        opened_at=case.opened_at,
        ping_pong_at=case.ping_pong_at,
    )


def _problem(problem: Problem) -> ProblemStanding:
    return ProblemStanding(
        problem=problem.id,
        type=problem.type,
        status=problem.status,
        severity=problem.severity,
        fault=problem.fault,
        opened_at=problem.opened_at,
        reopened=problem.reopened,
        resolved_at=problem.resolved_at,
        journey=problem.journey,
        consignment=problem.consignment,
        case=problem.case,
    )


def _promises_of_journey(old: Journey | None, new: Journey) -> list[PromiseStanding]:
    fresh = _promised(new.own, None if old is None else old.own)
    for consignment in new.consignments.values():
        before = None if old is None else old.consignments.get(consignment.id)
        fresh += _promised(consignment.leg, None if before is None else before.leg)
    if not fresh or old is None:
        return [_promise(new.id, each, journey=new) for each in fresh]
    # a promise may have passed from the journey to a consignment, unchanged
    known = _promised(old.own, None)
    for consignment in old.consignments.values():
        known += _promised(consignment.leg, None)
    return [_promise(new.id, each, journey=new) for each in fresh if each not in known]


def _promises_of_case(old: Case | None, new: Case) -> list[PromiseStanding]:
    known = () if old is None else old.leg.expectations
    promised = [each for each in new.leg.expectations if each.basis == "promised"]
    return [_promise(new.id, each, case=new) for each in promised if each not in known]


def _promised(leg: Leg, before: Leg | None) -> list[Expectation]:
    """Return the promises of a leg that it has not had as they are now."""
    if before is None:
        return [each for each in leg.expectations if each.basis == "promised"]
    known = before.expectations
    if leg.expectations is known:
        return []
    return [each for each in leg.expectations if each.basis == "promised" and each not in known]


def _promise(
    of: str, expectation: Expectation, journey: Journey | None = None, case: Case | None = None
) -> PromiseStanding:
    return PromiseStanding(
        promise=f"{of}/{expectation.id}@{expectation.first_due}",
        milestone=expectation.milestone,
        outcome=_outcome(expectation),
        first_due=expectation.first_due,
        due=expectation.due,
        journey=None if journey is None else journey.id,
        case=None if case is None else case.id,
    )


def _outcome(expectation: Expectation) -> str:
    if expectation.met_at is not None and expectation.met_at < expectation.first_due:
        return "kept"
    if expectation.breached_at is not None and expectation.withdrawn_at is None:
        return "broken"
    return "ended" if expectation.ended_at is not None or expectation.withdrawn_at is not None else "open"

"""How bad a problem is: its extent and severity, from nothing but the state, so that late facts grade it alike."""

from collections.abc import Callable, Iterator

from msgspec.structs import replace

from app.clock import Instant
from app.decide.book import HoldInputs, SeverityInputs
from app.decide.extent import extent_of
from app.decide.policy import Policy
from app.decide.severity import severity_of
from app.decide.suppression import scope_of
from app.ids import JourneyId, ProblemId
from app.journey import escalations, reached
from app.journey.comeback import is_purchase
from app.journey.course import Steps
from app.journey.extent import extent_inputs, sorted_problems, steps_for
from app.journey.state import CustomerState
from app.journey.trouble import Problem
from app.journey.turn import Turn


def grade(turn: Turn, name: ProblemId, *, opening: bool = False) -> None:
    """Work out a problem's extent, severity and hold anew; a rise asks for an owner again."""
    problem = turn.state.problems[name]
    inputs = extent_inputs(turn.policy, turn.state, problem, None)
    extent = extent_of(turn.policy, inputs)
    severity = severity_of(turn.policy, _severity_inputs(turn, problem, extent.answer, inputs.repeats))
    if not opening and (problem.extent, problem.severity) == (extent.answer, severity.answer):
        return
    turn.ruled(extent)
    turn.ruled(severity)
    scope = turn.ruled(scope_of(turn.policy, HoldInputs(problem.type, severity.answer)))
    turn.put_problem(replace(problem, extent=extent.answer, severity=severity.answer, scope=scope))
    if opening:
        return
    turn.note(f"problem {problem.type}: extent {extent.answer}, severity {problem.severity} becomes {severity.answer}")
    if severity.answer > problem.severity and problem.open:
        escalations.ask(turn, name, "severe")


def grade_related(turn: Turn, problem: Problem) -> None:
    """Grade anew the other problems of the same journey: what came before a problem is part of its extent."""
    if problem.journey is None:
        return
    for other in sorted_problems(turn.state):
        if other.journey == problem.journey and other.id != problem.id and other.withdrawn_at is None:
            grade(turn, other.id)


def grade_all(turn: Turn) -> None:
    """Grade every problem that still counts: something about the customer as a whole has changed."""
    grade_where(turn, lambda problem: problem.active)


def grade_where(turn: Turn, concerns: Callable[[Problem], bool]) -> None:
    """Grade the problems that are concerned by what was learnt: what is recovered too, for it may be learnt late."""
    for problem in sorted_problems(turn.state):
        if problem.withdrawn_at is None and concerns(problem):
            grade(turn, problem.id)


def _severity_inputs(turn: Turn, problem: Problem, extent: str, repeats: int) -> SeverityInputs:
    state = turn.state
    case = None if problem.case is None else state.cases.get(problem.case)
    return SeverityInputs(
        problem=problem.type,
        extent=extent,
        first_time=first_time(turn.policy, state, problem.journey),
        needed_by_at_risk=_needed_by_at_risk(turn, problem),
        reopened=problem.reopened,
        priority=None if case is None else case.priority,
        repeats=repeats,
        goods_held=goods_held(turn.policy, state, problem.journey),
    )


def goods_held(policy: Policy, state: CustomerState, name: JourneyId | None) -> bool:
    """Say whether we have something that is the customer's own: handed in, and neither paid for nor given back."""
    journey = None if name is None else state.journeys.get(name)
    if journey is None:
        return False
    rules = reached.rules_of(policy, journey)
    parts = journey.consignments.values() if rules.goods_from else ()
    each = [reached.of_consignment(journey, part) for part in parts] or [journey.own.steps]
    return any(_has(steps, rules.goods_from) and not _has(steps, rules.goods_until) for steps in each)


def _has(steps: Steps, words: tuple[str, ...]) -> bool:
    return any(word in steps for word in words)


def first_time(policy: Policy, state: CustomerState, name: JourneyId | None) -> bool:
    """Say whether the customer is known to buy for the first time.

    Who had got an earlier purchase when this one began is not, whatever an old profile says: also when nothing but a
    receipt is left of it.
    """
    if state.profile is None or state.profile.first_time is not True:
        return False
    journey = None if name is None else state.journeys.get(name)
    began = None if journey is None else journey.began_at
    return not any(began is None or got < began for got in _got(policy, state, name))


def _got(policy: Policy, state: CustomerState, other_than: JourneyId | None) -> Iterator[Instant]:
    """Yield when the customer had got all of each purchase."""
    for receipt in state.receipts.values():
        if receipt.completed_at is not None and is_purchase(policy, receipt.kind, receipt.value):
            yield receipt.completed_at
    for journey in state.journeys.values():
        if journey.id != other_than and is_purchase(policy, journey.kind, journey.value):
            got = reached.completed_at(reached.rules_of(policy, journey), reached.of_journey(journey))
            if got is not None:
                yield got


def review_first_time(turn: Turn) -> None:
    """Grade anew what weighs less, or more, now that an earlier purchase is known to have come."""
    profile = turn.state.profile
    if profile is None or profile.first_time is not True or turn.state.journeys is turn.before.journeys:
        return
    grade_where(
        turn,
        lambda problem: (
            first_time(turn.policy, turn.before, problem.journey)
            != first_time(turn.policy, turn.state, problem.journey)
        ),
    )


def _needed_by_at_risk(turn: Turn, problem: Problem) -> bool:
    """Say whether the goods have not come before the date that matters to the customer."""
    journey = None if problem.journey is None else turn.state.journeys.get(problem.journey)
    if journey is None or journey.needed_by is None:
        return False
    completed = reached.completed_at(reached.rules_of(turn.policy, journey), steps_for(turn.state, problem))
    return completed is None or completed >= journey.needed_by

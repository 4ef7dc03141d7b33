"""How bad a problem is: its extent and severity, from nothing but the state, so that late facts grade it alike."""

from collections.abc import Callable

from msgspec.structs import replace

from app.decide.book import HoldInputs, SeverityInputs
from app.decide.extent import extent_of
from app.decide.severity import severity_of
from app.decide.suppression import scope_of
from app.ids import ProblemId
from app.journey import escalations, reached
from app.journey.extent import extent_inputs, sorted_problems, steps_for
from app.journey.state import CustomerState
from app.journey.trouble import Problem
from app.journey.turn import Turn


def grade(turn: Turn, name: ProblemId, *, opening: bool = False) -> None:
    """Work out a problem's extent, severity and hold anew; a rise asks for an owner again."""
    problem = turn.state.problems[name]
    extent = extent_of(turn.policy, extent_inputs(turn.state, problem, None))
    severity = severity_of(turn.policy, _severity_inputs(turn, problem, extent.answer))
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
        if other.journey == problem.journey and other.id != problem.id and other.active:
            grade(turn, other.id)


def grade_all(turn: Turn) -> None:
    """Grade every problem that still counts: something about the customer as a whole has changed."""
    grade_where(turn, lambda _: True)


def grade_where(turn: Turn, concerns: Callable[[Problem], bool]) -> None:
    """Grade the problems that still count and are concerned by what was learnt."""
    for problem in sorted_problems(turn.state):
        if problem.active and concerns(problem):
            grade(turn, problem.id)


def _severity_inputs(turn: Turn, problem: Problem, extent: str) -> SeverityInputs:
    state = turn.state
    case = None if problem.case is None else state.cases.get(problem.case)
    return SeverityInputs(
        problem=problem.type,
        extent=extent,
        first_time=first_time(state),
        needed_by_at_risk=_needed_by_at_risk(turn, problem),
        reopened=problem.reopened,
        priority=None if case is None else case.priority,
    )


def first_time(state: CustomerState) -> bool:
    """Say whether the customer is known to buy for the first time."""
    return state.profile is not None and state.profile.first_time is True


def _needed_by_at_risk(turn: Turn, problem: Problem) -> bool:
    """Say whether the goods have not come before the date that matters to the customer."""
    journey = None if problem.journey is None else turn.state.journeys.get(problem.journey)
    if journey is None or journey.needed_by is None:
        return False
    completed = reached.completed_at(reached.rules_of(turn.policy, journey), steps_for(turn.state, problem))
    return completed is None or completed >= journey.needed_by

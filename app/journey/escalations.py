"""Escalations: one named owner with the authority to act, and what happens when they do not."""

from typing import Final

from msgspec.structs import replace

from app.clock import Instant
from app.decide.book import EscalationInputs, EscalationPlan
from app.decide.escalation import escalation_of
from app.facts import Money
from app.ids import ProblemId
from app.journey import history
from app.journey.brands import brand_of
from app.journey.extent import repeats_of
from app.journey.trouble import Asked, AwaitedOwner, Hold, Problem
from app.journey.turn import Turn
from app.outputs import Escalation

_BY_THEMSELVES: Final = frozenset({"ping_pong"})
"""Problems that are a reason to ask for an owner, whatever else they are."""

SILENT: Final = "owner_silent"
_OF_A_HOLD: Final = 0
"""The severity asked with for a hold that has none: an operator's."""


def on_opened(turn: Turn, name: ProblemId) -> None:
    """Ask for an owner when a new problem is severe, is a reason by itself (ping-pong), or not its journey's first."""
    ask(turn, name, "severe")
    if (type_ := turn.state.problems[name].type) in _BY_THEMSELVES:
        ask(turn, name, type_)
    if repeats_of(turn.policy, turn.state, turn.state.problems[name]):
        ask(turn, name, "repeated_failure")


def ask(turn: Turn, name: ProblemId, reason: str) -> None:
    """Ask the escalation book for an owner, and name them; the same owner is asked once per cause."""
    problem = turn.state.problems[name]
    repeats = repeats_of(turn.policy, turn.state, problem)
    plan = turn.ruled(escalation_of(turn.policy, EscalationInputs(reason, problem.type, problem.severity, repeats)))
    if plan is None or any(_same(said, plan.owner, name) for said in turn.said):
        return
    _name(turn, plan, reason, problem)
    turn.put_problem(replace(problem, asked=(*problem.asked, Asked(turn.now, plan.owner, reason, plan.freezes))))


def ask_about_hold(turn: Turn, hold: Hold, reason: str) -> None:
    """Name an owner for a hold that no problem has: an operator's."""
    plan = turn.ruled(escalation_of(turn.policy, EscalationInputs(reason, "", _OF_A_HOLD)))
    if plan is not None:
        _name(turn, plan, reason, hold)


def _name(turn: Turn, plan: EscalationPlan, reason: str, about: Problem | Hold) -> None:
    of_problem = isinstance(about, Problem)
    name = about.id if isinstance(about, Problem) else ProblemId(about.owner)
    act_by = None if plan.act_within is None else Instant(turn.now + plan.act_within)
    currency = brand_of(turn.policy, turn.state, about.journey).currency
    escalation = Escalation(
        id=turn.id_for("escalation", plan.owner, name),
        at=turn.now,
        customer=turn.state.customer,
        owner=plan.owner,
        authority=plan.authority,
        reason=reason,
        problem=name if of_problem else None,
        journey=about.journey,
        case=about.case,
        act_by=act_by,
        budget=None if plan.budget is None else Money(plan.budget, currency),
        freeze_hand_offs=plan.freezes,
        history=history.attached(turn.state, name, about.journey, about.case, turn.id_for("decision")),
    )
    turn.said.append(escalation)
    turn.note(f"{plan.owner} is asked to act: {reason}")
    if act_by is not None:
        awaited = AwaitedOwner(escalation.id, name, reason, plan.owner, act_by)
        turn.state = replace(turn.state, awaited=(*turn.state.awaited, awaited))


def _same(said: object, owner: str, name: ProblemId) -> bool:
    return isinstance(said, Escalation) and said.owner == owner and said.problem == name


def answered(turn: Turn, name: ProblemId) -> None:
    """Stop waiting for owners of a problem, or of an operator's hold: it was acted upon."""
    if any(awaited.problem == name for awaited in turn.state.awaited):
        kept = tuple(awaited for awaited in turn.state.awaited if awaited.problem != name)
        turn.state = replace(turn.state, awaited=kept)


def silent(turn: Turn, awaited: AwaitedOwner) -> None:
    """Go one level up when an owner has not acted in time; a silent owner one level up is not asked again."""
    kept = tuple(other for other in turn.state.awaited if other.escalation != awaited.escalation)
    turn.state = replace(turn.state, awaited=kept)
    turn.note(f"{awaited.owner} has not acted in time")
    if awaited.reason == SILENT:
        return
    if awaited.problem in turn.state.problems:
        ask(turn, awaited.problem, SILENT)
    for hold in turn.state.holds:
        if hold.owner == awaited.problem and hold.until is None and awaited.problem not in turn.state.problems:
            ask_about_hold(turn, hold, SILENT)

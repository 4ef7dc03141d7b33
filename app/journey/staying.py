"""A case whose owner was named stays with them. A desk that hands it on all the same is a reason to ask for one."""

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from app.journey import escalations
from app.journey.course import Assignment, Case
from app.journey.ping_pong import hand_offs
from app.journey.progress import rank
from app.journey.state import CustomerState
from app.journey.trouble import Problem
from app.journey.turn import Turn

HANDED_ON: Final = "handed_on"


def handed(turn: Turn, case: Case, assignment: Assignment) -> None:
    """See whether a case was handed on that was to stay with its owner; handed to the owner it is where it belongs."""
    passed = hand_offs(case.desks)
    if assignment not in passed[1:] or assignment != passed[-1]:
        return
    kept = sorted(_kept(turn.state, case, assignment), key=rank)
    if not kept:
        return
    owners = sorted({asked.owner for problem in kept for asked in problem.asked if asked.freezes})
    if assignment.desk in owners:
        _taken_back(turn, kept)
        return
    turn.note(f"{case.id}: handed on to {assignment.desk}, though it was to stay with {', '.join(owners)}")
    if not any(each.problem == kept[0].id and each.reason == HANDED_ON for each in turn.state.awaited):
        escalations.ask(turn, kept[0].id, HANDED_ON)


def _kept(state: CustomerState, case: Case, assignment: Assignment) -> Iterator[Problem]:
    """Yield the open problems of a case, or of its journey, that had an owner before it was handed on."""
    for problem in state.problems.values():
        its = problem.case == case.id or (case.journey is not None and problem.journey == case.journey)
        if its and problem.open and any(asked.freezes and asked.at < assignment.at for asked in problem.asked):
            yield problem


def _taken_back(turn: Turn, kept: list[Problem]) -> None:
    """Stop waiting for the owner to take it back; what else they owe is still waited for."""
    names = {problem.id for problem in kept}
    waited = turn.state.awaited
    still = tuple(each for each in waited if each.reason != HANDED_ON or each.problem not in names)
    if len(still) != len(waited):
        turn.state = replace(turn.state, awaited=still)

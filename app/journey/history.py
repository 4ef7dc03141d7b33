"""The decisions about each problem, by reference: what an owner is handed with it, and with what went before it."""

from typing import Final

from msgspec.structs import replace

from app.ids import CaseId, JourneyId, OutputId
from app.journey.state import CustomerState
from app.journey.trouble import Problem
from app.journey.turn import Turn

_MOST: Final = 16
_ATTACHED: Final = 48
"""Of a matter with a long history, the first decision and the newest."""


def remember(turn: Turn, after: CustomerState, decision: OutputId) -> None:
    """Keep a decision with each problem that it changed: the first one and the newest.

    What changes a case (a message, a hand-off) is kept with the problem that the case is.
    """
    before, still = turn.before.problems, turn.state.problems
    cases = _changed_cases(turn, after)
    changed = [
        name
        for name, problem in after.problems.items()
        if name in still and (before.get(name) is not problem or (problem.of_case and problem.case in cases))
    ]
    if not changed:
        return
    history = dict(turn.state.history)
    for name in changed:
        known = history.get(name, ())
        history[name] = (*_kept(known, _MOST - 1), decision)
    turn.state = replace(turn.state, history=history)


def _changed_cases(turn: Turn, after: CustomerState) -> frozenset[CaseId]:
    before = turn.before.cases
    if after.cases is before:
        return frozenset()
    return frozenset(name for name, case in after.cases.items() if before.get(name) is not case)


def _kept(known: tuple[OutputId, ...], most: int) -> tuple[OutputId, ...]:
    return known if len(known) <= most else (known[0], *known[1 - most :])


def attached(
    state: CustomerState, name: str, journey: JourneyId | None, case: CaseId | None, now: OutputId
) -> tuple[OutputId, ...]:
    """Return what an owner is handed: the decisions about the matter's problems, and the one that names them.

    Problem by problem in the order in which they were opened, each the oldest first, none twice.
    """
    matter = [each for each in state.problems.values() if each.id == name or _shares(each, journey, case)]
    matter.sort(key=lambda problem: (problem.opened_at, problem.id))
    found = dict.fromkeys(decision for problem in matter for decision in state.history.get(problem.id, ()))
    return (*_kept(tuple(found), _ATTACHED - 1), now)


def _shares(problem: Problem, journey: JourneyId | None, case: CaseId | None) -> bool:
    return (journey is not None and problem.journey == journey) or (case is not None and problem.case == case)

"""Chasing: the customer gets in touch again and again and nobody answers: a sign before any complaint.

Each attempt is effort, whatever its means. Several of them within a window, with no answer in between and no problem
open yet that would explain them, are a problem of type `chasing`; how many, and within what time, is the policy's.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from app.clock import Instant
from app.decide.policy import ChasingRules
from app.journey import problems
from app.journey.course import Place, Steps
from app.journey.extent import attempts, contact_steps
from app.journey.state import CustomerState
from app.journey.trouble import Problem
from app.journey.turn import Turn

CHASING: Final = "chasing"
_NO_FAILURE: Final = frozenset({CHASING, "contact"})
_CONTACTED: Final = "contacted_"
_ANSWERED: Final = ("replied", "called_back")


def chased(contacts: Sequence[Instant], answers: Sequence[Instant], rules: ChasingRules) -> Iterator[Instant]:
    """Yield when so many attempts had been made without an answer; anew only after one was given.

    Attempts that follow one another in less than `apart` (the messages of one chat) are one.
    """
    tried = attempts(contacts, rules.apart)
    over: Instant | None = None
    for first, last in zip(tried, tried[rules.contacts - 1 :], strict=False):
        if over is not None and not any(over < at < first for at in answers):
            continue
        if last - first < rules.within and not any(first <= at <= last for at in answers):
            over = last
            yield last


def review(turn: Turn) -> None:
    """Open or take back the problem wherever the customer gets in touch: a journey, a case of none, or neither."""
    if not turn.state.cases and not turn.state.contacts and not _contacted(turn.state):
        return
    for place, steps in _places(turn.state):
        contacts = _times(steps, (_CONTACTED,))
        if len(contacts) >= turn.policy.chasing.contacts:
            _review(turn, place, set(chased(contacts, _times(steps, _ANSWERED), turn.policy.chasing)))


def _contacted(state: CustomerState) -> bool:
    for journey in state.journeys.values():
        for word in journey.own.steps:
            if word.startswith(_CONTACTED):
                return True
    return False


def _places(state: CustomerState) -> Iterator[tuple[Place, list[Steps]]]:
    cases = tuple(state.cases.values())
    for journey in state.journeys.values():
        if not journey.provisional:
            yield Place(journey.id), [journey.own.steps, *(of.leg.steps for of in cases if of.journey == journey.id)]
    for case in cases:
        if case.journey is None or case.journey not in state.journeys:
            yield Place(case.journey, None, case.id), [case.leg.steps]
    if state.contacts:
        yield Place(), [contact_steps(state)]


def _times(steps: Iterable[Steps], words: tuple[str, ...]) -> list[Instant]:
    return sorted({at for each in steps for word, times in each.items() if word.startswith(words) for at in times})


def _review(turn: Turn, place: Place, times: set[Instant]) -> None:
    wanted = {at for at in times if not any(_open_at(other, at, place) for other in turn.state.problems.values())}
    for problem in tuple(turn.state.problems.values()):
        mine = problem.type == CHASING and (problem.journey, problem.case) == (place.journey, place.case)
        if mine and problem.withdrawn_at is None and problem.opened_at not in wanted:
            problems.withdraw(turn, problem.id)
    for at in sorted(wanted):
        problems.open_stated(turn, place, CHASING, f"{CHASING}@{at}", at=at)


def _open_at(problem: Problem, at: Instant, place: Place) -> bool:
    """Say whether something is known to have been wrong there at a time: then it is no mere sign."""
    if problem.type in _NO_FAILURE or problem.withdrawn_at is not None or problem.opened_at > at:
        return False
    ended = problem.resolved_at if problem.resolved_at is not None else problem.written_off_at
    if ended is not None and ended <= at:
        return False
    if place.case is not None:
        return problem.case == place.case
    return place.journey is None or problem.journey == place.journey

"""Money given in another currency than is owed: nobody here knows the rate, so it settles nothing, and one is asked."""

from typing import Final

from app.decide.gestures import REFUND
from app.facts import Money
from app.ids import ProblemId
from app.journey import escalations, progress
from app.journey.course import Journey
from app.journey.refunds import REFUNDED
from app.journey.trouble import GivenRemedy
from app.journey.turn import Turn

_UNSETTLED: Final = "remedy_unsettled"


def paid_back(turn: Turn, journey: Journey, money: Money) -> None:
    """Leave open what a refund of a journey may have been for, and ask whoever has it to say."""
    assert journey.value is not None
    turn.note(
        f"{journey.id}: {_said(money)} paid back for what was paid in {journey.value.currency}: it settles nothing, "
        "the two cannot be compared"
    )
    owed = {
        remedy.problem
        for remedy in turn.state.remedies.values()
        if remedy.journey == journey.id and REFUND not in remedy.settled
        if any(gesture.kind == REFUND for gesture in remedy.gestures)
    }
    waiting = [
        problem
        for problem in turn.state.problems.values()
        if problem.journey == journey.id and problem.active
        if problem.id in owed or (problem.open and REFUNDED in turn.policy.problems[problem.type].resolved_by)
    ]
    if waiting:
        _ask(turn, min(waiting, key=progress.rank).id)


def given(turn: Turn, remedy: GivenRemedy, gesture: str, money: Money, asked: Money) -> None:
    """Leave a gesture unsettled that was given in another currency than was asked for, and ask its owner to say."""
    turn.note(
        f"remedy for {remedy.cause}: {_said(money)} given for {_said(asked)} ({gesture}): it settles nothing, "
        "the two cannot be compared"
    )
    if remedy.problem in turn.state.problems:
        _ask(turn, remedy.problem)


def _ask(turn: Turn, name: ProblemId) -> None:
    """Ask once: who was asked to settle it hears of each further part from the decisions alone."""
    if all(each.reason != _UNSETTLED for each in turn.state.problems[name].asked):
        escalations.ask(turn, name, _UNSETTLED)


def _said(money: Money) -> str:
    return f"{money.amount:f} {money.currency}"

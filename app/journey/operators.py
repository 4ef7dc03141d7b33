"""What operators decide, role-checked by the policy: holds, releases, closing and writing off."""

from collections.abc import Callable
from typing import Final

from msgspec.structs import replace

from app.decide.book import Ruled
from app.facts import Fact, OperatorDecided
from app.journey import accounts, escalations, exceptions, ledger, problems, progress
from app.journey.trouble import Hold, Problem
from app.journey.turn import Turn
from app.outputs import ALL, RowFired, Scope


def operator_decided(turn: Turn, fact: Fact, what: OperatorDecided) -> None:
    """Do what an operator decided, or say why not."""
    act = _ACTIONS.get(what.action)
    right = "quarantine" if what.problem_id == ledger.QUARANTINE else what.action
    row = RowFired("operators", right, {"role": what.role})
    if not turn.ruled(Ruled(turn.policy.may(what.role, right), (row,))):
        turn.note(f"refused: the policy does not let a {what.role} {right}")
    elif act is None:
        turn.note(f"{what.action} by {what.role}: taken note of, nothing waits for it")
    else:
        turn.note(f"{what.action} by {what.role} {what.operator}: {what.reason}")
        act(turn, fact, what)


def _concerned(turn: Turn, what: OperatorDecided) -> list[Problem]:
    """Return the active problems a decision is about: the named one, or all."""
    active = [problem for problem in turn.state.problems.values() if problem.active]
    named = [problem for problem in active if what.problem_id in {None, problem.id}]
    if not named and what.problem_id is not None and not what.problem_id.startswith(ledger.OPERATOR):
        turn.note("no such problem is open: nothing to do")
    return sorted(named, key=progress.rank)


def _hold(turn: Turn, fact: Fact, what: OperatorDecided) -> None:
    owner = f"{ledger.OPERATOR}{fact.id}"
    if any(hold.owner == owner for hold in turn.state.holds):
        owner = f"{owner}@{turn.now}"  # each hold has an owner of its own, so that each ends and grows old by itself
    hold = Hold(owner, Scope((ALL,)), what.reason, turn.now, journey=fact.subject.journey, case=fact.subject.case)
    turn.state = replace(turn.state, holds=(*turn.state.holds, hold))


def _release(turn: Turn, _: Fact, what: OperatorDecided) -> None:
    for problem in _concerned(turn, what):
        turn.put_problem(replace(problem, released_at=turn.now))
        escalations.answered(turn, problem.id)
    ledger.end_operator_holds(turn, what.problem_id)
    accounts.release(turn, what.problem_id)


def _close(turn: Turn, fact: Fact, what: OperatorDecided) -> None:
    for problem in _concerned(turn, what):
        if problem.open:
            problems.resolve(turn, problem.id, max(fact.occurred_at, problem.opened_at))


def _write_off(turn: Turn, _: Fact, what: OperatorDecided) -> None:
    for problem in _concerned(turn, what):
        turn.put_problem(replace(problem, written_off_at=turn.now, progress_due=None))
        turn.note(f"problem {problem.type} written off")
        escalations.answered(turn, problem.id)
        progress.hand_over(turn, problem.cause)
    ledger.end_operator_holds(turn, what.problem_id)


_ACTIONS: Final[dict[str, Callable[[Turn, Fact, OperatorDecided], None]]] = {
    "hold": _hold,
    "release": _release,
    "close": _close,
    "write_off": _write_off,
    "approve": exceptions.approve,
    "refuse": exceptions.refuse,
}

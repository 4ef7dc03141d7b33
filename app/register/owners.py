"""The owner of what spans customers is watched: they act in time, or the next role is told."""

from typing import Final

from app.clock import Instant
from app.decide.book import EscalationInputs
from app.decide.escalation import escalation_of
from app.facts import Money, OperatorDecided
from app.register.doing import Doing
from app.register.state import AwaitedOwner

SILENT: Final = "owner_silent"
_WORST: Final = 4
"""One owner is named for all of them: as severe as it gets."""


def ask(
    doing: Doing, reason: str, problem: str, brand: str | None, before: AwaitedOwner | None = None
) -> AwaitedOwner | None:
    """Name the owner that the escalation book knows for this reason; return what to wait for, None for nothing.

    A budget is in the currency of the `brand` (None: of the default one). `before`: who was silent. To the book each
    silence after the first is a repeat, so that its rows can be a ladder; where it has nobody but who was silent,
    nobody is above.
    """
    level, history = (0, ()) if before is None else (before.level, before.history)
    plan = doing.ruled(escalation_of(doing.policy, EscalationInputs(reason, problem, _WORST, level)))
    if plan is None or (before is not None and plan.owner == before.owner):
        return None
    budget = None if plan.budget is None else Money(plan.budget, doing.policy.brand(brand).currency)
    act_by = None if plan.act_within is None else Instant(doing.now + plan.act_within)
    escalation = doing.escalate(plan.owner, plan.authority, reason, act_by, budget, history, freezes=plan.freezes)
    if act_by is None:
        return None
    return AwaitedOwner(problem, plan.owner, act_by, escalation.history, 0 if before is None else level + 1)


def silent(doing: Doing, awaited: AwaitedOwner, brand: str | None) -> AwaitedOwner | None:
    """Go one level up when an owner has not acted in time."""
    doing.note(f"{awaited.owner} has not acted in time")
    return ask(doing, SILENT, awaited.problem, brand, awaited)


def may(doing: Doing, what: OperatorDecided) -> bool:
    """Say whether the policy lets an operator of this role decide this, and keep why."""
    doing.by_policy("operators", what.action, role=what.role)
    if doing.policy.may(what.role, what.action):
        return True
    doing.note(f"refused: the policy does not let a {what.role} {what.action}")
    return False

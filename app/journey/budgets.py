"""Budgets that span customers: a remedy that costs something is reserved until the register grants it.

What is owed (a refund, what the law gives) draws on no budget: it is given whatever the answer. So is the apology.
"""

from decimal import Decimal
from typing import Final

from msgspec.structs import replace

from app.clock import Instant, to_iso
from app.decide.gestures import OWED
from app.decide.policy import Budget
from app.facts import BudgetAnswered, BudgetRequested, Fact, Money, budget_key
from app.ids import RemedyId
from app.journey import asking, escalations
from app.journey.brands import brand_of
from app.journey.issuing import in_words, issue
from app.journey.state import with_item
from app.journey.trouble import GivenRemedy, Reserved
from app.journey.turn import Turn
from app.outputs import Gesture, Receipt, RowFired

_LETTERS: Final = {"day": 10, "month": 7, "year": 4}


def give(turn: Turn, planned: GivenRemedy, apology: str, receipt: Receipt) -> None:
    """Issue a remedy, or reserve it and ask its budget first."""
    brand = brand_of(turn.policy, turn.state, planned.journey)
    budget = turn.policy.budget_of(brand.name, brand.currency)
    cost = sum((each.cost.amount for each in planned.gestures if _draws(each, brand.currency)), Decimal(0))
    if budget is None or cost <= 0:
        issue(turn, planned, apology, receipt)
        return
    reserved = Reserved(budget.name, budget.currency, apology, receipt, tuple(turn.rules))
    known = replace(planned, reserved=reserved)
    turn.state = replace(turn.state, remedies=with_item(turn.state.remedies, known.id, known))
    turn.note(f"remedy for {known.cause} is reserved: {cost:f} {budget.currency} asked of the budget {budget.name}")
    period = _period(budget, turn.now)
    what = BudgetRequested(known.id, budget.name, period, Money(cost, budget.currency))
    asking.ask(turn, budget_key(budget.name, period), what)


def _draws(gesture: Gesture, currency: str) -> bool:
    return gesture.kind not in OWED and gesture.cost.currency == currency


def _period(budget: Budget, now: Instant) -> str:
    """Return the period of a budget that an instant lies in, UTC: 2026-07."""
    return to_iso(now)[: _LETTERS[budget.period]]


def answered(turn: Turn, _: Fact, what: BudgetAnswered) -> None:
    """Issue what was reserved; what the budget refuses is left out of it, and policy says who is asked."""
    remedy = turn.state.remedies.get(RemedyId(what.question))
    if remedy is None or remedy.reserved is None:
        turn.note("the answer of a budget for a remedy that is no more: taken note of")
        return
    reserved = remedy.reserved
    turn.rules.extend(row for row in reserved.rules if row not in turn.rules)
    left = f"{what.left.amount:f} {what.left.currency} left"
    turn.rules.append(RowFired("budgets", reserved.budget, {"granted": str(what.granted).lower(), "left": left}))
    if what.granted:
        turn.note(f"the budget {reserved.budget} grants it: {left}")
        issue(turn, remedy, reserved.apology, reserved.receipt)
        return
    kept = tuple(each for each in remedy.gestures if not _draws(each, reserved.currency))
    withheld = tuple(each for each in remedy.gestures if _draws(each, reserved.currency))
    turn.note(f"the budget {reserved.budget} refuses {in_words(withheld)}: {left}")
    issue(turn, replace(remedy, gestures=kept), reserved.apology, reserved.receipt)
    budget = turn.policy.budgets.get(reserved.budget)
    if budget is not None and budget.refused == "approval" and remedy.problem in turn.state.problems:
        escalations.ask(turn, remedy.problem, "budget_refused")

"""Budgets that span customers: a remedy that costs something is reserved until the register grants it.

What is owed (a refund, what the law gives) draws on no budget: it is given whatever the answer. So is the apology.
"""

from decimal import Decimal
from typing import Final

from msgspec.structs import replace

from app.clock import Instant, to_iso
from app.decide.gestures import OWED
from app.decide.policy import Budget
from app.facts import BudgetAnswered, BudgetRequested, BudgetReturned, Fact, Money, budget_key
from app.ids import RemedyId
from app.journey import asking, escalations
from app.journey.brands import brand_of
from app.journey.issuing import in_words, issue
from app.journey.items import with_item
from app.journey.trouble import Drawn, GivenRemedy, Reserved
from app.journey.turn import Turn
from app.outputs import Gesture, Receipt, RowFired

_LETTERS: Final = {"day": 10, "month": 7, "year": 4}


def give(turn: Turn, planned: GivenRemedy, apology: str, receipt: Receipt) -> None:
    """Issue a remedy, or reserve it and ask its budget first."""
    brand = brand_of(turn.policy, turn.state, planned.journey)
    budget = turn.policy.budget_of(brand, _offer_of(turn, planned))
    cost = sum((each.cost.amount for each in planned.gestures if _draws(each, brand.currency)), Decimal(0))
    if budget is None or cost <= 0:
        issue(turn, planned, apology, receipt)
        return
    period = _period(budget, turn.now)
    reserved = Reserved(budget.name, budget.currency, apology, receipt, tuple(turn.rules), period)
    known = replace(planned, reserved=reserved)
    turn.state = replace(turn.state, remedies=with_item(turn.state.remedies, known.id, known))
    turn.note(f"remedy for {known.cause} is reserved: {cost:f} {budget.currency} asked of the budget {budget.name}")
    what = BudgetRequested(known.id, budget.name, period, Money(cost, budget.currency))
    asking.ask(turn, budget_key(budget.name, period), what)


def _offer_of(turn: Turn, planned: GivenRemedy) -> str | None:
    """Return the offer that a remedy is about: that of the coupon which led to its problem."""
    coupons = (each.offer for each in turn.state.coupons.values() if planned.problem in each.problems)
    return next(coupons, None)


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
        drawn = Drawn(reserved.budget, reserved.period, reserved.currency)
        issue(turn, replace(remedy, drawn=drawn), reserved.apology, reserved.receipt)
        return
    kept = tuple(each for each in remedy.gestures if not _draws(each, reserved.currency))
    withheld = tuple(each for each in remedy.gestures if _draws(each, reserved.currency))
    turn.note(f"the budget {reserved.budget} refuses {in_words(withheld)}: {left}")
    issue(turn, replace(remedy, gestures=kept), reserved.apology, reserved.receipt)
    budget = turn.policy.budgets.get(reserved.budget)
    if budget is not None and budget.refused == "approval" and remedy.problem in turn.state.problems:
        escalations.ask(turn, remedy.problem, "budget_refused")


def give_back(turn: Turn, remedy: GivenRemedy, gesture: Gesture) -> GivenRemedy:
    """Give a gesture's cost back to the budget that pays for it, once: it failed for good, or was refused."""
    drawn = remedy.drawn
    if drawn is None or gesture.kind in drawn.returned or not _draws(gesture, drawn.currency):
        return remedy
    _change(turn, remedy.id, drawn, gesture, after_all=False)
    return replace(remedy, drawn=replace(drawn, returned=(*drawn.returned, gesture.kind)))


def given_after_all(turn: Turn, remedy: GivenRemedy, gesture: str) -> GivenRemedy:
    """Let the budget pay again for a gesture that had failed for good and was given all the same."""
    drawn = remedy.drawn
    found = next((each for each in remedy.gestures if each.kind == gesture), None)
    if drawn is None or found is None or gesture not in drawn.returned:
        return remedy
    _change(turn, remedy.id, drawn, found, after_all=True)
    return replace(remedy, drawn=replace(drawn, returned=tuple(kind for kind in drawn.returned if kind != gesture)))


def given_instead(turn: Turn, remedy: GivenRemedy, gesture: Gesture) -> None:
    """Let the budget pay for what is given instead: it never costs more than what it has just had back."""
    if remedy.drawn is not None and _draws(gesture, remedy.drawn.currency):
        _change(turn, remedy.id, remedy.drawn, gesture, after_all=True)


def _change(turn: Turn, name: RemedyId, drawn: Drawn, gesture: Gesture, *, after_all: bool) -> None:
    what = BudgetReturned(name, gesture.kind, drawn.budget, drawn.period, gesture.cost, after_all)
    about = f"{'paid' if after_all else 'returned'}/{name}/{gesture.kind}"
    asking.tell(turn, budget_key(drawn.budget, drawn.period), what, about)
    words = "pays" if after_all else "has back"
    turn.note(f"the budget {drawn.budget} {words} {gesture.cost.amount:f} {gesture.cost.currency} for {gesture.kind}")

"""Budgets: each request is answered once, in one order, and what is granted never exceeds the policy's amount."""

from msgspec.structs import replace

from app.clock import Instant
from app.facts import BudgetAnswered, BudgetRequested, BudgetReturned, Fact, Money
from app.ids import FactId
from app.journey import seen
from app.register.doing import Doing
from app.register.limits import BUDGET_KEPT, REPEATS_KNOWN
from app.register.state import Spent
from app.topics import Topic


def requested(doing: Doing, known: Spent | None, fact: Fact, what: BudgetRequested) -> Spent | None:
    """Grant what fits into what is left; a budget that the policy has no more refuses nothing."""
    customer = fact.subject.customer
    assert customer is not None, "a question names its customer"
    spent = known or Spent(fact.known_at)
    question = seen.digest_of(FactId(what.question))
    if seen.is_repeat(spent.seen, question, fact.known_at, REPEATS_KNOWN):
        return known
    budget = doing.policy.budgets.get(what.budget)
    left = what.amount.amount if budget is None else budget.amount - spent.granted
    granted = what.amount.amount <= left
    cost = what.amount.amount if granted else what.amount.amount * 0
    answer = BudgetAnswered(what.question, granted, Money(left - cost, what.amount.currency))
    doing.pass_on(Topic.JOURNEY_LOG, customer.encode(), answer, customer)
    if not granted and not spent.exhausted:
        _tell(doing, what)
    return replace(
        spent,
        until=Instant(fact.known_at + BUDGET_KEPT),
        granted=spent.granted + cost,
        exhausted=spent.exhausted or not granted,
        seen=seen.with_fact(spent.seen, question, fact.known_at, REPEATS_KNOWN),
    )


def returned(doing: Doing, known: Spent | None, fact: Fact, what: BudgetReturned) -> Spent | None:
    """Take back what was kept for a gesture that came to nothing, or pay for one that was given after all."""
    taken = seen.digest_of(fact.id)
    if known is None or seen.is_repeat(known.seen, taken, fact.known_at, REPEATS_KNOWN):
        return known
    amount = what.amount.amount if what.after_all else -what.amount.amount
    granted = max(known.granted + amount, what.amount.amount * 0)
    words = "paid for after all" if what.after_all else "came to nothing"
    doing.note(f"{what.gesture} of {what.amount.amount:f} {what.amount.currency} {words}: {granted:f} granted so far")
    return replace(
        known,
        until=Instant(fact.known_at + BUDGET_KEPT),
        granted=granted,
        seen=seen.with_fact(known.seen, taken, fact.known_at, REPEATS_KNOWN),
    )


def _tell(doing: Doing, what: BudgetRequested) -> None:
    budget = doing.policy.budgets[what.budget]
    fields = {
        "budget": budget.name,
        "period": what.period,
        "amount": f"{budget.amount:f} {budget.currency}",
        "refused": f"{what.amount.amount:f} {what.amount.currency}",
    }
    text = f"The budget {budget.name} of {what.period} cannot pay every remedy any more: {budget.refused} instead."
    doing.by_policy("budgets", budget.name, amount=fields["amount"], period=what.period)
    doing.notice("merchant", "budget_exhausted", fields, text)

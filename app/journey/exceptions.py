"""Individual exceptions: what goes beyond a brand's limit waits for an approval; the plain remedy does not wait."""

from decimal import Decimal
from typing import Final

from msgspec.structs import replace

from app.decide.book import RemedyPlan
from app.decide.gestures import OWED
from app.facts import Fact, OperatorDecided
from app.journey import budgets, escalations
from app.journey.brands import brand_of
from app.journey.issuing import in_words
from app.journey.state import with_item, without
from app.journey.trouble import GivenRemedy, Problem, Reserved
from app.journey.turn import Turn
from app.outputs import Gesture

EXCEPTION: Final = "exception"
APPROVAL: Final = "approval"
"""What such a remedy is reserved for, instead of a budget."""

_NOTHING: Final = Decimal(0)


def needs_approval(turn: Turn, problem: Problem, gestures: tuple[Gesture, ...]) -> bool:
    """Say whether gestures cost more than the brand gives without asking; what is owed needs no leave."""
    brand = brand_of(turn.policy, turn.state, problem.journey)
    if brand.approval_above is None:
        return False
    costs = (each.cost.amount for each in beyond(gestures) if each.cost.currency == brand.currency)
    return sum(costs, _NOTHING) > brand.approval_above


def owed(gestures: tuple[Gesture, ...]) -> tuple[Gesture, ...]:
    """Return the gestures that nobody needs to approve."""
    return tuple(each for each in gestures if each.kind in OWED)


def beyond(gestures: tuple[Gesture, ...]) -> tuple[Gesture, ...]:
    """Return the gestures that go beyond what is owed."""
    return tuple(each for each in gestures if each.kind not in OWED)


def reserve(turn: Turn, planned: GivenRemedy, plan: RemedyPlan) -> None:
    """Keep what goes beyond the limit until somebody with the authority approves or refuses it."""
    currency = planned.gestures[0].cost.currency
    reserved = Reserved(APPROVAL, currency, plan.apology, plan.receipt, tuple(turn.rules))
    known = replace(planned, reserved=reserved)
    turn.state = replace(turn.state, remedies=with_item(turn.state.remedies, known.id, known))
    turn.note(f"remedy for {known.cause}: {in_words(known.gestures)} waits for an approval")
    escalations.ask(turn, known.problem, "needs_approval")


def approve(turn: Turn, _: Fact, what: OperatorDecided) -> None:
    """Give the exceptions that wait, of the named problem or all of them; their budget is asked as for any other."""
    for remedy, reserved in _waiting(turn, what):
        turn.rules.extend(row for row in reserved.rules if row not in turn.rules)
        budgets.give(turn, replace(remedy, reserved=None), reserved.apology, reserved.receipt)
        escalations.answered(turn, remedy.problem)


def refuse(turn: Turn, _: Fact, what: OperatorDecided) -> None:
    """Let the exceptions go that wait: the plain remedy stands."""
    for remedy, _reserved in _waiting(turn, what):
        turn.state = replace(turn.state, remedies=without(turn.state.remedies, remedy.id))
        turn.note(f"remedy for {remedy.cause}: the plain one stands")
        escalations.answered(turn, remedy.problem)


def _waiting(turn: Turn, what: OperatorDecided) -> list[tuple[GivenRemedy, Reserved]]:
    found = [
        (remedy, remedy.reserved)
        for remedy in turn.state.remedies.values()
        if remedy.reserved is not None
        and remedy.reserved.budget == APPROVAL
        and what.problem_id in {None, remedy.problem}
    ]
    if not found:
        turn.note("nothing waits for it")
    return sorted(found, key=lambda each: each[0].id)

"""Individual exceptions: what goes beyond a brand's limit waits for an approval; the plain remedy does not wait."""

from decimal import Decimal
from typing import Final

from msgspec.structs import replace

from app.decide.amounts import worked_out
from app.decide.book import RemedyPlan
from app.decide.gestures import OWED
from app.facts import Fact, Money, OperatorDecided
from app.journey import budgets, escalations
from app.journey.brands import brand_of
from app.journey.issuing import in_words
from app.journey.items import with_item, without
from app.journey.trouble import GivenRemedy, Problem, Reserved
from app.journey.turn import Turn
from app.outputs import Arithmetic, Gesture, Receipt

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
    """Give the exceptions that wait, of the named problem or all of them; their budget is asked as for any other.

    What an agent has given by hand meanwhile comes off.
    """
    for remedy, reserved in _waiting(turn, what):
        turn.rules.extend(row for row in reserved.rules if row not in turn.rules)
        gestures, lines = _less_by_hand(turn, remedy)
        escalations.answered(turn, remedy.problem)
        if gestures:
            receipt = Receipt((*reserved.receipt.arithmetic, *lines))
            budgets.give(turn, replace(remedy, reserved=None, gestures=gestures), reserved.apology, receipt)
        else:
            turn.state = replace(turn.state, remedies=without(turn.state.remedies, remedy.id))
            turn.note(f"remedy for {remedy.cause}: an agent has given as much by hand")


def _less_by_hand(turn: Turn, remedy: GivenRemedy) -> tuple[tuple[Gesture, ...], tuple[Arithmetic, ...]]:
    """Return what is left of a remedy after gifts that came while it waited, and how that was worked out."""
    left = _by_hand_since(turn, remedy)
    if left <= 0:
        return remedy.gestures, ()
    kept: list[Gesture] = []
    lines: list[Arithmetic] = []
    for gesture in remedy.gestures:
        if gesture.amount is None:
            taken = gesture.cost.amount if _NOTHING < gesture.cost.amount <= left else _NOTHING
            kept.extend(() if taken else (gesture,))
        else:
            inputs = {"approved": gesture.amount.amount, "by_hand": left, "none": _NOTHING}
            line = worked_out(gesture.kind, "max(approved - by_hand, none)", inputs)
            lines.append(line)
            rest = Money(Decimal(line.result), gesture.amount.currency)
            taken = gesture.amount.amount - rest.amount
            kept.extend((replace(gesture, amount=rest, cost=rest),) if rest.amount > 0 else ())
        left -= taken
    return tuple(kept), tuple(lines)


def _by_hand_since(turn: Turn, remedy: GivenRemedy) -> Decimal:
    currency = remedy.gestures[0].cost.currency
    amounts = (
        each.amount.amount
        for each in turn.state.by_hand
        if each.at > remedy.at
        and each.journey in {None, remedy.journey}
        and each.gesture not in OWED
        and each.amount is not None
        and each.amount.currency == currency
    )
    return sum(amounts, _NOTHING)


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

"""Gestures that could not be given: asked for again, then replaced or dropped as the brand says, then a person."""

from typing import Final

from msgspec.structs import replace

from app.clock import Instant
from app.decide.amounts import worked_out
from app.decide.book import Ruled
from app.decide.policy import Brand
from app.decide.words import NOTHING
from app.facts import Money, RemedyReported
from app.journey import budgets, escalations
from app.journey.brands import brand_of
from app.journey.issuing import say
from app.journey.items import with_item
from app.journey.trouble import GivenRemedy
from app.journey.turn import Turn
from app.outputs import Arithmetic, Gesture, Receipt, RowFired

_FAILED: Final = "failed"
_AGAIN: Final = "again"


def not_given(turn: Turn, remedy: GivenRemedy, what: RemedyReported, at: Instant) -> None:
    """Take in that a gesture failed or was refused. What failed is tried again, what was refused is not."""
    turn.note(f"remedy for {remedy.cause}: {what.gesture} {what.outcome}")
    gesture = next((each for each in remedy.gestures if each.kind == what.gesture), None)
    if gesture is None or what.gesture in remedy.settled:
        return
    brand = brand_of(turn.policy, turn.state, remedy.journey)
    perk = brand.perks.get(gesture.kind)
    tried = remedy.tries.get(gesture.kind, 1)
    if what.outcome == _FAILED and tried <= turn.policy.limits.grant_retries:
        _try_again(turn, remedy, gesture, tried + 1)
    elif perk is None or perk.instead is None:
        _call_somebody(turn, remedy, gesture)
    elif perk.instead == NOTHING:
        _leave_out(turn, remedy, gesture, at)
    else:
        _replace(turn, remedy, gesture, brand)


def _try_again(turn: Turn, remedy: GivenRemedy, gesture: Gesture, attempt: int) -> None:
    known = replace(remedy, tries={**remedy.tries, gesture.kind: attempt})
    _keep(turn, known)
    line = _line(gesture.kind, _AGAIN, gesture.cost)
    say(turn, known, (gesture,), Receipt((line,)), attempt)
    _ruled(turn, "again", gesture, attempts=str(attempt))
    turn.note(f"{gesture.kind} is asked for again: attempt {attempt}")


def _replace(turn: Turn, remedy: GivenRemedy, gesture: Gesture, brand: Brand) -> None:
    """Ask for what the brand gives instead; when that is in the remedy already, nothing more is."""
    other = brand.perks[str(brand.perks[gesture.kind].instead)]
    others = tuple(each for each in remedy.gestures if each is not gesture)
    if any(each.kind == other.kind for each in others):
        _leave_out(turn, remedy, gesture, turn.now)
        return
    cost = Money(other.cost, brand.currency)
    line = _line(other.kind, "cost", cost)
    instead = Gesture(other.kind, None, cost, brand.cost_centre, dict(other.terms))
    known = replace(budgets.give_back(turn, remedy, gesture), gestures=(*others, instead))
    budgets.given_instead(turn, known, instead)
    _keep(turn, known)
    say(turn, known, (instead,), Receipt((line,)), 1)
    _ruled(turn, "instead", gesture, instead=other.kind)
    turn.note(f"{other.kind} instead of {gesture.kind}")


def _leave_out(turn: Turn, remedy: GivenRemedy, gesture: Gesture, at: Instant) -> None:
    kept = tuple(each for each in remedy.gestures if each is not gesture)
    settled = all(each.kind in remedy.settled for each in kept)
    whole = max((at, *remedy.settled.values())) if settled else None
    returned = budgets.give_back(turn, remedy, gesture)
    _keep(turn, replace(returned, gestures=kept, settled_at=remedy.settled_at or whole))
    _ruled(turn, "left_out", gesture)
    turn.note(f"{gesture.kind} cannot be had: it is left out" + (", all of it settled" if settled else ""))


def _call_somebody(turn: Turn, remedy: GivenRemedy, gesture: Gesture) -> None:
    _keep(turn, budgets.give_back(turn, remedy, gesture))
    if remedy.problem in turn.state.problems:
        escalations.ask(turn, remedy.problem, "remedy_failed")


def _ruled(turn: Turn, row: str, gesture: Gesture, **read: str) -> None:
    """Name the policy's word on what cannot be given: `limits.grant_retries`, or the perk's `instead`."""
    turn.ruled(Ruled(row, (RowFired("grants", row, {"gesture": gesture.kind, **read}),)))


def _keep(turn: Turn, remedy: GivenRemedy) -> None:
    turn.state = replace(turn.state, remedies=with_item(turn.state.remedies, remedy.id, remedy))


def _line(what: str, name: str, cost: Money) -> Arithmetic:
    return worked_out(what, name, {name: cost.amount})

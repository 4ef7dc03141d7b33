"""The thank-you after a recovered problem, given once with the next purchase."""

from typing import Final

from msgspec.structs import replace

from app.clock import Instant, to_iso
from app.decide.book import ThankYouInputs
from app.decide.follow_up import thank_you_of
from app.facts import Money
from app.ids import ProblemId
from app.journey import comeback
from app.journey.brands import brand_of
from app.journey.course import Journey
from app.journey.remedies import give, remedy_id
from app.journey.trouble import FollowUp, Problem
from app.journey.turn import Turn

THANK_YOU: Final = "thank_you"


def arm(turn: Turn, name: ProblemId) -> None:
    """Arm the thank-you of a recovered problem: one per cause, if the policy gives one for its severity."""
    problem = turn.state.problems[name]
    armed_already = any(armed.cause == problem.cause for armed in turn.state.follow_ups)
    if armed_already or remedy_id(turn.state, problem.cause, THANK_YOU) in turn.state.remedies:
        return
    brand = brand_of(turn.policy, turn.state, problem.journey)
    inputs = ThankYouInputs(problem.severity, brand.name, _price(turn, problem, brand.currency))
    if turn.ruled(thank_you_of(turn.policy, inputs)) is None:
        return
    until = Instant(turn.now + turn.policy.limits.follow_up_lasts)
    armed = FollowUp(problem.cause, problem.id, problem.severity, turn.now, until)
    turn.state = replace(turn.state, follow_ups=(*turn.state.follow_ups, armed))
    turn.note(f"a thank-you waits for the next purchase until {to_iso(until)}")


def _price(turn: Turn, problem: Problem, currency: str) -> Money:
    """Return what the broken journey cost: at arming nobody knows the next purchase, only whether one is thanked."""
    journey = None if problem.journey is None else turn.state.journeys.get(problem.journey)
    known = None if journey is None else journey.value
    return Money(turn.policy.cap * 0, currency) if known is None else known


def disarm(turn: Turn, name: ProblemId) -> None:
    """Take back the thank-you of a problem that there never was, or that hurts again."""
    kept = tuple(armed for armed in turn.state.follow_ups if armed.problem != name)
    if len(kept) != len(turn.state.follow_ups):
        turn.state = replace(turn.state, follow_ups=kept)
        turn.note("the thank-you is taken back")


def thank(turn: Turn, journey: Journey) -> None:
    """Give the thank-you with a purchase (a journey that the customer pays for), and clear all that wait."""
    began = journey.began_at
    due = [armed for armed in turn.state.follow_ups if began is not None and armed.armed_at <= began < armed.until]
    if not due or journey.value is None or not comeback.is_purchase(turn.policy, journey.kind, journey.value):
        return
    worst = min(due, key=lambda armed: (-armed.severity, armed.armed_at, armed.problem))
    brand = brand_of(turn.policy, turn.state, journey.id)
    plan = turn.ruled(thank_you_of(turn.policy, ThankYouInputs(worst.severity, brand.name, journey.value)))
    turn.state = replace(turn.state, follow_ups=())
    if plan is None:
        return
    give(turn, THANK_YOU, worst.cause, worst.problem, journey.id, THANK_YOU, plan.gestures, plan.receipt)


def lapse(turn: Turn, follow_up: FollowUp) -> None:
    """Let a thank-you go that no purchase came for."""
    turn.state = replace(turn.state, follow_ups=tuple(kept for kept in turn.state.follow_ups if kept != follow_up))
    turn.note("no purchase came for the thank-you: it has lapsed")

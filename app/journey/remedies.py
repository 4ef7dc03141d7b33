"""Remedies: one per cause, sized by the policy, settled when every gesture is known to have been given."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from msgspec.structs import replace

from app.clock import Instant
from app.decide.book import RemedyInputs, RemedyPlan, StakeInputs
from app.decide.extent import extent_of
from app.decide.floors import Delay
from app.decide.gestures import COMPENSATION, OWED, REFUND
from app.decide.remedy import remedy_of
from app.decide.stake import stake_of
from app.facts import Money, Party
from app.ids import JourneyId, ProblemId, RemedyId
from app.journey import budgets, escalations, exceptions, extent, progress, refunds
from app.journey.brands import brand_of
from app.journey.exceptions import EXCEPTION
from app.journey.grading import first_time, goods_held
from app.journey.items import with_item
from app.journey.named import named
from app.journey.state import CustomerState
from app.journey.trouble import ByHand, GivenRemedy, Problem
from app.journey.turn import Turn
from app.outputs import Gesture, Receipt

RECOVERY: Final = "recovery"
MAKING_GOOD: Final = frozenset({RECOVERY, EXCEPTION})
"""The occasions on which something is made good; a thank-you makes good nothing."""

IN_PERSON: Final = "in_person"
"""The word for an apology that no message gives: an apology alone was given before in the journey."""

_NOTHING: Final = Decimal(0)


def consider(turn: Turn, cause: str) -> None:
    """Give the one remedy of a cause when its time has come: at the opening, or when its last problem is resolved."""
    if any(known.cause == cause and known.occasion == RECOVERY for known in turn.state.remedies.values()):
        return
    counted = [problem for problem in turn.state.problems.values() if problem.cause == cause and _counts(problem)]
    ready = [problem for problem in counted if _ready(turn, problem, any(each.open for each in counted))]
    if ready:
        _make_good(turn, min(ready, key=progress.rank), counted)


def _counts(problem: Problem) -> bool:
    """Say whether a problem is made good; one that recovered while another of its cause was open still is."""
    return problem.withdrawn_at is None and problem.written_off_at is None


def _ready(turn: Turn, problem: Problem, any_open: bool) -> bool:
    occasion = turn.policy.problems[problem.type].remedy_on
    return occasion == "opened" or (occasion == "resolved" and not any_open)


def _make_good(turn: Turn, problem: Problem, counted: list[Problem]) -> None:
    until = turn.now if problem.resolved_at is None else max(each.resolved_at or 0 for each in counted)
    sizes = extent.extent_inputs(turn.policy, turn.state, problem, Instant(until))
    band = turn.ruled(extent_of(turn.policy, sizes))
    stake = turn.ruled(stake_of(turn.policy, StakeInputs(turn.state.profile, turn.now)))
    journey = None if problem.journey is None else turn.state.journeys.get(problem.journey)
    inputs = RemedyInputs(
        problem=problem.type,
        extent=band,
        stake=stake.band,
        fault=problem.fault,
        brand=brand_of(turn.policy, turn.state, problem.journey).name,
        first_time=first_time(turn.policy, turn.state, problem.journey),
        lost=extent.lost_money(turn.policy, turn.state, problem),
        price=None if journey is None else journey.value,
        given=_given(turn.state, problem),
        owed_elsewhere=_owed_elsewhere(turn.state, problem),
        given_lately=_given_lately(turn),
        now=turn.now,
        repeats=sizes.repeats,
        tenure=stake.tenure,
        goods_held=goods_held(turn.policy, turn.state, problem.journey),
        delays=_delays(counted),
        attributes=() if journey is None else journey.attributes,
        in_incident=any(each.incident is not None for each in counted),
    )
    plan = _not_bare_again(turn, problem, turn.ruled(remedy_of(turn.policy, inputs)))
    if exceptions.needs_approval(turn, problem, plan.gestures):
        _give(turn, problem, replace(plan, gestures=exceptions.owed(plan.gestures)))
        exceptions.reserve(turn, _planned(turn, EXCEPTION, problem, exceptions.beyond(plan.gestures)), plan)
    else:
        _give(turn, problem, plan)


def _not_bare_again(turn: Turn, problem: Problem, plan: RemedyPlan) -> RemedyPlan:
    """Leave a second apology without a gesture to whoever has the matter: said by a machine again it does harm."""
    if plan.gestures or problem.fault is Party.CUSTOMER or not _was_bare(turn.state, problem):
        return plan
    turn.note("an apology without a gesture was given before: whoever has the matter speaks to the customer")
    return replace(plan, apology=IN_PERSON)


def _was_bare(state: CustomerState, problem: Problem) -> bool:
    """Say whether something else of the journey was answered with an apology alone."""
    others = (
        remedy
        for remedy in state.remedies.values()
        if remedy.journey == problem.journey is not None and remedy.cause != problem.cause
    )
    return any(
        remedy.occasion == RECOVERY and not remedy.gestures and not _is_theirs(state.problems.get(remedy.problem))
        for remedy in others
    )


def _is_theirs(problem: Problem | None) -> bool:
    """Say whether a problem was the customer's own doing: who is told so is not apologised to."""
    return problem is not None and problem.fault is Party.CUSTOMER


def _delays(counted: list[Problem]) -> tuple[Delay, ...]:
    """Return from the first promise on until when each part of a trouble lasted."""
    return tuple(
        Delay(each.type, each.fault, each.first_due or each.opened_at, each.resolved_at, due=each.first_due is not None)
        for each in counted
    )


def _give(turn: Turn, problem: Problem, plan: RemedyPlan) -> None:
    give(turn, RECOVERY, problem.cause, problem.id, problem.journey, plan.apology, plan.gestures, plan.receipt)


def _planned(turn: Turn, occasion: str, problem: Problem, gestures: tuple[Gesture, ...]) -> GivenRemedy:
    return GivenRemedy(
        id=remedy_id(turn.state, problem.cause, occasion),
        cause=problem.cause,
        occasion=occasion,
        problem=problem.id,
        journey=problem.journey,
        consignment=problem.consignment,
        at=turn.now,
        gestures=gestures,
    )


def _given_lately(turn: Turn) -> tuple[Gesture, ...]:
    """Return all that the customer was given within the policy's window, for whatever and by whomever."""
    since = turn.now - turn.policy.limits.customer_window
    by_policy = (
        gesture
        for each in turn.state.remedies.values()
        if each.at > since
        for gesture in exceptions.beyond(each.gestures)
    )
    by_hand = (
        Gesture(each.gesture, each.amount, each.amount, "")
        for each in turn.state.by_hand
        if each.at > since and each.amount is not None and each.gesture not in OWED
    )
    return (*by_policy, *by_hand)


def _given(state: CustomerState, problem: Problem) -> tuple[Gesture, ...]:
    """Return what this trouble has already brought the customer, by policy in this journey or by an agent's hand.

    A refund pays back what was not got, so one for another cause counts as far as it was for the same lines; money that
    was paid back though nobody asked for it counts too.
    """
    by_policy = (
        _counted(state, remedy, problem, gesture)
        for remedy in state.remedies.values()
        if remedy.occasion in MAKING_GOOD and remedy.journey == problem.journey and problem.journey is not None
        for gesture in remedy.gestures
    )
    by_hand = (
        Gesture(each.gesture, each.amount, each.amount or Money(_NOTHING, ""), "")
        for each in state.by_hand
        if each.journey in {None, problem.journey} and _was_for(each, problem)
    )
    return (*by_policy, *by_hand, *_unasked(state, problem))


def _was_for(given: ByHand, problem: Problem) -> bool:
    """Say whether a gift by hand was for a problem of its journey: also when it came before the problem was known.

    A refund before it was for something else; so was what names no journey.
    """
    return given.at >= problem.opened_at or (given.journey is not None and given.gesture != REFUND)


def _owed_elsewhere(state: CustomerState, problem: Problem) -> tuple[Gesture, ...]:
    """Return what the law gave for other troubles of the journey."""
    return tuple(
        gesture
        for remedy in state.remedies.values()
        if remedy.occasion in MAKING_GOOD and remedy.cause != problem.cause
        if remedy.journey == problem.journey and problem.journey is not None
        for gesture in remedy.gestures
        if gesture.kind == COMPENSATION
    )


def _counted(state: CustomerState, remedy: GivenRemedy, problem: Problem, gesture: Gesture) -> Gesture:
    """Return a gesture as far as it counts for a problem: a refund, for the lines that both are about."""
    journey = None if problem.journey is None else state.journeys.get(problem.journey)
    other = state.problems.get(remedy.problem)
    if gesture.kind != REFUND or gesture.amount is None or journey is None or other is None:
        return gesture
    mine, paid_back = extent.lines_of(journey, problem), extent.lines_of(journey, other)
    shared = tuple(line for line in mine if line in paid_back)
    if shared == mine:
        return gesture
    worth = Money(min(gesture.amount.amount, extent.price_of(shared)), gesture.amount.currency)
    return replace(gesture, amount=worth, cost=worth)


def _unasked(state: CustomerState, problem: Problem) -> Iterator[Gesture]:
    journey = None if problem.journey is None else state.journeys.get(problem.journey)
    if journey is None or journey.value is None:
        return
    asked = (
        gesture.amount.amount
        for remedy in state.remedies.values()
        if remedy.journey == journey.id
        for gesture in remedy.gestures
        if gesture.kind == REFUND and gesture.amount is not None
    )
    paid = refunds.paid(journey, problem.consignment, problem.opened_at) - sum(asked, _NOTHING)
    if paid > 0:
        money = Money(paid, journey.value.currency)
        yield Gesture(REFUND, money, money, "")


def remedy_id(state: CustomerState, cause: str, occasion: str) -> RemedyId:
    """Return the id of a cause's remedy; the same cause has one per occasion."""
    return RemedyId(named(state, state.remedies, "remedy", cause, occasion))


def give(
    turn: Turn,
    occasion: str,
    cause: str,
    problem: ProblemId,
    journey: JourneyId | None,
    apology: str,
    gestures: tuple[Gesture, ...],
    receipt: Receipt,
) -> None:
    """Plan a remedy; what it costs is asked of its budget, if it has one, before it is issued."""
    about = turn.state.problems.get(problem)
    planned = GivenRemedy(
        id=remedy_id(turn.state, cause, occasion),
        cause=cause,
        occasion=occasion,
        problem=problem,
        journey=journey,
        consignment=None if about is None else about.consignment,
        at=turn.now,
        gestures=gestures,
    )
    budgets.give(turn, planned, apology, receipt)


def waiting_for(
    state: CustomerState, gesture: str, amount: Money | None, journey: JourneyId | None
) -> GivenRemedy | None:
    """Return the remedy of a journey that waits for a gesture, which an agent has now given by hand in full."""
    found = (
        remedy
        for remedy in sorted(state.remedies.values(), key=lambda remedy: (remedy.at, remedy.id))
        if journey is not None and remedy.journey == journey and remedy.reserved is None
        for each in remedy.gestures
        if each.kind == gesture and gesture not in remedy.settled and _in_full(each.amount, amount)
    )
    return next(found, None)


def _in_full(asked: Money | None, given: Money | None) -> bool:
    if asked is None or given is None:
        return asked is None
    return given.currency == asked.currency and given.amount >= asked.amount


def settle(turn: Turn, remedy: GivenRemedy, gesture: str, at: Instant) -> None:
    """Settle a gesture; the remedy is settled with its last one. What is settled stays so."""
    if gesture in remedy.settled or gesture not in {each.kind for each in remedy.gestures}:
        return
    settled = {**remedy.settled, gesture: at}
    whole = remedy.settled_at
    if whole is None and all(each.kind in settled for each in remedy.gestures):
        whole = max(settled.values())
    known = replace(budgets.given_after_all(turn, remedy, gesture), settled=settled, settled_at=whole)
    turn.state = replace(turn.state, remedies=with_item(turn.state.remedies, remedy.id, known))
    turn.note(f"remedy for {remedy.cause}: {gesture} given" + ("" if whole is None else ", all of it settled"))


def refunded(turn: Turn, journey: JourneyId, at: Instant, *, counted: bool) -> None:
    """Settle the refunds that a journey's remedies asked for, as far as what was paid back covers them.

    `counted`: its amount is among the journey's refunds; one that cannot be counted is for all that is owed.
    """
    for remedy in tuple(turn.state.remedies.values()):
        if remedy.journey == journey and remedy.occasion == RECOVERY:
            asked = next((each.amount for each in remedy.gestures if each.kind == REFUND), None)
            since = refunds.covered_at(turn.state.journeys[journey], asked, remedy.consignment, remedy.at)
            if asked is None or since is not None or not counted:
                settle(turn, remedy, REFUND, at if since is None else since)


def overdue(turn: Turn, name: RemedyId) -> None:
    """Name an owner for a remedy that nobody has settled in time."""
    remedy = turn.state.remedies[name]
    known = replace(remedy, overdue=True)
    turn.state = replace(turn.state, remedies=with_item(turn.state.remedies, name, known))
    turn.note(f"remedy for {remedy.cause} is not settled in time")
    if remedy.problem in turn.state.problems:
        escalations.ask(turn, remedy.problem, "remedy_unsettled")

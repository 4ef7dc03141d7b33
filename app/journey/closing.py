"""The end of a journey: since when it is over, and what stays of it when it has been so for long."""

from msgspec.structs import replace

from app.clock import Instant
from app.decide.policy import Policy
from app.facts import Fact
from app.ids import JourneyId
from app.journey import coupon_time, known_by, reached, refusals
from app.journey.course import Journey, JourneyReceipt
from app.journey.items import with_item, without
from app.journey.owned import products_of
from app.journey.state import CustomerState
from app.journey.status import OPEN, PARTIAL
from app.journey.steps import is_waiting
from app.journey.trouble import Problem, cost_of
from app.journey.turn import Turn
from app.outputs import DeadLetterReason


def over_since(policy: Policy, state: CustomerState, journey: Journey) -> Instant | None:
    """Return since when nothing of a journey is left to happen; None while something is."""
    ended = None if _something_waits(state, journey) else _ended_at(policy, journey)
    if ended is None:
        return None
    if not state.problems and not state.remedies:
        return ended
    ends = [ended]
    ends.extend(ended_at(problem) for problem in _of(state, journey.id))
    ends.extend(
        remedy.settled_at
        for remedy in state.remedies.values()
        if remedy.journey == journey.id and remedy.settled_at is not None
    )
    return max(ends)


def _ended_at(policy: Policy, journey: Journey) -> Instant | None:
    rules = reached.rules_of(policy, journey)
    last: Instant | None = None
    for consignment in journey.consignments.values():
        end = reached.ended_at(rules, reached.of_consignment(journey, consignment))
        if end is None:
            return None
        last = end if last is None else max(last, end)
    return last


def _something_waits(state: CustomerState, journey: Journey) -> bool:
    for each in journey.own.expectations:
        if is_waiting(each):
            return True
    for of in journey.consignments.values():
        for each in of.leg.expectations:
            if is_waiting(each):
                return True
    for problem in state.problems.values():
        if problem.journey == journey.id and problem.active:
            return True
    if not state.remedies:
        return False
    return any(remedy.journey == journey.id and remedy.settled_at is None for remedy in state.remedies.values())


def _of(state: CustomerState, journey: JourneyId) -> list[Problem]:
    return [problem for problem in state.problems.values() if problem.journey == journey]


def ended_at(problem: Problem) -> Instant:
    """Return when a problem that is over came to its end."""
    times = (problem.recovered_at, problem.withdrawn_at, problem.written_off_at)
    return max(time for time in (problem.opened_at, *times) if time is not None)


def retained_until(policy: Policy, state: CustomerState, journey: Journey) -> Instant | None:
    """Return when a journey shrinks to its receipt, or, never known to have begun, gives up its facts."""
    if journey.waiting_since is not None:
        return Instant(journey.waiting_since + policy.limits.retention)
    if journey.status in {OPEN, PARTIAL}:
        return None
    over = over_since(policy, state, journey)
    return None if over is None else Instant(over + policy.limits.retention)


def shrink(turn: Turn, name: JourneyId) -> None:
    """Keep a receipt of a journey that has long been over, and let go of the rest."""
    state = turn.state
    journey = state.journeys[name]
    over = over_since(turn.policy, state, journey)
    assert over is not None
    assert journey.began_at is not None
    mine = _of(state, name)
    remedies = [remedy for remedy in state.remedies.values() if remedy.journey == name]
    receipt = JourneyReceipt(
        journey=name,
        kind=journey.kind,
        brand=journey.brand,
        status=journey.status,
        began_at=journey.began_at,
        closed_at=over,
        value=journey.value,
        problems=sum(1 for problem in mine if problem.withdrawn_at is None),
        remedies=len(remedies),
        cost=sum((cost_of(remedy.gestures) for remedy in remedies), turn.policy.cap * 0),
        completed_at=reached.completed_at(reached.rules_of(turn.policy, journey), reached.of_journey(journey)),
        products=products_of(journey.lines),
    )
    gone = {problem.id for problem in mine}
    cases = {case.id for case in state.cases.values() if case.journey == name}
    turn.state = replace(
        state,
        journeys=without(state.journeys, name),
        receipts=with_item(state.receipts, name, receipt),
        problems={key: known for key, known in state.problems.items() if key not in gone},
        history={key: known for key, known in state.history.items() if key not in gone},
        holds=tuple(hold for hold in state.holds if hold.owner not in gone),
        remedies={key: known for key, known in state.remedies.items() if known.journey != name},
        by_hand=tuple(known for known in state.by_hand if known.journey != name),
        cases={key: case for key, case in state.cases.items() if key not in cases},
        calls={key: call for key, call in state.calls.items() if key not in cases},
        left=known_by.with_left(state, journey),
        coupons=coupon_time.with_pauses(state, cases) if state.coupons else state.coupons,
    )
    turn.holds_before = turn.state.holds


def give_up(turn: Turn, name: JourneyId) -> None:
    """Hand back the facts of a journey that was never known to begin."""
    state = turn.state
    waiting: tuple[Fact, ...] = state.journeys[name].waiting
    left = known_by.with_left(state, state.journeys[name])
    turn.state = replace(state, journeys=without(state.journeys, name), left=left)
    detail = "the journey it belongs to was never known to begin: send its first event, then this one again"
    for fact in waiting:
        refusals.refuse(turn, fact, DeadLetterReason.UNRESOLVED, detail, "journey")

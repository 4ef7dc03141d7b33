"""Everything that waits for a time, derived from the state; there is no second copy (decision 0003).

Deadlines have a total order: due, journey, consignment, what.
"""

from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple

from app.clock import Instant
from app.decide.policy import Policy
from app.ids import CaseId, ConsignmentId, JourneyId
from app.journey import closing, comeback, coupon_time, forgetting, problems, progress, seen
from app.journey.course import Expectation, Leg, Place
from app.journey.state import CustomerState
from app.journey.steps import is_waiting


class Kind(IntEnum):
    """What runs out."""

    EXPECTATION = 1
    PROGRESS = 2
    PENDING = 3
    RECOVERY = 4
    HOLD_AGE = 5
    REMEDY = 6
    OWNER = 7
    TOMBSTONE = 8
    FOLLOW_UP = 9
    RETENTION = 10
    SEEN = 11
    NEVER_BEGAN = 12
    COUPON = 13
    LOST = 14
    FORGOTTEN = 15


Due = tuple[Instant, str, str, str, Kind, str]
"""The fields of a `Deadline`."""


class Deadline(NamedTuple):
    """Something that runs out at `due`; the fields in this order are the total order."""

    due: Instant
    journey: str
    consignment: str
    what: str
    kind: Kind
    case: str = ""

    @property
    def id(self) -> str:
        """Return the cause id of this deadline."""
        return f"{self.journey}|{self.consignment}|{self.what}|{self.due}"

    @property
    def place(self) -> Place:
        """Return where it runs out."""
        return Place(
            JourneyId(self.journey) if self.journey else None,
            ConsignmentId(self.consignment) if self.consignment else None,
            CaseId(self.case) if self.case else None,
        )


def first(policy: Policy, state: CustomerState) -> Deadline | None:
    """Return the deadline that fires first."""
    due = min(deadlines(policy, state), default=None)
    return None if due is None else Deadline(*due)


def next_due(policy: Policy, state: CustomerState) -> Instant | None:
    """Return when the first deadline fires."""
    first: Instant | None = None
    for journey in state.journeys.values():
        first = _earliest(first, journey.own)
        for consignment in journey.consignments.values():
            first = _earliest(first, consignment.leg)
    for case in state.cases.values():
        first = _earliest(first, case.leg)
    for deadline in _others(policy, state):
        if first is None or deadline[0] < first:
            first = deadline[0]
    return first


def deadlines(policy: Policy, state: CustomerState) -> Iterator[Due]:
    """Yield all deadlines, in no order, as plain tuples: this runs once for every deadline that fires."""
    yield from _expectations(state)
    yield from _others(policy, state)


def _others(policy: Policy, state: CustomerState) -> list[Due]:
    """Return what runs out beside expectations."""
    found: list[Due] = []
    if state.problems:
        found.extend(_problems(policy, state))
    if state.holds or state.remedies or state.pending or state.awaited or state.coupons:
        found.extend(_ledger(policy, state))
    if state.follow_ups or state.cases or state.problems:
        found.extend(_afterwards(policy, state))
    if (lost := comeback.due_of(policy, state)) is not None:
        found.append((lost, "", "", "lost", Kind.LOST, ""))
    if state.released_at is not None:
        ends = Instant(state.released_at + policy.limits.tombstone_after)
        found.append((ends, "", "", "release", Kind.TOMBSTONE, ""))
    for journey in state.journeys.values():
        over = closing.retained_until(policy, state, journey)
        if over is not None:
            kind = Kind.NEVER_BEGAN if journey.provisional else Kind.RETENTION
            found.append((over, journey.id, "", "over", kind, ""))
    forget = seen.forget_at(state.seen, policy.limits.seen_window)
    if forget is not None:
        found.append((forget, "", "", "seen", Kind.SEEN, ""))
    return found


def _earliest(first: Instant | None, leg: Leg) -> Instant | None:
    """Return `first`, or when an expectation of the leg runs out before."""
    for each in leg.expectations:
        if (first is None or each.first_due < first) and is_waiting(each):
            first = each.first_due
    return first


def _expectations(state: CustomerState) -> Iterator[Due]:
    for journey in state.journeys.values():
        yield from _breaches(journey.id, "", "", journey.own.expectations)
        for consignment in journey.consignments.values():
            yield from _breaches(journey.id, consignment.id, "", consignment.leg.expectations)
    for case in state.cases.values():
        yield from _breaches(case.journey or "", "", case.id, case.leg.expectations)


def name_of(case: str, expectation: Expectation) -> str:
    """Return what runs out with an expectation; one that runs out again has another name."""
    return f"{case}{expectation.id}#{expectation.lapses}" if expectation.lapses else case + expectation.id


def _breaches(journey: str, consignment: str, case: str, expectations: tuple[Expectation, ...]) -> Iterator[Due]:
    for expectation in expectations:
        if is_waiting(expectation):
            what = name_of(case, expectation)
            yield (expectation.first_due, journey, consignment, what, Kind.EXPECTATION, case)


def _problems(policy: Policy, state: CustomerState) -> Iterator[Due]:
    for told, problem in progress.dues(state):
        yield (told, problem.journey or "", problem.consignment or "", f"progress/{problem.id}", Kind.PROGRESS, "")
    for problem in state.problems.values():
        if not problem.active:
            continue
        place = (problem.journey or "", problem.consignment or "")
        quiet = policy.problems[problem.type].quiet_period
        recovered = problems.recovery_due(quiet, state, problem)
        if recovered is not None:
            yield (recovered, *place, f"recovery/{problem.id}", Kind.RECOVERY, "")


def _ledger(policy: Policy, state: CustomerState) -> Iterator[Due]:
    limits = policy.limits
    for hold in state.holds:
        if hold.until is None and not hold.aged:
            due = Instant(hold.since + limits.hold_age)
            yield (due, hold.journey or "", "", f"hold_age/{hold.owner}", Kind.HOLD_AGE, "")
    for remedy in state.remedies.values():
        if remedy.settled_at is None and not remedy.overdue:
            due = Instant(remedy.at + limits.remedy_settlement)
            yield (due, remedy.journey or "", "", f"remedy/{remedy.id}", Kind.REMEDY, "")
    for cause, waits in {known.cause: known.due for known in state.pending}.items():
        yield (waits, "", "", f"notice/{cause}", Kind.PENDING, "")
    for awaited in state.awaited:
        yield (awaited.act_by, "", "", f"owner/{awaited.escalation}", Kind.OWNER, "")
    for expires, coupon in coupon_time.expiries(state):
        yield (expires, coupon.journey or "", "", f"coupon/{coupon.coupon}", Kind.COUPON, "")


def _afterwards(policy: Policy, state: CustomerState) -> Iterator[Due]:
    """Yield what runs out once a trouble is made good, or a case over."""
    for armed in state.follow_ups:
        yield (armed.until, "", "", f"follow_up/{armed.cause}", Kind.FOLLOW_UP, "")
    for over, name in forgetting.dues(policy, state):
        yield (over, "", "", f"over/{name}", Kind.FORGOTTEN, "")

"""The same facts, learnt at other times, end in the same journeys, problems and holds (decision 0003)."""

from decimal import Decimal
from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from app.facts import (
    CaseAssigned,
    CaseClosed,
    CaseOpened,
    CaseReopened,
    CaseResolved,
    ContactAttempted,
    Fact,
    FailureStated,
    JourneyCancelled,
    MessageReceived,
    MessageSent,
    MilestoneReached,
    Money,
    Party,
    ScanStatus,
    What,
)
from app.ids import CaseId, ConsignmentId, Desk, LineId
from app.journey.course import Leg
from app.journey.deadlines import next_due
from app.journey.steps import was_kept
from tests.support.journeys import (
    C1,
    C2,
    CASE,
    DISPATCHED,
    ORDER,
    Customer,
    at,
    fact,
    order,
    promised,
    scan,
    split,
)
from tests.support.policies import policy_with

FAR = 24 * 60.0
"""Hours after which everything has run out, but for what nobody resolves."""


class Happening(NamedTuple):
    """Something that happened so many hours after the beginning, learnt so many hours later still."""

    what: What
    at: int
    late: int
    consignment: ConsignmentId | None
    case: CaseId | None


def happenings(
    what: st.SearchStrategy[What], *, case: bool = False, whole: bool = False
) -> st.SearchStrategy[Happening]:
    consignments = st.none() if whole or case else st.sampled_from([C1, C2])
    return st.builds(
        Happening, what, st.integers(1, 150), st.integers(0, 200), consignments, st.just(CASE if case else None)
    )


SETTLED = policy_with("policy.yaml", "remedy_settles_on_issue: false", "remedy_settles_on_issue: true")
MONEY = Money(Decimal("80.00"), "USD")
SCANS: st.SearchStrategy[What] = st.sampled_from(
    [ScanStatus.IN_TRANSIT, ScanStatus.OUT_FOR_DELIVERY, ScanStatus.DELIVERED, ScanStatus.UNKNOWN, ScanStatus.FAILURE]
).map(scan)
STEPS: st.SearchStrategy[What] = st.sampled_from(
    [
        DISPATCHED,
        MilestoneReached("replaced"),
        MilestoneReached("cancelled"),
        FailureStated("wrong_item", Party.MERCHANT),
        FailureStated("lost", Party.CARRIER),
    ]
)
WHOLE: st.SearchStrategy[What] = st.sampled_from(
    [
        MilestoneReached("confirmed"),
        MilestoneReached("refunded", amount=MONEY),
        ContactAttempted("form", Party.CARRIER),
        ContactAttempted("call"),
        FailureStated("misdelivered", Party.CARRIER),
        FailureStated("damaged", Party.CARRIER, (LineId("lamp"),)),
        MilestoneReached("replaced"),
        MilestoneReached("replaced", line_ids=(LineId("lamp"),)),
        JourneyCancelled(Party.CUSTOMER, (LineId("shade"),)),
    ]
)
TALK: st.SearchStrategy[What] = st.sampled_from(
    [
        MessageReceived("email"),
        MessageSent("email"),
        MessageSent("phone"),
        CaseResolved(),
        CaseClosed(),
        CaseReopened(),
        *(CaseAssigned(Desk(name)) for name in "ABC"),
    ]
)
EVERYTHING = st.lists(
    st.one_of(
        happenings(SCANS),
        happenings(STEPS),
        happenings(WHOLE, whole=True),
        happenings(TALK, case=True),
        happenings(st.just(CaseOpened("late", "email")), case=True),
        happenings(st.integers(20, 200).map(promised)),
    ),
    max_size=12,
)


def begun() -> Customer:
    # what is given depends on what was known when it was given; here it is settled at once, whatever it is
    ann = Customer(SETTLED).learns(fact(order(), 0))
    return ann.learns(fact(split(c1="lamp", c2="shade"), 0, name="split"), fact(promised(72), 0, name="first"))


def facts_of(found: list[Happening], *, late: bool) -> list[Fact]:
    facts = (
        fact(each.what, each.at, each.at + each.late * late, consignment=each.consignment, case=each.case, name=f"f{n}")
        for n, each in enumerate(found)
    )
    return sorted(facts, key=lambda each: (each.known_at, each.id))


def play(found: list[Happening], *, late: bool) -> Customer:
    return begun().learns(*facts_of(found, late=late)).waits(FAR)


def stands(ann: Customer) -> dict[str, Any]:
    """Return what happened and what is true now, without when we knew of it and what was said meanwhile."""
    state = ann.state
    legs: dict[str, Leg] = {name: of.leg for name, of in state.journeys[ORDER].consignments.items()}
    legs |= {"own": state.journeys[ORDER].own} | {str(name): case.leg for name, case in state.cases.items()}
    return {
        "status": state.journeys[ORDER].status,
        "expectations": {
            (place, *each.key): (each.due, each.met_at, each.ended_at, bool(each.breached_at and not each.withdrawn_at))
            for place, leg in legs.items()
            for each in leg.expectations
            if not each.withdrawn_at and not was_kept(each)
        },
        "problems": {
            (problem.type, problem.id): (
                problem.opened_at,
                problem.resolved_at,
                problem.reopened,
                problem.status,
                # what is over is not graded again
                (problem.extent, problem.severity) if problem.active else None,
            )
            for problem in state.problems.values()
            if problem.withdrawn_at is None
        },
        "holds": {(hold.owner, hold.scope) for hold in ann.held},
    }


@settings(deadline=None, max_examples=100)
@given(EVERYTHING)
def test_what_is_learnt_late_or_out_of_order_ends_in_the_same(found: list[Happening]) -> None:
    assert stands(play(found, late=True)) == stands(play(found, late=False))


@settings(deadline=None, max_examples=60)
@given(EVERYTHING)
def test_nothing_is_left_overdue(found: list[Happening]) -> None:
    ann = play(found, late=True)
    due = next_due(ann.policy, ann.state)
    assert due is None or due > ann.state.last_now


@settings(deadline=None, max_examples=40)
@given(EVERYTHING, st.lists(st.integers(1, 400), max_size=20))
def test_deadlines_fire_alike_at_once_or_one_by_one(found: list[Happening], stops: list[int]) -> None:
    facts = facts_of(found, late=True)
    straight = begun().learns(*facts).waits(FAR)
    halting = begun()
    for stop in sorted(stops):
        now = [each for each in facts if each.known_at <= at(stop)]
        halting.learns(*now).waits(stop)
        facts = facts[len(now) :]
    halting.learns(*facts).waits(FAR)
    assert halting.said == straight.said
    assert halting.state == straight.state

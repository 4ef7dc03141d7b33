import pytest

from app.facts import MilestoneReached, ScanStatus
from app.outputs import Notice, Suppression
from tests.support.journeys import (
    C1,
    C2,
    DELIVERED,
    DISPATCHED,
    JUST,
    MOVES,
    ORDER,
    UNKNOWN,
    Customer,
    at,
    fact,
    order,
    parcels,
    placed,
    promised,
    scan,
    split,
)


def test_a_promise_for_the_whole_order_is_a_promise_for_each_consignment() -> None:
    ann = placed()
    for consignment in ann.state.journeys[ORDER].consignments.values():
        (promise,) = [each for each in consignment.leg.expectations if each.basis == "promised"]
        assert (promise.milestone, promise.first_due) == ("delivered", at(48))


def test_what_comes_before_the_promised_time_keeps_the_promise() -> None:
    ann = placed().learns(fact(DELIVERED, 48 - JUST, consignment=C1), fact(DELIVERED, 48 - JUST, consignment=C2))
    ann.waits(100)
    assert ann.problems("late_delivery") == []
    assert ann.state.journeys[ORDER].status == "delivered"


def test_what_comes_at_the_promised_time_is_late() -> None:
    ann = placed().learns(fact(DELIVERED, 40, consignment=C2), fact(DELIVERED, 48, consignment=C1))
    late = ann.problem("late_delivery")
    assert (late.consignment, late.opened_at, late.resolved_at) == (C1, at(48), at(48))


def test_a_breach_opens_a_problem_with_a_hold_at_its_time_whenever_the_clock_gets_there() -> None:
    ann = placed().waits(90)
    assert ann.problem("late_delivery", C1).opened_at == at(48)
    assert min(ledger.at for ledger in ann.of(Suppression)) == at(48)


def test_one_delivered_consignment_does_not_deliver_the_other() -> None:
    ann = placed().learns(fact(DELIVERED, 20, consignment=C1)).waits(49)
    assert ann.state.journeys[ORDER].status == "partial"
    assert [problem.consignment for problem in ann.problems("late_delivery")] == [C2]


def test_a_consignment_is_delivered_with_its_last_parcel() -> None:
    ann = placed().learns(
        fact(parcels("A", "B"), 1, consignment=C1),
        fact(scan(ScanStatus.DELIVERED, "A"), 20, consignment=C1),
        fact(DELIVERED, 20, consignment=C2),
    )
    assert ann.state.journeys[ORDER].status == "partial"
    ann.learns(fact(scan(ScanStatus.DELIVERED, "B"), 50, consignment=C1, name="B"))
    assert ann.problem("late_delivery", C1).resolved_at == at(50)
    assert ann.state.journeys[ORDER].status == "delivered"


def test_a_scan_dated_before_the_deadline_withdraws_the_breach_and_its_hold_at_once() -> None:
    ann = placed().learns(fact(DELIVERED, 20, consignment=C2)).waits(49)
    assert [hold.reason for hold in ann.held] == ["late_delivery"]
    ann.learns(fact(DELIVERED, 47, known=55, consignment=C1))
    assert ann.problem("late_delivery").withdrawn_at == at(55)
    assert ann.held == []
    assert not ann.of(Suppression)[-1].suppressed


def test_a_withdrawn_breach_is_corrected_with_those_who_were_told_and_nobody_else() -> None:
    ann = placed().learns(fact(DELIVERED, 20, consignment=C2)).waits(49)
    told = {notice.recipient for notice in ann.of(Notice)}
    ann.learns(fact(DELIVERED, 47, known=55, consignment=C1))
    assert {notice.recipient for notice in ann.of(Notice) if notice.template == "correction"} == told != set()


def test_a_notice_that_still_waits_for_the_morning_is_dropped_when_its_breach_is_withdrawn() -> None:
    night = 12
    ann = placed(due=night).learns(fact(DELIVERED, 5, consignment=C2)).waits(night + 1)
    assert ann.state.pending
    ann.learns(fact(DELIVERED, night - 1, known=night + 2, consignment=C1)).waits(30)
    assert [notice for notice in ann.of(Notice) if notice.recipient == "customer"] == []


@pytest.mark.parametrize("status", [ScanStatus.UNKNOWN, ScanStatus.FAILURE])
def test_neither_unknown_nor_failure_clears_a_stall_or_restarts_its_clock(status: ScanStatus) -> None:
    ann = placed(due=500).learns(fact(MOVES, 1, consignment=C1)).waits(48)
    ann.learns(fact(scan(status), 48.5, consignment=C1)).waits(60)
    stalled = ann.problem("stalled")
    assert (stalled.opened_at, stalled.resolved_at) == (at(49), None)
    ann.learns(fact(scan(status), 70, consignment=C1, name="again"))
    assert ann.problem("stalled").open


def test_movement_resolves_a_stall_and_starts_the_next_gap() -> None:
    ann = placed(due=500).learns(fact(MOVES, 1, consignment=C1), fact(MOVES, 60, consignment=C1)).waits(200)
    first, second = sorted(ann.problems("stalled"), key=lambda problem: problem.opened_at)
    assert (first.opened_at, first.resolved_at) == (at(49), at(60))
    assert (second.opened_at, second.resolved_at) == (at(108), None)


def test_a_late_scan_inside_a_breached_gap_withdraws_the_stall() -> None:
    ann = placed(due=500).learns(fact(MOVES, 1, consignment=C1), fact(MOVES, 60, consignment=C1))
    ann.learns(fact(MOVES, 30, known=61, consignment=C1))
    assert ann.problem("stalled").withdrawn_at == at(61)


def test_a_late_scan_may_show_a_shorter_stall_than_was_thought() -> None:
    ann = placed(due=500).learns(fact(MOVES, 1, consignment=C1), fact(MOVES, 100, consignment=C1))
    ann.learns(fact(MOVES, 10, known=101, consignment=C1))
    stalls = sorted(ann.problems("stalled"), key=lambda problem: problem.opened_at)
    assert [(stall.opened_at, stall.status) for stall in stalls] == [(at(49), "withdrawn"), (at(58), "resolved")]


def test_a_late_dispatch_does_not_downgrade_a_delivered_consignment() -> None:
    ann = placed().learns(fact(DELIVERED, 20, consignment=C1), fact(DELIVERED, 20, consignment=C2))
    ann.learns(fact(DISPATCHED, 21, known=30, consignment=C1)).waits(200)
    assert ann.state.journeys[ORDER].status == "delivered"
    assert not [problem for problem in ann.state.problems.values() if problem.withdrawn_at is None]


def test_a_revision_is_recorded_and_lateness_is_still_measured_against_the_first_promise() -> None:
    ann = placed().learns(fact(promised(90), 24, name="revised")).waits(49)
    consignment = ann.state.journeys[ORDER].consignments[C1]
    (promise,) = [each for each in consignment.leg.expectations if each.basis == "promised"]
    assert (promise.first_due, promise.due, promise.breached_at) == (at(48), at(90), at(48))
    assert [revision.at for revision in promise.revisions] == [at(24)]
    assert "promise_revised" in {notice.template for notice in ann.of(Notice)}


def test_a_first_promise_that_is_learnt_late_still_counts_as_the_first() -> None:
    ann = Customer().learns(fact(order(), 0), fact(promised(90), 24, name="second")).waits(60)
    ann.learns(fact(promised(48), 1, known=61, name="first"))
    assert ann.problem("late_delivery").opened_at == at(48)


def test_a_split_takes_back_what_the_whole_was_accused_of_and_each_consignment_answers_for_itself() -> None:
    ann = Customer().learns(fact(order(), 0), fact(promised(48), 0)).waits(50)
    whole = ann.problem("late_delivery")
    ann.learns(fact(split(c1="lamp", c2="shade"), 2, known=51, name="split"))
    assert ann.state.problems[whole.id].status == "withdrawn"
    open_ = [problem for problem in ann.problems("late_delivery") if problem.open]
    assert {(problem.consignment, problem.opened_at) for problem in open_} == {(C1, at(48)), (C2, at(48))}


def test_a_cancelled_order_with_a_delivery_is_delivered() -> None:
    ann = Customer().learns(
        fact(order(), 0), fact(promised(48), 0), fact(MilestoneReached("cancelled"), 20), fact(DELIVERED, 30)
    )
    assert ann.state.journeys[ORDER].status == "delivered"
    assert ann.waits(60).problems("late_delivery") == []


def test_an_unknown_scan_shows_no_movement() -> None:
    ann = placed(due=500).learns(fact(UNKNOWN, 1, consignment=C1)).waits(100)
    assert ann.problems("stalled") == []

from decimal import Decimal

import pytest

from app.facts import (
    CaseClosed,
    CaseOpened,
    CaseReopened,
    CaseResolved,
    ContactAttempted,
    FailureStated,
    JourneyCancelled,
    MessageReceived,
    MilestoneReached,
    Money,
    OperatorDecided,
    Party,
    Profile,
    ProfileStated,
)
from app.ids import CaseId
from app.outputs import Decision, Escalation, Suppression
from tests.support.journeys import (
    C1,
    C2,
    CASE,
    DELIVERED,
    ORDER,
    Customer,
    at,
    fact,
    order,
    placed,
    promised,
)

DAY = 24.0
QUIET = 3 * DAY


def late() -> Customer:
    """Return a customer whose second consignment is late since hour 48; the first came in time."""
    return placed().learns(fact(DELIVERED, 20, consignment=C1)).waits(50)


def operator(action: str, role: str, problem: str | None = None) -> OperatorDecided:
    return OperatorDecided(action, "op-7", role, "asked for it", problem)


def test_a_solved_problem_holds_until_it_has_been_quiet_for_long_enough() -> None:
    ann = late().learns(fact(DELIVERED, 60, consignment=C2)).waits(60 + QUIET - 0.1)
    assert ann.held
    ann.waits(60 + QUIET)
    assert ann.held == []
    assert ann.problem("late_delivery").recovered_at == at(60 + QUIET)


def test_one_closed_case_does_not_free_a_customer_with_another_open() -> None:
    other = CaseId("case:10")
    ann = Customer().learns(
        fact(CaseOpened("late", "email", complaint=True), 0, journey=None, case=CASE),
        fact(CaseOpened("rude", "email", complaint=True), 1, journey=None, case=other),
        fact(CaseClosed(), 2, journey=None, case=CASE),
    )
    ann.waits(2 + QUIET + DAY)
    assert len(ann.held) == 1
    ann.learns(fact(CaseClosed(), 200, journey=None, case=other)).waits(200 + QUIET)
    assert ann.held == []
    assert not ann.of(Suppression)[-1].suppressed


def test_a_customer_who_writes_after_the_end_reopens_the_same_problem() -> None:
    ann = Customer().learns(
        fact(CaseOpened("late", "email", complaint=True), 0, journey=None, case=CASE),
        fact(CaseResolved(), 5, journey=None, case=CASE),
        fact(MessageReceived("email"), 6, journey=None, case=CASE),
    )
    complaint = ann.problem("complaint")
    assert (complaint.status, complaint.reopened, complaint.reopened_at) == ("open", 1, at(6))
    assert ann.held


def test_a_recovered_case_that_is_reopened_holds_again_and_asks_for_an_owner() -> None:
    ann = Customer().learns(
        fact(CaseOpened("late", "email", complaint=True), 0, journey=None, case=CASE),
        fact(CaseResolved(), 5, journey=None, case=CASE),
    )
    ann.waits(5 + QUIET)
    assert ann.held == []
    ann.learns(fact(CaseReopened(), 200, journey=None, case=CASE))
    assert [hold.since for hold in ann.held] == [at(200)]
    assert "reopened" in {escalation.reason for escalation in ann.of(Escalation)}


def test_each_contact_the_customer_has_to_make_raises_the_extent() -> None:
    ann = late()
    extents = [ann.problem("late_delivery").extent]
    for n in range(3):
        ann.learns(fact(ContactAttempted("form", Party.CARRIER), 51 + n, name=f"contact {n}"))
        extents.append(ann.problem("late_delivery").extent)
    assert extents == ["slight", "moderate", "moderate", "severe"]


def test_a_contact_before_the_problem_is_no_effort_for_it() -> None:
    ann = placed().learns(fact(ContactAttempted("call"), 2), fact(DELIVERED, 20, consignment=C1))
    assert ann.waits(50).problem("late_delivery").extent == "slight"


def test_a_profile_learnt_late_grades_what_is_open_anew() -> None:
    ann = late()
    ann.learns(fact(ContactAttempted("form", Party.CARRIER), 51))
    before = ann.problem("late_delivery").severity
    ann.learns(fact(ProfileStated(Profile(first_time=True)), 0, known=52, journey=None))
    assert ann.problem("late_delivery").severity > before


def test_cancelled_by_the_merchant_is_a_problem_and_ends_what_was_expected() -> None:
    ann = Customer().learns(fact(order(), 0), fact(promised(48), 0), fact(JourneyCancelled(Party.MERCHANT), 10))
    assert ann.problem("cancelled_by_merchant").open
    assert ann.waits(60).problems("late_delivery") == []
    assert ann.state.journeys[ORDER].status == "cancelled"


@pytest.mark.parametrize("by", [Party.CUSTOMER, Party.UNKNOWN])
def test_cancelled_by_anybody_else_is_no_problem(by: Party) -> None:
    ann = Customer().learns(fact(order(), 0), fact(promised(48), 0), fact(JourneyCancelled(by), 10)).waits(60)
    assert ann.state.problems == {}


def test_a_part_of_the_money_back_neither_solves_the_whole_nor_ends_what_is_expected() -> None:
    ann = Customer().learns(fact(order(), 0), fact(promised(48), 0))
    ann.learns(fact(MilestoneReached("refunded", amount=Money(Decimal("5.00"), "USD")), 10)).waits(60)
    assert ann.problem("late_delivery").open
    ann.learns(fact(MilestoneReached("refunded", amount=Money(Decimal("75.00"), "USD")), 61))
    assert ann.problem("late_delivery").resolved_at == at(61)


def test_an_operator_of_the_right_role_releases_one_problem_and_no_other() -> None:
    ann = placed().waits(50)
    first, second = ann.problems("late_delivery")
    ann.learns(fact(operator("release", "cx_lead", first.id), 51, journey=None))
    assert [hold.owner for hold in ann.held] == [second.id]


def test_an_operator_without_the_role_changes_nothing_and_is_told_so() -> None:
    ann = late()
    held = ann.held
    ann.learns(fact(operator("release", "agent"), 51, journey=None))
    assert ann.held == held
    assert any("does not let a agent" in change for change in ann.of(Decision)[-1].changes)


def test_a_hold_by_hand_lasts_until_somebody_releases_it() -> None:
    ann = Customer().learns(fact(operator("hold", "agent"), 0, journey=None)).waits(20 * DAY)
    assert len(ann.held) == 1
    ann.learns(fact(operator("release", "cx_lead"), 20 * DAY + 1, journey=None))
    assert ann.held == []


def test_an_old_hold_goes_to_an_owner_and_never_ends_by_itself() -> None:
    ann = late().waits(48 + 40 * DAY)
    assert "hold_age" in {escalation.reason for escalation in ann.of(Escalation)}
    assert ann.held
    ann.learns(fact(operator("write_off", "cx_lead"), 48 + 41 * DAY, journey=None))
    assert ann.held == []
    assert ann.problem("late_delivery").status == "written_off"


def test_the_release_is_forgotten_after_it_has_long_been_readable() -> None:
    ann = late().learns(fact(DELIVERED, 60, consignment=C2)).waits(60 + QUIET + 31 * DAY)
    assert "Forget" in {type(said).__name__ for said in ann.said}
    assert ann.state.released_at is None


def test_two_failures_of_one_cause_get_one_remedy() -> None:
    ann = Customer().learns(
        fact(order(), 0),
        fact(FailureStated("understocked", Party.MERCHANT), 1),
        fact(FailureStated("cancelled_by_merchant", Party.MERCHANT), 2),
    )
    assert len({problem.cause for problem in ann.state.problems.values()}) == 1
    assert len(ann.state.remedies) == 1

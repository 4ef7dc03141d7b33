"""State does not grow with what is long over: cases of no journey, and problems of neither, go with the retention."""

from app.facts import (
    CaseClosed,
    CaseOpened,
    CaseResolved,
    ContactAttempted,
    Fact,
    MessageReceived,
    OperatorDecided,
    What,
)
from app.ids import CaseId
from tests.support.journeys import Customer, fact
from tests.support.policies import default_policy

RETENTION = default_policy().limits.retention / 3_600_000
QUIET = 72.0
MONTHS = 2_000.0
"""Hours after which a case that nobody closes has boiled over for the last time."""


def loose(what: What, happened: float, case: CaseId | None = None) -> Fact:
    """Return a fact that names no journey."""
    return fact(what, happened, journey=None, case=case)


def named(name: str) -> CaseId:
    return CaseId(f"case:{name}")


def test_a_closed_case_is_let_go_of_after_the_retention() -> None:
    customer = Customer()
    customer.learns(loose(CaseOpened("lamp", "web", complaint=True), 0, case=named("A")))
    customer.learns(loose(CaseResolved(), 10, case=named("A")))
    customer.waits(10 + QUIET + RETENTION - 1)
    assert named("A") in customer.state.cases
    customer.waits(10 + QUIET + RETENTION + 1)
    assert not customer.state.cases
    assert not customer.state.problems
    assert not customer.state.remedies
    assert not customer.state.holds


def test_a_case_that_is_still_open_stays() -> None:
    customer = Customer()
    customer.learns(loose(CaseOpened("lamp", "web"), 0, case=named("A")))
    customer.waits(4 * RETENTION)
    assert named("A") in customer.state.cases


def test_many_cases_leave_no_more_state_than_one() -> None:
    customer = Customer()
    sizes = []
    for number in range(6):
        at = number * 2 * RETENTION
        customer.learns(loose(CaseOpened("lamp", "web"), at, case=named(f"A{number}")))
        customer.learns(loose(CaseClosed(), at + 5, case=named(f"A{number}")))
        sizes.append(len(customer.state.cases) + len(customer.state.problems))
    assert set(sizes) == {2}


def test_a_case_that_was_written_off_goes_though_nobody_closed_it() -> None:
    customer = Customer()
    customer.learns(loose(CaseOpened("lamp", "web", complaint=True), 0, case=named("A")))
    customer.learns(loose(OperatorDecided("write_off", "o-1", "cx_lead", "no answer"), MONTHS))
    customer.waits(MONTHS + RETENTION + 1)
    assert named("A") not in customer.state.cases


def test_a_message_on_a_case_long_forgotten_is_answered_for_as_any_other() -> None:
    customer = Customer()
    customer.learns(loose(CaseOpened("lamp", "web"), 0, case=named("A")))
    customer.learns(loose(CaseClosed(), 5, case=named("A")))
    customer.waits(2 * RETENTION)
    assert not customer.state.cases
    customer.learns(loose(MessageReceived("web"), 2 * RETENTION + 1, case=named("A")))
    customer.waits(2 * RETENTION + 200)
    assert [problem.type for problem in customer.state.problems.values()] == ["desk_silent"]


def test_what_was_wrong_with_neither_journey_nor_case_goes_too() -> None:
    customer = Customer()
    for number in range(3):
        customer.learns(loose(ContactAttempted("form"), number))
    (chased,) = customer.state.problems.values()
    assert (chased.type, chased.journey, chased.case) == ("chasing", None, None)
    customer.learns(loose(OperatorDecided("close", "o-1", "cx_lead", "called"), 4))
    customer.waits(4 + QUIET + RETENTION + 1)
    assert not customer.state.problems

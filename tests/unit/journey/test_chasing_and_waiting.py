from dataclasses import dataclass

import pytest

from app.clock import DAY, HOUR, MINUTE, Instant, Millis, from_iso
from app.decide.policy import ChasingRules
from app.facts import CaseClosed, CaseOpened, CaseResolved, CaseWaiting, MessageReceived, MessageSent, Party
from app.journey.chasing import chased
from app.outputs import Notice
from tests.support.journeys import CASE, ORDER, Customer, at, fact, order, promised
from tests.support.policies import default_policy, policy_with

RULES = ChasingRules(contacts=3, within=Millis(DAY), apart=Millis(10 * MINUTE))


@dataclass(frozen=True)
class Chase:
    """Contacts and answers, in hours, and when that is chasing."""

    contacts: tuple[float, ...]
    answers: tuple[float, ...] = ()
    found: tuple[float, ...] = ()


@pytest.mark.parametrize(
    "chase",
    [
        Chase((0, 1)),
        Chase((0, 1, 2), found=(2,)),
        Chase((0, 12, 24)),
        Chase((0, 12, 24, 25), found=(25,)),
        Chase((0, 1, 2), answers=(1.5,)),
        Chase((0, 1, 2, 3, 4), found=(2,)),
        Chase((0, 1, 2, 4, 5, 6), answers=(3,), found=(2, 6)),
        Chase((0, 0.1, 0.16)),
    ],
)
def test_several_attempts_without_an_answer_are_chasing(chase: Chase) -> None:
    found = chased([at(hours) for hours in chase.contacts], [at(hours) for hours in chase.answers], RULES)
    assert list(found) == [at(hours) for hours in chase.found]


def _writes(*hours: float) -> Customer:
    ann = Customer().learns(fact(order(), 0), fact(CaseOpened("late", "email"), 1, journey=None, case=CASE))
    return ann.learns(*(fact(MessageReceived("email"), each, journey=None, case=CASE) for each in hours))


def test_a_problem_learnt_later_that_was_open_already_explains_the_contacts() -> None:
    ann = Customer().learns(fact(order(), 0))
    ann.learns(*(fact(MessageReceived("email"), each) for each in (3, 4, 5)))
    assert ann.problem("chasing").open
    ann.learns(fact(promised(2), 1, 6))
    assert ann.problem("late_delivery").open
    assert ann.problem("chasing").withdrawn_at == at(6)


def test_the_desk_has_its_time_left_when_it_waits_no_longer() -> None:
    ann = _writes(2).learns(
        fact(CaseWaiting(Party.SUPPLIER), 3, journey=None, case=CASE),
        fact(CaseWaiting(Party.NOBODY), 5, journey=None, case=CASE),
    )
    reply = next(each for each in ann.state.cases[CASE].leg.expectations if each.rule == "desk_reply")
    # one hour was over at 3; the desk opens at 9 and closes at 17, so of the four hours the last is on Tuesday
    assert reply.first_due == from_iso("2026-03-03T10:00:00Z")


def test_while_the_desk_waits_nothing_runs_out_at_the_desk() -> None:
    ann = _writes(2).learns(fact(CaseWaiting(Party.SUPPLIER), 3, journey=None, case=CASE)).waits(24 * 4)
    assert {problem.type for problem in ann.state.problems.values()} == {"contact", "supplier_silent"}


def test_a_wait_that_begins_when_the_time_is_over_is_too_late() -> None:
    ann = _writes(2).learns(fact(CaseWaiting(Party.SUPPLIER), 6, journey=None, case=CASE))
    assert ann.problem("desk_silent").opened_at == at(6)


def test_a_wait_learnt_late_takes_the_accusation_back() -> None:
    ann = _writes(2).waits(7)
    assert ann.problem("desk_silent").open
    ann.learns(fact(CaseWaiting(Party.SUPPLIER), 3, 8, journey=None, case=CASE))
    assert ann.problem("desk_silent").withdrawn_at == at(8)


def test_the_customers_message_ends_the_wait_for_them() -> None:
    ann = _writes(2).learns(
        fact(MessageSent("email"), 2.5, journey=None, case=CASE),
        fact(CaseWaiting(Party.CUSTOMER), 2.5, journey=None, case=CASE),
        fact(MessageReceived("email"), 4, journey=None, case=CASE),
    )
    assert ann.waits(24).problem("desk_silent").opened_at == from_iso("2026-03-03T10:00:00Z")


def test_a_promise_made_after_a_reopening_is_watched() -> None:
    ann = _writes(1.1).learns(
        fact(CaseResolved(), 2, journey=None, case=CASE),
        fact(MessageReceived("email"), 3, journey=None, case=CASE),
        fact(promised(5, "called_back"), 3.5, journey=None, case=CASE),
    )
    assert ann.waits(6).problem("call_back_broken").opened_at == at(5)


def test_the_end_of_a_case_of_an_order_ends_the_desks_silence() -> None:
    ann = Customer().learns(
        fact(order(), 0),
        fact(CaseOpened("late", "email"), 1, journey=ORDER, case=CASE),
        fact(MessageReceived("email"), 1, journey=ORDER, case=CASE),
    )
    assert ann.waits(6).problem("desk_silent").open
    ann.learns(fact(CaseClosed(), 7, journey=ORDER, case=CASE))
    assert ann.problem("desk_silent").resolved_at == at(7)


def test_a_customer_is_told_why_or_what_is_done_and_never_both() -> None:
    said = {}
    for say in ("status", "explanation"):
        ann = Customer(policy_with("policy.yaml", "say: status", f"say: {say}"))
        ann.learns(fact(order(), 0), fact(promised(1), 0.1)).waits(30)
        said[say] = [each for each in ann.of(Notice) if each.recipient == "customer"]
    assert [each.template for each in said["status"]] == [each.template for each in said["explanation"]]
    assert len(said["status"]) > 1
    for status, explanation in zip(said["status"], said["explanation"], strict=True):
        assert "on it" in status.text
        assert "reason" not in status.fields
        assert "on it" not in explanation.text
        assert explanation.fields["reason"] in explanation.text


def test_a_pause_of_a_calendar_counts_only_business_time() -> None:
    calendars = default_policy().calendars
    friday, monday = from_iso("2026-03-06T16:00:00Z"), from_iso("2026-03-09T10:00:00Z")
    due = from_iso("2026-03-06T16:30:00Z")
    # one hour on Friday and one on Monday were lost: half an hour of Friday is left, the rest is on Monday
    assert calendars.later_by("desk", None, due, friday, monday) == from_iso("2026-03-09T10:30:00Z")
    night = Instant(from_iso("2026-03-06T18:00:00Z"))
    assert calendars.later_by("desk", None, due, night, Instant(night + 5 * HOUR)) == due

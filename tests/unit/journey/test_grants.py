"""What cannot be given: tried again, replaced, left out, or a person is called; and what waits for an approval."""

from dataclasses import dataclass
from decimal import Decimal

from app.decide import compile_policy
from app.decide.amounts import recomputed
from app.facts import (
    FailureStated,
    JourneyBegan,
    Money,
    OperatorDecided,
    Party,
    Profile,
    ProfileStated,
    RemedyReported,
)
from app.ids import JourneyId
from app.journey.trouble import GivenRemedy
from app.outputs import Decision, Escalation, Remedy
from tests.support.journeys import MONDAY, Customer, fact, line, order
from tests.support.policies import changed

VISIT = JourneyId("reservation:1")
LONG_AGO = MONDAY - 4_000 * 24 * 3_600_000


@dataclass
class Desk:
    """A customer who found no car twice, and what is reported about the second remedy."""

    customer: Customer

    def report(self, gesture: str, outcome: str, happened: float) -> "Desk":
        what = RemedyReported(outcome, gesture, self.remedy.id)
        self.customer.learns(fact(what, happened, journey=None, name=f"{gesture}/{outcome}/{happened}"))
        return self

    @property
    def remedy(self) -> GivenRemedy:
        return max(self.customer.state.remedies.values(), key=lambda each: each.at)

    @property
    def kinds(self) -> list[str]:
        return [gesture.kind for gesture in self.remedy.gestures]


def unserved_twice(driver: str = "instead: nothing") -> Desk:
    files = changed("brands/cars.yaml", "instead: nothing", driver)
    began = JourneyBegan("reservation", "cars", Money(Decimal("240.00"), "USD"))
    customer = Customer(compile_policy(files)).learns(
        fact(began, 0, journey=VISIT),
        fact(FailureStated("service_unavailable", Party.MERCHANT), 1, journey=VISIT),
        fact(FailureStated("alternative_failed", Party.MERCHANT), 2, journey=VISIT),
    )
    return Desk(customer)


def test_what_failed_is_asked_for_again_under_the_same_remedy() -> None:
    desk = unserved_twice().report("free_ride", "failed", 3)
    again = desk.customer.of(Remedy)[-1]
    assert (again.remedy, again.attempt) == (desk.remedy.id, 2)
    assert [gesture.kind for gesture in again.gestures] == ["free_ride"]
    assert again.apology == "takes_responsibility"
    (arithmetic,) = again.receipt.arithmetic
    assert recomputed(arithmetic) == Decimal("45.00")


def test_what_fails_too_often_calls_a_person() -> None:
    desk = unserved_twice().report("free_ride", "failed", 3).report("free_ride", "failed", 4)
    assert desk.customer.of(Escalation)[-1].reason == "remedy_failed"
    assert "free_ride" in desk.kinds, "it is still owed"


def test_what_was_refused_is_not_asked_for_again() -> None:
    desk = unserved_twice().report("driver", "refused", 3)
    assert all(said.attempt == 1 for said in desk.customer.of(Remedy))
    assert desk.kinds == ["refund", "free_ride"]


def test_what_cannot_be_had_is_replaced_as_the_brand_says() -> None:
    desk = unserved_twice("instead: waived_fee").report("driver", "refused", 3)
    assert desk.kinds == ["refund", "free_ride", "waived_fee"]
    assert [gesture.kind for gesture in desk.customer.of(Remedy)[-1].gestures] == ["waived_fee"]


def test_what_is_in_the_remedy_already_replaces_nothing() -> None:
    desk = unserved_twice("instead: free_ride").report("driver", "refused", 3)
    assert desk.kinds == ["refund", "free_ride"]


def test_a_remedy_is_settled_when_the_last_of_it_is_left_out() -> None:
    desk = unserved_twice().report("refund", "granted", 3).report("free_ride", "granted", 4)
    assert desk.remedy.settled_at is None
    desk.report("driver", "refused", 5)
    assert desk.remedy.settled_at == MONDAY + 5 * 3_600_000


def test_what_was_given_is_not_taken_back_by_a_late_failure() -> None:
    desk = unserved_twice().report("driver", "granted", 3).report("driver", "failed", 4)
    assert "driver" in desk.kinds
    assert all(said.attempt == 1 for said in desk.customer.of(Remedy))


def lost_by_a_long_customer() -> Customer:
    profile = Profile(customer_since=type(MONDAY)(LONG_AGO))
    began = order(line("lamp", "140.00"), value="140.00", brand="deals")
    return Customer().learns(
        fact(ProfileStated(profile), 0, journey=None, name="known"),
        fact(began, 1),
        fact(FailureStated("lost", Party.CARRIER), 2),
    )


def decided(action: str, role: str, problem: str | None = None) -> OperatorDecided:
    return OperatorDecided(action, "ana", role, "a good customer", problem)


def test_the_refund_does_not_wait_for_the_approval_of_the_rest() -> None:
    customer = lost_by_a_long_customer()
    (given,) = customer.of(Remedy)
    assert (given.occasion, [gesture.kind for gesture in given.gestures]) == ("recovery", ["refund"])
    assert [said.reason for said in customer.of(Escalation)] == ["needs_approval"]


def test_an_approved_exception_is_given_once_with_the_receipt_that_sized_it() -> None:
    customer = lost_by_a_long_customer()
    for hour in (3, 4):
        customer.learns(fact(decided("approve", "cx_lead"), hour, journey=None, name=f"yes{hour}"))
    waiting = [each for each in customer.state.remedies.values() if each.occasion == "exception"]
    assert [each.reserved is not None for each in waiting] == [True], "its budget is asked like any other's"
    assert waiting[0].reserved is not None
    assert waiting[0].reserved.budget == "deals"
    sums = {line.what: recomputed(line) for line in waiting[0].reserved.receipt.arithmetic}
    assert sums["store_credit"] == Decimal("70.00")


def given_by_hand(customer: Customer, amount: str, hour: float) -> Customer:
    what = RemedyReported("granted", "goodwill", None, Money(Decimal(amount), "USD"))
    return customer.learns(fact(what, hour, name=f"by hand {amount}"))


def approved(customer: Customer) -> list[GivenRemedy]:
    customer.learns(fact(decided("approve", "cx_lead"), 9, journey=None, name="yes"))
    return [each for each in customer.state.remedies.values() if each.occasion == "exception"]


def test_what_an_agent_gave_while_it_waited_comes_off_an_approved_exception() -> None:
    (waiting,) = approved(given_by_hand(given_by_hand(lost_by_a_long_customer(), "20.00", 3), "5.50", 4))
    assert [str(gesture.amount.amount) for gesture in waiting.gestures if gesture.amount] == ["44.50"]
    assert waiting.reserved is not None
    sums = {line.what: recomputed(line) for line in waiting.reserved.receipt.arithmetic}
    assert sums["store_credit"] == Decimal("44.50"), "the last line of a gesture is what it comes to"


def test_an_exception_that_an_agent_has_given_by_hand_is_not_given_again() -> None:
    customer = given_by_hand(lost_by_a_long_customer(), "70.00", 3)
    assert approved(customer) == []
    assert len(customer.of(Remedy)) == 1


def test_a_refused_exception_leaves_the_plain_remedy() -> None:
    customer = lost_by_a_long_customer()
    customer.learns(fact(decided("refuse", "cx_lead"), 3, journey=None, name="no"))
    assert [each.occasion for each in customer.state.remedies.values()] == ["recovery"]
    assert len(customer.of(Remedy)) == 1


def test_an_agent_may_not_approve() -> None:
    customer = lost_by_a_long_customer()
    customer.learns(fact(decided("approve", "agent"), 3, journey=None, name="yes"))
    (waiting,) = [each for each in customer.state.remedies.values() if each.occasion == "exception"]
    assert waiting.reserved is not None
    assert waiting.reserved.budget == "approval"


def test_an_approval_of_another_problem_gives_nothing() -> None:
    customer = lost_by_a_long_customer()
    customer.learns(fact(decided("approve", "cx_lead", "another"), 3, journey=None, name="yes"))
    assert len(customer.of(Remedy)) == 1


def test_an_escalation_names_the_decisions_that_led_to_it() -> None:
    desk = unserved_twice()
    (asked,) = desk.customer.of(Escalation)
    assert asked.freeze_hand_offs
    assert asked.budget == Money(Decimal("100.00"), "USD")
    opened, *_, own = asked.history
    decisions = desk.customer.of(Decision)
    assert [opened, own] == [each.id for each in decisions if "opened at" in " ".join(each.changes)]
    assert asked.id in next(each.outputs for each in decisions if each.id == own)
    desk.report("free_ride", "failed", 3).report("free_ride", "failed", 4)
    later = desk.customer.of(Escalation)[-1]
    assert later.history[0] == asked.history[0]
    assert len(later.history) > 1

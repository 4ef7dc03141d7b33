"""Who comes back is known to: by what is left of purchases that shrank to receipts as by those that have not."""

from decimal import Decimal

from app.facts import FailureStated, Party, Profile, ProfileStated
from app.ids import JourneyId
from app.journey.grading import first_time
from tests.support.journeys import DELIVERED, MONDAY, ORDER, Customer, fact, line, order

SECOND = JourneyId("order:2")
DAY = 24
SHRUNK = 120
"""Days: longer than closed journeys are kept whole."""
STALE = Profile(
    first_time=True,
    customer_since=type(MONDAY)(MONDAY - 11 * 366 * 24 * 3_600_000),
    lifetime_value=Decimal(900),
    churn_risk=Decimal("0.5"),
)
"""What the shop said before the first purchase, and has not said anew."""


def bought() -> Customer:
    """Return a first-time customer whose first order has come."""
    return Customer().learns(
        fact(ProfileStated(STALE), 0, journey=None), fact(order(), 1), fact(DELIVERED, 48, name="here")
    )


def fails_again(customer: Customer, hour: float) -> Customer:
    failure = FailureStated("lost", Party.CARRIER)
    return customer.learns(
        fact(order(line("lamp"), brand="deals"), hour, journey=SECOND, name="again"),
        fact(failure, hour + 1, journey=SECOND, name="lost again"),
    )


def is_first(customer: Customer) -> bool:
    return first_time(customer.policy, customer.state, SECOND)


def test_who_got_an_earlier_purchase_is_no_first_timer_whatever_an_old_profile_says() -> None:
    assert not is_first(fails_again(bought(), 72))


def test_nor_when_only_a_receipt_is_left_of_it() -> None:
    customer = bought().waits(SHRUNK * DAY)
    assert list(customer.state.receipts) == [ORDER]
    assert not is_first(fails_again(customer, SHRUNK * DAY + 1))


def test_an_order_that_was_still_on_its_way_makes_nobody_a_returning_customer() -> None:
    customer = fails_again(bought(), 24)
    assert is_first(customer)


def test_what_was_never_got_makes_nobody_one_either() -> None:
    customer = Customer().learns(fact(ProfileStated(STALE), 0, journey=None), fact(order(), 1))
    assert is_first(fails_again(customer, 72))


def test_an_earlier_purchase_that_is_learnt_late_is_weighed_as_if_it_had_been_known() -> None:
    early = fails_again(bought(), 72)
    late = fails_again(Customer().learns(fact(ProfileStated(STALE), 0, journey=None)), 72)
    before = late.problem("lost").severity
    late.learns(fact(order(), 1, known=80), fact(DELIVERED, 48, known=80, name="here"))
    assert late.problem("lost").severity == early.problem("lost").severity <= before
    assert not is_first(late)


def test_tenure_and_worth_outlive_the_journeys_they_were_learnt_with() -> None:
    fresh = fails_again(bought(), 72)
    shrunk = fails_again(bought().waits(SHRUNK * DAY), SHRUNK * DAY + 1)
    for customer in (fresh, shrunk):
        assert customer.state.profile is not None
        assert customer.state.profile.lifetime_value == Decimal(900)
    planned = [next(iter(customer.state.remedies.values())) for customer in (fresh, shrunk)]
    assert planned[0].gestures == planned[1].gestures
    assert [gesture.kind for gesture in planned[0].gestures] == ["refund", "store_credit"], (
        "tenure makes it exceptional"
    )

"""How much effort a customer had to spend: what belongs together, a chat's messages, is one attempt."""

import pytest

from app.clock import MINUTE, Instant
from app.facts import MessageReceived
from app.ids import CaseId
from app.journey.extent import attempts
from tests.support.journeys import JUST, Customer, fact, placed

CASE = CaseId("case:K")
APART = 10 * MINUTE


@pytest.mark.parametrize(
    ("minutes", "began"),
    [((), []), ((0,), [0]), ((0, 9, 18, 27), [0]), ((0, 10, 20), [0, 10, 20]), ((0, 9, 19, 28), [0, 19])],
)
def test_contacts_that_follow_closely_are_one_attempt(minutes: tuple[int, ...], began: list[int]) -> None:
    times = [Instant(minute * MINUTE) for minute in minutes]
    assert attempts(times, APART) == [minute * MINUTE for minute in began]


def writing(*minutes: float) -> Customer:
    """Return a customer whose parcels are late, and who writes so many minutes later."""
    customer = placed(due=48)
    for minute in minutes:
        customer.learns(fact(MessageReceived("chat"), 49 + minute * JUST, case=CASE))
    return customer


def test_ten_messages_of_one_chat_are_one_effort_and_not_much() -> None:
    customer = writing(*range(10))
    assert {problem.extent for problem in customer.problems("late_delivery")} == {"moderate"}


def test_three_chats_are_much_effort() -> None:
    customer = writing(0, 1, 2, 12, 13, 24)
    assert {problem.extent for problem in customer.problems("late_delivery")} == {"severe"}

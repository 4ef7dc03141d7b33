"""A coupon's time runs only while no case about it is open."""

import pytest

from app.clock import DAY, HOUR, Instant
from app.ids import CaseId, CustomerId, JourneyId
from app.journey.coupon_time import expiry_of, with_pauses
from app.journey.course import Case, CaseTurn
from app.journey.held import HeldCoupon
from app.journey.state import CustomerState

START = 1_780_000_000_000
TRADE_IN = JourneyId("trade_in:T-1")
COUPON = HeldCoupon("CP-1", Instant(START), "O-1", TRADE_IN, Instant(START + 10 * DAY))


def case(name: str, opened: int, *turns: tuple[int, str], journey: JourneyId | None = TRADE_IN) -> Case:
    lived = tuple(CaseTurn(Instant(START + at), f"{number}", word) for number, (at, word) in enumerate(turns))
    return Case(CaseId(name), Instant(START + opened), journey, turns=lived)


def expiry(*cases: Case) -> int | None:
    ends = expiry_of(CustomerState(CustomerId("W-1"), cases={each.id: each for each in cases}), COUPON)
    return None if ends is None else ends - START


def test_without_a_case_it_expires_when_it_says() -> None:
    assert expiry() == 10 * DAY


def test_it_stands_still_while_a_case_about_it_is_open() -> None:
    assert expiry(case("K", 2 * DAY)) is None


def test_after_the_case_it_has_the_time_that_was_left() -> None:
    assert expiry(case("K", 2 * DAY, (60 * DAY, "resolved"))) == 68 * DAY


def test_a_message_after_the_end_opens_the_case_again_and_stops_the_time_again() -> None:
    turns = ((12 * DAY, "resolved"), (13 * DAY, "message"))
    assert expiry(case("K", 2 * DAY, *turns)) is None
    assert expiry(case("K", 2 * DAY, *turns, (20 * DAY, "closed"))) == 20 * DAY + 7 * DAY


def test_two_cases_at_once_stop_the_time_once() -> None:
    one, other = case("K", 2 * DAY, (6 * DAY, "resolved")), case("L", 4 * DAY, (8 * DAY, "resolved"))
    assert expiry(one, other) == expiry(other, one) == 16 * DAY


def test_a_case_that_was_open_before_the_coupon_counts_from_its_issue() -> None:
    assert expiry(case("K", -5 * DAY, (1 * DAY, "resolved"))) == 11 * DAY


def test_a_case_about_another_journey_stops_nothing_and_one_about_none_does() -> None:
    assert expiry(case("K", 2 * DAY, journey=JourneyId("order:1"))) == 10 * DAY
    assert expiry(case("K", 2 * DAY, journey=None)) is None


@pytest.mark.parametrize(
    ("opened", "expected"), [(10 * DAY - 1, None), (10 * DAY, 10 * DAY), (10 * DAY + HOUR, 10 * DAY)]
)
def test_what_has_expired_is_not_brought_back_by_a_case_opened_afterwards(opened: int, expected: int | None) -> None:
    assert expiry(case("K", opened)) == expected


def test_the_time_for_which_it_stood_still_is_kept_when_the_case_is_not() -> None:
    over = case("K", 2 * DAY, (60 * DAY, "resolved"))
    state = CustomerState(CustomerId("W-1"), cases={over.id: over}, coupons={COUPON.coupon: COUPON})
    kept = with_pauses(state, {over.id})
    assert expiry_of(CustomerState(CustomerId("W-1"), coupons=kept), kept[COUPON.coupon]) == START + 68 * DAY

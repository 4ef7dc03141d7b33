"""The owner of what an offer promises and its coupons do not grant is watched until nothing of that is left."""

import pytest

from app.clock import HOUR, MINUTE
from app.facts import CouponTermsStated, OfferStated, OperatorDecided, Terms, offer_key
from tests.support.registers import RegisterPlay

START = 1_780_000_000_000
ACT_BY = START + 4 * HOUR
LATER = START + 1000 * HOUR
KEY = offer_key("O-1")
FREE = Terms("20 %")
SELECTED = Terms("20 %", ("W-1",))
NARROWER = Terms("10 %", ("W-1",))
LEAD = ("campaign_lead", "offer_terms_gap", 0)
HEAD = ("head_of_customer_experience", "owner_silent", 4 * HOUR)


def state(play: RegisterPlay, what: OfferStated | CouponTermsStated | OperatorDecided, at: int) -> None:
    play.take(KEY, what, at)
    play.tick(at)


def with_gap(*, data_clock: bool = True) -> RegisterPlay:
    """Return a register in which a gap was published at START."""
    play = RegisterPlay(data_clock=data_clock)
    state(play, OfferStated("O-1", 1, FREE), START - 1)
    state(play, CouponTermsStated("O-1", 1, SELECTED), START)
    return play


def act(role: str) -> OperatorDecided:
    return OperatorDecided("act", "lee", role, "the till is changed", offer="O-1")


def told(play: RegisterPlay) -> list[tuple[str, str, int]]:
    """Return who was asked, why and when, from START on in milliseconds."""
    return [(each.owner, each.reason, each.at - START) for each in play.escalations()]


@pytest.mark.parametrize("data_clock", [True, False])
def test_who_does_not_act_in_time_is_told_of_one_level_up_once(data_clock: bool) -> None:
    play = with_gap(data_clock=data_clock)
    play.tick(ACT_BY - 1)
    assert told(play) == [LEAD]
    play.tick(LATER)
    assert told(play) == [LEAD, HEAD]
    lead, head = play.escalations()
    assert lead.customer == head.customer == "offer:O-1"
    assert head.history[:-1] == lead.history


@pytest.mark.parametrize("role", ["campaign_lead", "cx_lead", "head_of_customer_experience"])
def test_who_may_act_is_waited_for_no_more_once_they_have(role: str) -> None:
    play = with_gap()
    state(play, act(role), ACT_BY - 1)
    play.tick(LATER)
    assert told(play) == [LEAD]


def test_who_may_not_act_has_not_acted() -> None:
    play = with_gap()
    state(play, act("agent"), START + 1)
    assert play.decisions()[-1].changes == ("refused: the policy does not let a agent act",)
    play.tick(LATER)
    assert told(play) == [LEAD, HEAD]


@pytest.mark.parametrize(
    "mended", [CouponTermsStated("O-1", 1, FREE), OfferStated("O-1", 1, SELECTED)], ids=["coupon", "advertisement"]
)
@pytest.mark.parametrize(("at", "asked"), [(ACT_BY - 1, [LEAD]), (ACT_BY, [LEAD, HEAD])])
def test_with_the_gap_closed_nobody_need_act(
    mended: OfferStated | CouponTermsStated, at: int, asked: list[tuple[str, str, int]]
) -> None:
    play = with_gap()
    state(play, mended, at)
    play.tick(LATER)
    assert told(play) == asked


def test_a_newer_version_without_a_gap_leaves_the_gap_of_the_older_one() -> None:
    play = with_gap()
    state(play, OfferStated("O-1", 2, SELECTED), START + 1)
    play.tick(LATER)
    assert told(play) == [LEAD, HEAD]


def test_while_one_of_two_versions_has_a_gap_its_owner_is_watched() -> None:
    play = with_gap()
    state(play, OfferStated("O-1", 2, FREE), START + MINUTE)
    again = ("campaign_lead", "offer_terms_gap", MINUTE)
    assert told(play) == [LEAD, again]
    state(play, OfferStated("O-1", 1, SELECTED), START + HOUR)
    play.tick(LATER)
    assert told(play) == [LEAD, again, HEAD]
    state(play, OfferStated("O-1", 2, SELECTED), LATER)
    assert play.decisions()[-1].changes == ("offer O-1: advertised terms of version 2",)


def test_terms_stated_anew_give_a_silent_owner_no_more_time() -> None:
    play = with_gap()
    state(play, CouponTermsStated("O-1", 1, NARROWER), ACT_BY - 1)
    play.tick(LATER)
    assert told(play)[-1] == HEAD


def test_a_gap_that_opens_again_is_asked_about_again() -> None:
    play = with_gap()
    state(play, act("campaign_lead"), START + 1)
    state(play, CouponTermsStated("O-1", 1, FREE), START + HOUR)
    state(play, CouponTermsStated("O-1", 1, SELECTED), START + 2 * HOUR)
    play.tick(LATER)
    assert told(play) == [
        LEAD,
        ("campaign_lead", "offer_terms_gap", 2 * HOUR),
        ("head_of_customer_experience", "owner_silent", 6 * HOUR),
    ]


def test_acting_on_an_offer_without_a_gap_or_that_nobody_knows_leaves_nothing_behind() -> None:
    play = RegisterPlay()
    state(play, act("campaign_lead"), START)
    assert play.decisions()[-1].changes[-1] == "nobody is waited for"
    assert [key for key in play.stage.states() if not key.startswith(b"\x00")] == []

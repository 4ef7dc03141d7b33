"""What is advertised against what the coupons grant."""

import pytest

from app.clock import HOUR, Instant
from app.facts import (
    CouponTermsStated,
    OfferAsked,
    OfferLeft,
    OfferStated,
    OfferTold,
    Terms,
    holders_key,
    offer_key,
    shard_of,
)
from app.ids import CustomerId
from app.register.offers import gap_between
from tests.support.registers import RegisterPlay

START = 1_780_000_000_000
FREE = Terms("20 %")
SELECTED = Terms("20 %", ("W-1", "W-2"))


def state(play: RegisterPlay, what: OfferStated | CouponTermsStated, at: int) -> None:
    play.take(offer_key("O-1"), what, at)
    play.tick(at)


def ask(play: RegisterPlay, customer: str, at: int, version: int = 1) -> None:
    play.take(offer_key("O-1"), OfferAsked(f"q/{customer}", "O-1", version), at, customer)
    play.tick(at)


@pytest.mark.parametrize(
    ("advertised", "coupon", "gap"),
    [
        (FREE, FREE, ()),
        (FREE, SELECTED, ("products",)),
        (SELECTED, FREE, ()),
        (SELECTED, Terms("20 %", ("W-1",)), ("products",)),
        (Terms("20 %", ("W-1",)), SELECTED, ()),
        (FREE, Terms("15 %"), ("discount",)),
        (FREE, Terms("20  %"), ()),
        (FREE, Terms("20 %", (), Instant(START)), ("valid_until",)),
        (Terms("20 %", (), Instant(START)), Terms("20 %", (), Instant(START)), ()),
        (Terms("20 %", (), Instant(START)), Terms("20 %", (), Instant(START - 1)), ("valid_until",)),
        (Terms("20 %", (), Instant(START)), Terms("20 %", (), None), ()),
        (FREE, Terms("10 %", ("W-1",), Instant(START)), ("discount", "products", "valid_until")),
        (None, SELECTED, ()),
        (FREE, None, ()),
    ],
)
def test_a_gap_is_where_the_coupon_grants_less_than_was_advertised(
    advertised: Terms | None, coupon: Terms | None, gap: tuple[str, ...]
) -> None:
    assert gap_between(advertised, coupon) == gap


def test_a_gap_is_the_planners_before_a_customer_meets_it() -> None:
    play = RegisterPlay()
    state(play, OfferStated("O-1", 1, FREE), START)
    assert not play.notices("offer_terms_gap")
    state(play, CouponTermsStated("O-1", 1, SELECTED), START + HOUR)
    (notice,) = play.notices("offer_terms_gap")
    assert notice.recipient == "campaign_planner"
    assert (notice.customer, notice.fields["gap"]) == ("offer:O-1", "products")
    assert (notice.fields["advertised_products"], notice.fields["coupon_products"]) == ("all", "W-1, W-2")
    assert not play.answers


def test_the_gap_is_seen_whichever_of_the_two_is_published_first() -> None:
    play = RegisterPlay()
    state(play, CouponTermsStated("O-1", 1, SELECTED), START)
    state(play, OfferStated("O-1", 1, FREE), START + HOUR)
    assert len(play.notices("offer_terms_gap")) == 1


def test_terms_stated_again_say_nothing_more() -> None:
    play = RegisterPlay()
    for at in (START, START + HOUR):
        state(play, OfferStated("O-1", 1, FREE), at)
        state(play, CouponTermsStated("O-1", 1, SELECTED), at)
    assert len(play.notices("offer_terms_gap")) == 1


def test_a_holder_is_told_the_terms_of_the_version_they_were_shown() -> None:
    play = RegisterPlay()
    state(play, OfferStated("O-1", 1, FREE), START)
    state(play, OfferStated("O-1", 2, SELECTED), START + 1)
    state(play, CouponTermsStated("O-1", 1, SELECTED), START + 2)
    ask(play, "C-1", START + HOUR, version=1)
    ask(play, "C-2", START + HOUR, version=2)
    assert play.told() == [
        OfferTold("q/C-1", "O-1", 1, FREE, SELECTED, ("products",)),
        OfferTold("q/C-2", "O-1", 2, SELECTED, SELECTED, ()),
    ]


def test_holders_are_told_again_when_the_terms_of_their_version_change() -> None:
    play = RegisterPlay()
    state(play, OfferStated("O-1", 1, FREE), START)
    for number in range(40):
        ask(play, f"C-{number}", START + 1)
    play.answers.clear()
    state(play, CouponTermsStated("O-1", 1, SELECTED), START + HOUR)
    assert {answer.subject.customer for answer in play.answers} == {f"C-{number}" for number in range(40)}
    assert all(isinstance(what, OfferTold) and what.gap == ("products",) for what in play.told())
    assert len({answer.id for answer in play.answers}) == 40
    play.answers.clear()
    state(play, CouponTermsStated("O-1", 1, FREE), START + 2 * HOUR)
    assert all(isinstance(what, OfferTold) and what.gap == () for what in play.told())
    assert len(play.answers) == 40


def test_whoever_holds_an_offer_no_more_is_told_no_more_and_leaves_no_trace() -> None:
    play = RegisterPlay()
    state(play, OfferStated("O-1", 1, FREE), START)
    ask(play, "C-1", START + 1)
    ask(play, "C-2", START + 1)
    play.answers.clear()
    play.take(holders_key("O-1", shard_of(CustomerId("C-1"))), OfferLeft(), START + 2, "C-1")
    state(play, CouponTermsStated("O-1", 1, SELECTED), START + HOUR)
    assert [answer.subject.customer for answer in play.answers] == ["C-2"]
    assert not any(b"C-1" in value for value in play.stage.states().values())


def test_an_offer_nobody_has_stated_is_answered_all_the_same() -> None:
    play = RegisterPlay()
    ask(play, "C-1", START)
    assert play.told() == [OfferTold("q/C-1", "O-1", 1, None, None, ())]


@pytest.mark.parametrize(
    ("granted", "advertised", "less"),
    [
        ("10 %", "20 %", True),
        ("20%", "20 %", False),
        ("25 %", "20 %", False),
        ("20.5 %", "20 %", False),
        ("20 GBP", "20 %", True),
        ("30 GBP", "20 %", True),
        ("free strap", "20 %", True),
        ("free strap", "free  strap", False),
    ],
)
def test_a_discount_is_less_by_its_number_and_otherwise_by_its_words(granted: str, advertised: str, less: bool) -> None:
    assert gap_between(Terms(advertised), Terms(granted)) == (("discount",) if less else ())

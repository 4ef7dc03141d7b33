"""Remedies: gestures that fit the loss, nothing twice, never above the cap, every amount to the penny."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.clock import from_iso
from app.decide import RemedyInputs, RemedyPlan, ThankYouInputs, remedy_of, thank_you_of
from app.decide.amounts import recomputed, rounded, worked_out
from app.facts import Money, Party
from app.outputs import Arithmetic, Gesture
from tests.support.policies import default_policy, policy_with

POLICY = default_policy()
SUMMER = from_iso("2023-07-12T12:00Z")
LATE_NOVEMBER = from_iso("2023-11-24T15:00-05:00")


def usd(amount: str) -> Money:
    return Money(Decimal(amount), "USD")


def by_hand(kind: str, amount: str, currency: str = "USD") -> Gesture:
    money = Money(Decimal(amount), currency)
    return Gesture(kind, money, money, "marketing")


def remedy(**changes: Any) -> RemedyPlan:
    inputs: dict[str, Any] = {
        "problem": "understocked",
        "extent": "slight",
        "stake": "unknown",
        "fault": Party.MERCHANT,
        "brand": "deals",
        "first_time": False,
        "lost": usd("100.00"),
        "price": usd("100.00"),
        "given": (),
        "now": SUMMER,
    }
    return remedy_of(POLICY, RemedyInputs(**{**inputs, **changes})).answer


def gifts(plan: RemedyPlan) -> dict[str, str | None]:
    return {gesture.kind: None if gesture.amount is None else str(gesture.amount.amount) for gesture in plan.gestures}


def test_what_cannot_be_supplied_is_refunded_first_with_credit_on_top() -> None:
    plan = remedy()
    assert gifts(plan) == {"refund": "100.00", "store_credit": "20.00"}
    assert plan.gestures[0].terms == {"to": "original_payment"}
    assert plan.apology == "takes_responsibility"


def test_close_to_the_holidays_the_next_order_is_sent_fast_for_free() -> None:
    plan = remedy(now=LATE_NOVEMBER)
    assert gifts(plan) == {"refund": "100.00", "store_credit": "20.00", "free_expedited_shipping": None}
    perk = plan.gestures[2]
    assert perk.cost == usd("12.00")
    assert perk.cost_centre == "marketing"
    assert perk.terms == {"on": "next order"}


def test_only_the_lines_not_got_are_refunded() -> None:
    assert gifts(remedy(lost=usd("30.00")))["refund"] == "30.00"


def test_a_refund_owed_of_unknown_amount_is_still_given() -> None:
    plan = remedy(lost=None, price=None)
    assert gifts(plan)["refund"] is None
    assert plan.gestures[0].terms["of"] == "everything_paid"


def test_without_the_lines_known_the_price_is_refunded() -> None:
    assert gifts(remedy(lost=None, price=usd("70.00")))["refund"] == "70.00"


@pytest.mark.parametrize(
    ("given_by_hand", "gives"),
    [
        ([], {"refund": "100.00", "store_credit": "20.00"}),
        ([by_hand("refund", "100.00")], {"store_credit": "20.00"}),
        ([by_hand("refund", "40.00")], {"refund": "60.00", "store_credit": "20.00"}),
        ([by_hand("store_credit", "20.00")], {"refund": "100.00"}),
        ([by_hand("store_credit", "15.50")], {"refund": "100.00", "store_credit": "4.50"}),
        ([by_hand("goodwill", "25.00")], {"refund": "100.00"}),
        ([by_hand("store_credit", "20.00", "EUR")], {"refund": "100.00", "store_credit": "20.00"}),
    ],
)
def test_what_was_given_by_hand_counts(given_by_hand: list[Gesture], gives: dict[str, str]) -> None:
    assert gifts(remedy(given=tuple(given_by_hand))) == gives


def test_a_perk_that_was_given_is_not_given_again() -> None:
    perk = Gesture("free_expedited_shipping", None, usd("12.00"), "marketing")
    assert "free_expedited_shipping" not in gifts(remedy(now=LATE_NOVEMBER, given=(perk,)))


def test_as_much_given_by_hand_stands_for_credit_and_perk() -> None:
    assert gifts(remedy(now=LATE_NOVEMBER, given=(by_hand("goodwill", "32.00"),))) == {"refund": "100.00"}
    once = remedy(now=LATE_NOVEMBER, given=(by_hand("goodwill", "31.99"),))
    assert gifts(once) == {"refund": "100.00", "free_expedited_shipping": None}


def test_the_whole_is_never_worth_more_than_half_as_much_again_as_the_price() -> None:
    assert gifts(remedy(lost=usd("40.00"), price=usd("40.00"))) == {"refund": "40.00", "store_credit": "20.00"}
    assert gifts(remedy(lost=usd("39.98"), price=usd("39.98"))) == {"refund": "39.98", "store_credit": "19.99"}
    small = remedy(lost=usd("40.00"), price=usd("40.00"), now=LATE_NOVEMBER)
    assert "free_expedited_shipping" not in gifts(small)


def test_a_refund_is_never_cut_by_the_cap() -> None:
    plan = remedy(given=(by_hand("store_credit", "500.00"),))
    assert gifts(plan) == {"refund": "100.00"}


def test_a_brand_that_does_not_discount_gives_shipping_and_not_money() -> None:
    gbp = Money(Decimal("500.00"), "GBP")
    plan = remedy(problem="late_delivery", extent="severe", stake="low", brand="audio", lost=None, price=gbp)
    assert gifts(plan) == {"free_next_day_shipping": None}
    assert plan.gestures[0].terms == {"lasts": "6 months"}


@pytest.mark.parametrize(
    ("stake", "extent", "first_time", "gives"),
    [
        ("low", "moderate", False, False),
        ("low", "severe", False, True),
        ("low", "slight", True, True),
        ("unknown", "slight", False, False),
        ("unknown", "moderate", False, True),
        ("medium", "slight", False, True),
        ("high", "slight", False, True),
    ],
)
def test_an_apology_is_sized_by_stake_and_extent(stake: str, extent: str, first_time: bool, gives: bool) -> None:
    price = Money(Decimal("500.00"), "GBP")
    plan = remedy(
        problem="late_delivery",
        stake=stake,
        extent=extent,
        first_time=first_time,
        brand="audio",
        price=price,
        lost=None,
        fault=Party.CARRIER,
    )
    assert bool(plan.gestures) is gives


def test_what_the_customer_caused_gets_kind_words() -> None:
    plan = remedy(fault=Party.CUSTOMER)
    assert (plan.apology, plan.gestures) == ("kind_words", ())


def test_a_price_in_another_currency_caps_nothing() -> None:
    plan = remedy(lost=Money(Decimal(9), "JPY"), price=Money(Decimal(9), "JPY"))
    assert gifts(plan) == {"refund": "9", "store_credit": "20.00"}


def test_credit_as_a_share_of_the_price_is_rounded_half_up() -> None:
    policy = policy_with("tables/remedies.json", '"store_credit": "\\"5.00\\""', '"store_credit": "\\"5%\\""')
    inputs = RemedyInputs(
        "late_delivery", "severe", "low", Party.CARRIER, "deals", False, None, usd("46.90"), (), SUMMER
    )
    assert gifts(remedy_of(policy, inputs).answer) == {"store_credit": "2.35"}


@pytest.mark.parametrize(
    ("value", "digits", "result"),
    [("2.345", 2, "2.35"), ("2.344", 2, "2.34"), ("10.5", 0, "11"), ("1.0005", 3, "1.001")],
)
def test_amounts_are_rounded_half_up(value: str, digits: int, result: str) -> None:
    assert str(rounded(Decimal(value), digits)) == result


def test_a_receipt_cannot_hold_what_is_no_arithmetic() -> None:
    with pytest.raises(ValueError, match="a receipt cannot have"):
        recomputed(Arithmetic("what", "__import__('os')", {}, "0"))
    with pytest.raises(ValueError, match="a receipt cannot have"):
        worked_out("what", "a / b", {"a": 1, "b": 2})


cents = st.integers(1, 300_00).map(lambda number: Decimal(number).scaleb(-2))
hand = st.builds(
    lambda kind, amount: by_hand(kind, str(amount)),
    st.sampled_from(["refund", "store_credit", "goodwill", "free_expedited_shipping"]),
    cents,
)


@given(
    st.sampled_from(["understocked", "cancelled_by_merchant", "lost", "late_delivery", "complaint"]),
    st.sampled_from(["slight", "moderate", "severe"]),
    cents,
    st.lists(hand, max_size=3),
    st.sampled_from([SUMMER, LATE_NOVEMBER]),
    st.sampled_from(["deals", "house"]),
)
def test_every_receipt_recomputes_and_no_remedy_is_above_the_cap(
    problem: str, extent: str, paid: Decimal, given_before: list[Gesture], now: Any, brand: str
) -> None:
    money = Money(paid, "USD")
    plan = remedy(
        problem=problem, extent=extent, lost=money, price=money, given=tuple(given_before), now=now, brand=brand
    )
    lines = {line.what: line for line in plan.receipt.arithmetic}
    assert all(recomputed(line) == Decimal(line.result) for line in lines.values())
    for gesture in plan.gestures:
        worth = gesture.amount or gesture.cost
        assert worth.amount > 0
        assert str(worth.amount) == lines[gesture.kind].result
    goodwill = [gesture for gesture in plan.gestures if gesture.kind != "refund"]
    if goodwill:
        worths = [gesture.amount or gesture.cost for gesture in (*plan.gestures, *given_before)]
        assert sum(worth.amount for worth in worths) <= rounded(paid * POLICY.cap, 2)


def test_the_thank_you_is_five_per_cent_of_the_next_purchase_even_where_nobody_discounts() -> None:
    plan = thank_you_of(POLICY, ThankYouInputs(3, "audio", Money(Decimal("899.50"), "GBP"))).answer
    assert plan is not None
    (gesture,) = plan.gestures
    assert gesture.amount == Money(Decimal("44.98"), "GBP")
    assert recomputed(plan.receipt.arithmetic[0]) == Decimal("44.98")


def test_a_problem_that_was_not_severe_arms_no_thank_you() -> None:
    assert thank_you_of(POLICY, ThankYouInputs(2, "audio", Money(Decimal("899.50"), "GBP"))).answer is None

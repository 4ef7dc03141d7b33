"""Statutory floors: the policy may give more than the law, never less, and neither twice."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.clock import DAY, MINUTE, Instant, from_iso
from app.decide import Policy, RemedyInputs, RemedyPlan, compile_policy, remedy_of
from app.decide.floors import Delay
from app.errors import PolicyError
from app.facts import Money, Party
from app.outputs import Gesture
from tests.support.policies import default_files

NOW = from_iso("2026-03-02T12:00Z")
DUE = from_iso("2026-03-02T08:00Z")
HOUR = 60

EU_RAIL = """
floors:
  eu_rail:
    law: Regulation (EU) 2021/782, article 19
    brands: [deals]
    problems: [late_delivery]
    not_for: [nobody]
    refund_counts: false
    delay:
      - {from: 60 minutes, gives: 25%}
      - {from: 120 minutes, gives: 50%}
"""
PER_FLIGHT = """
floors:
  per_flight:
    law: Regulation (EC) 261/2004, article 7
    brands: [deals]
    problems: [late_delivery]
    refund_counts: true
    delay:
      - {above: 3 hours, gives: "250.00"}
"""


def under(law: str) -> Policy:
    return compile_policy(default_files() | {"statutes.yaml": law.encode()})


def usd(amount: str) -> Money:
    return Money(Decimal(amount), "USD")


def late(minutes: int, fault: Party = Party.CARRIER, millis: int = 0, problem: str = "late_delivery") -> Delay:
    return Delay(problem, fault, DUE, Instant(DUE + minutes * MINUTE + millis))


def remedy(law: str, *delays: Delay, **changes: Any) -> RemedyPlan:
    inputs: dict[str, Any] = {
        "problem": "late_delivery",
        "extent": "severe",
        "stake": "unknown",
        "fault": Party.CARRIER,
        "brand": "deals",
        "first_time": False,
        "lost": None,
        "price": usd("100.00"),
        "given": (),
        "now": NOW,
        "delays": delays,
    }
    return remedy_of(under(law), RemedyInputs(**{**inputs, **changes})).answer


def gifts(plan: RemedyPlan) -> dict[str, str | None]:
    return {gesture.kind: None if gesture.amount is None else str(gesture.amount.amount) for gesture in plan.gestures}


@pytest.mark.parametrize(
    ("delay", "compensation"),
    [
        (late(60, millis=-1), None),
        (late(60), "25.00"),
        (late(120, millis=-1), "25.00"),
        (late(120), "50.00"),
        (late(240), "50.00"),
        (late(240, Party.NOBODY), None),
        (late(240, problem="damaged"), None),
    ],
)
def test_the_band_that_holds_gives_its_share_unless_nobody_was_at_fault(delay: Delay, compensation: str | None) -> None:
    assert gifts(remedy(EU_RAIL, delay)).get("compensation") == compensation


def test_above_means_longer_than_and_an_amount_needs_no_price() -> None:
    assert "compensation" not in gifts(remedy(PER_FLIGHT, late(3 * HOUR), price=None))
    assert gifts(remedy(PER_FLIGHT, late(3 * HOUR, millis=1), price=None))["compensation"] == "250.00"


def test_what_the_law_gives_comes_before_gestures_and_counts_against_them() -> None:
    plan = remedy(EU_RAIL, late(60), price=usd("12.00"))
    assert gifts(plan) == {"compensation": "3.00", "store_credit": "2.00"}, "5.00 credit less the 3.00 of the law"
    assert plan.gestures[0].kind == "compensation"
    assert gifts(remedy(EU_RAIL, late(60))) == {"compensation": "25.00"}


def test_it_names_its_law_and_goes_to_the_original_payment() -> None:
    (gesture,) = remedy(EU_RAIL, late(60)).gestures
    assert gesture.terms == {"to": "original_payment", "law": "Regulation (EU) 2021/782, article 19"}


def test_a_share_of_a_price_that_nobody_knows_is_owed_in_words() -> None:
    (gesture,) = (each for each in remedy(EU_RAIL, late(60), price=None).gestures if each.kind == "compensation")
    assert (gesture.amount, gesture.terms["of"]) == (None, "25% of the price")


def test_no_cap_cuts_it() -> None:
    assert gifts(remedy(PER_FLIGHT, late(4 * HOUR), price=usd("10.00")))["compensation"] == "250.00"


@pytest.mark.parametrize(("law", "compensation"), [(PER_FLIGHT, "150.00"), (EU_RAIL, "50.00")])
def test_money_paid_back_counts_only_where_the_law_says_so(law: str, compensation: str) -> None:
    refund = Gesture("refund", usd("100.00"), usd("100.00"), "marketing")
    plan = remedy(law, late(4 * HOUR), given=(refund,))
    assert gifts(plan)["compensation"] == compensation


MONEY = st.decimals(min_value=0, max_value=300, places=2)


@given(MONEY, MONEY, st.integers(0, 600))
def test_money_by_hand_and_by_policy_is_never_less_than_the_law_and_never_both(
    price: Decimal, by_hand: Decimal, minutes: int
) -> None:
    given_by_hand = Gesture("compensation", usd(str(by_hand)), usd(str(by_hand)), "")
    plan = remedy(EU_RAIL, late(minutes), price=usd(str(price)), given=(given_by_hand,))
    share = Decimal("0.50") if minutes >= 120 else Decimal("0.25") if minutes >= 60 else Decimal(0)
    paid = sum((each.amount.amount for each in plan.gestures if each.kind == "compensation" and each.amount), by_hand)
    assert abs(paid - max(by_hand, price * share)) < Decimal("0.01")


@pytest.mark.parametrize(
    ("change", "line", "says"),
    [
        (("brands: [deals]", "brands: [airline]"), 5, "there is no brand `airline`; there are"),
        (("brands: [deals]", "brands: []"), 5, "brands is empty: the statute could never apply to anybody"),
        (("[late_delivery]", "[stalled]"), 6, "stalled has `remedy_on: never`"),
        (("[late_delivery]", "[lost]"), 6, "lost has `remedy_on: opened`"),
        (("[nobody]", "[weather]"), 7, "there is no party `weather`; there are"),
        (
            ("from: 120 minutes", "from: 60 minutes"),
            11,
            "delays must rise, dates too, and each line must ask for more, or the line before could never hold",
        ),
        (("gives: 50%", "gives: 20%"), 11, "a longer delay gives less than a shorter one"),
        (("from: 120 minutes", "from: 2 business hours of desk"), 11, "from runs on plain time"),
        (("from: 120 minutes, ", ""), 11, "a delay has either `from`"),
        (("refund_counts: false", "refund_counts: perhaps"), 8, "refund_counts: `perhaps` is unknown"),
        (("gives: 50%", "gives: half"), 11, "gives: `half` is no amount"),
    ],
)
def test_what_is_wrong_with_a_statute_is_named_with_its_line(change: tuple[str, str], line: int, says: str) -> None:
    law = EU_RAIL.replace(*change)
    assert law != EU_RAIL
    with pytest.raises(PolicyError) as error:
        under(law)
    assert f"statutes.yaml:{line}: " in str(error.value)
    assert says in str(error.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("countries: [GB]", None),
        ("countries: [XX]", "there is no country of calendars.yaml `XX`"),
        ("kinds: [holiday]", "there is no journey kind `holiday`"),
        ("expect: served", "no expectation of kind return expects `served`"),
        ("within: 3 moons", "`3 moons` is no length of time"),
    ],
)
def test_a_latest_day_that_nothing_is_due_by_is_refused(text: str, says: str | None) -> None:
    parts = {"law": "a law", "countries": "[GB]", "kinds": "[return]", "expect": "refunded", "within": "14 days"}
    key, _, value = text.partition(": ")
    lines = "\n".join(f"    {name}: {value if name == key else old}" for name, old in parts.items())
    law = f"latest:\n  refund:\n{lines}\n"
    if says is None:
        (rule,) = (each for each in under(law).kinds["return"].expectations if each.expect == "refunded")
        assert rule.by_law["GB"].length == 14 * DAY
        return
    with pytest.raises(PolicyError, match=r"statutes\.yaml:") as error:
        under(law)
    assert says in str(error.value)


def test_a_policy_without_the_file_knows_no_law() -> None:
    files = {name: content for name, content in default_files().items() if name != "statutes.yaml"}
    assert compile_policy(files).statutes.floors == ()

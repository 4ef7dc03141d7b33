"""What a statute's lines may ask: how far, on what route, since which day; a sum for each day and for each time."""

from decimal import Decimal
from typing import Any

import pytest

from app.clock import Instant, from_iso
from app.decide import Policy, RemedyInputs, RemedyPlan, compile_policy, remedy_of
from app.decide.amounts import recomputed
from app.decide.floors import Delay
from app.errors import PolicyError
from app.facts import Money, Party
from app.outputs import Gesture
from tests.support.policies import default_files

FLIGHTS = """
floors:
  flights:
    law: Regulation (EC) No 261/2004, article 7
    brands: [cars]
    problems: [late_service]
    not_for: [nobody]
    refund_counts: false
    currency: EUR
    words: {route: [community, beyond]}
    delay:
      - {from: 3 hours, gives: 250.00}
      - {from: 3 hours, over: {distance_km: 1500}, gives: 400.00}
      - {from: 3 hours, over: {distance_km: 3500}, where: {route: beyond}, gives: 300.00}
      - {from: 4 hours, over: {distance_km: 3500}, where: {route: beyond}, gives: 600.00}
"""
DAILY = """
floors:
  daily:
    law: a code of practice
    brands: [audio]
    problems: [late_service]
    refund_counts: false
    per_day:
      - {since: 2025-04-01, gives: 9.98}
      - {since: 2026-04-01, gives: 10.34}
"""
EACH = """
floors:
  each:
    law: a code of practice
    brands: [audio]
    problems: [service_unavailable]
    refund_counts: false
    per_time:
      - {gives: 31.19}
"""


def under(law: str) -> Policy:
    return compile_policy(default_files() | {"statutes.yaml": law.encode()})


def delay(since: str, until: str | None, fault: Party = Party.MERCHANT, problem: str = "late_service") -> Delay:
    return Delay(problem, fault, from_iso(since), None if until is None else from_iso(until))


def hours(number: float, fault: Party = Party.MERCHANT) -> Delay:
    since = from_iso("2026-03-02T12:00Z")
    return Delay("late_service", fault, since, Instant(since + round(number * 3_600_000)))


def remedy(law: str, brand: str, *delays: Delay, **changes: Any) -> RemedyPlan:
    inputs: dict[str, Any] = {
        "problem": delays[0].problem,
        "extent": "slight",
        "stake": "unknown",
        "fault": Party.MERCHANT,
        "brand": brand,
        "first_time": False,
        "lost": None,
        "price": None,
        "given": (),
        "now": from_iso("2026-06-02T12:00Z"),
        "delays": delays,
    }
    return remedy_of(under(law), RemedyInputs(**{**inputs, **changes})).answer


def compensation(plan: RemedyPlan) -> Gesture | None:
    return next((each for each in plan.gestures if each.kind == "compensation"), None)


def paid(plan: RemedyPlan) -> str | None:
    gesture = compensation(plan)
    return None if gesture is None or gesture.amount is None else f"{gesture.amount.amount} {gesture.amount.currency}"


@pytest.mark.parametrize(
    ("late", "distance", "route", "gives"),
    [
        (2.9999, "9000", "beyond", None),
        (3, "1500", "beyond", "250.00 EUR"),
        (9, "1500", "community", "250.00 EUR"),
        (3, "1500.1", "beyond", "400.00 EUR"),
        (9, "3500", "beyond", "400.00 EUR"),
        (3, "3501", "beyond", "300.00 EUR"),
        (3.9999, "3501", "beyond", "300.00 EUR"),
        (4, "3501", "beyond", "600.00 EUR"),
        (4, "3501", "community", "400.00 EUR"),
    ],
)
def test_the_line_that_holds_goes_by_how_late_how_far_and_on_what_route(
    late: float, distance: str, route: str, gives: str | None
) -> None:
    stated = (("distance_km", distance), ("route", route))
    assert paid(remedy(FLIGHTS, "cars", hours(late), attributes=stated)) == gives


def test_it_is_owed_in_the_laws_currency_and_counts_what_was_paid_in_it() -> None:
    by_hand = Gesture("compensation", Money(Decimal("100.00"), "EUR"), Money(Decimal("100.00"), "EUR"), "")
    plan = remedy(FLIGHTS, "cars", hours(3), attributes=(("distance_km", "900"),), given=(by_hand,))
    assert paid(plan) == "150.00 EUR"


@pytest.mark.parametrize(
    ("late", "stated", "words"),
    [
        (4, {}, "250.00 EUR or 400.00 EUR or 600.00 EUR, by distance_km and route"),
        (3, {"route": "community"}, "250.00 EUR or 400.00 EUR, by distance_km"),
        (4, {"distance_km": "far"}, "250.00 EUR or 400.00 EUR or 600.00 EUR, by distance_km and route"),
        (4, {"distance_km": "-5", "route": "community"}, "250.00 EUR or 400.00 EUR, by distance_km"),
        (4, {"distance_km": "NaN", "route": "community"}, "250.00 EUR or 400.00 EUR, by distance_km"),
        (4, {"distance_km": "3501"}, "400.00 EUR or 600.00 EUR, by route"),
        (4, {"distance_km": "3501", "route": "intercontinental"}, "400.00 EUR or 600.00 EUR, by route"),
        (4, {"distance_km": "3501", "route": "Community"}, "400.00 EUR or 600.00 EUR, by route"),
    ],
)
def test_what_was_not_stated_is_never_taken_for_the_least_it_could_be(
    late: float, stated: dict[str, str], words: str
) -> None:
    gesture = compensation(remedy(FLIGHTS, "cars", hours(late), attributes=tuple(stated.items())))
    assert gesture is not None
    assert (gesture.amount, gesture.terms["of"]) == (None, words)


def test_what_does_not_matter_need_not_be_stated() -> None:
    assert paid(remedy(FLIGHTS, "cars", hours(4), attributes=(("distance_km", "1501"),))) == "400.00 EUR"


def test_what_nobody_could_help_is_nobodys_debt() -> None:
    assert compensation(remedy(FLIGHTS, "cars", hours(9, Party.NOBODY))) is None


@pytest.mark.parametrize(
    ("due", "made_good", "gives"),
    [
        ("2026-03-04T12:00Z", "2026-03-04T23:59:59.999Z", None),
        ("2026-03-04T12:00Z", "2026-03-05T00:00Z", "9.98 GBP"),
        ("2026-03-04T00:00Z", "2026-03-05T23:59Z", "19.96 GBP"),
        ("2026-03-04T23:59Z", "2026-03-06T08:00Z", "19.96 GBP"),
        ("2026-03-28T12:00Z", "2026-03-30T08:00Z", "19.96 GBP"),
        ("2026-03-29T12:00Z", "2026-03-29T23:00Z", "9.98 GBP"),
        ("2026-03-31T12:00Z", "2026-04-02T12:00Z", "19.96 GBP"),
        ("2026-04-01T12:00Z", "2026-04-03T12:00Z", "20.68 GBP"),
        ("2025-03-31T12:00Z", "2025-04-03T12:00Z", None),
        ("2026-03-31T22:59Z", "2026-04-02T12:00Z", "19.96 GBP"),
        ("2026-03-31T23:00Z", "2026-04-02T12:00Z", "19.96 GBP"),
        ("2026-03-31T23:00:00.001Z", "2026-04-02T12:00Z", "10.34 GBP"),
    ],
)
def test_each_day_that_ended_without_it_counts_at_the_rate_of_the_day_it_was_due(
    due: str, made_good: str, gives: str | None
) -> None:
    """Days are the brand's own, over the night in which clocks change as well (29 March 2026 in London)."""
    plan = remedy(DAILY, "audio", delay(due, made_good))
    assert paid(plan) == gives
    assert all(str(recomputed(line)) == line.result for line in plan.receipt.arithmetic)


def test_the_longest_of_a_troubles_delays_counts_once() -> None:
    two = (delay("2026-03-04T12:00Z", "2026-03-06T12:00Z"), delay("2026-03-04T12:00Z", "2026-03-05T12:00Z"))
    assert paid(remedy(DAILY, "audio", *two)) == "19.96 GBP"


def test_what_happens_at_midnight_happens_on_the_day_that_begins_there() -> None:
    law = EACH.replace("gives: 31.19", "since: 2026-04-01, gives: 31.19")
    at_midnight = from_iso("2026-03-31T23:00Z")
    begun = Delay("service_unavailable", Party.MERCHANT, at_midnight, due=False)
    assert paid(remedy(law, "audio", begun)) == "31.19 GBP"
    assert paid(remedy(law, "audio", Delay("service_unavailable", Party.MERCHANT, at_midnight))) is None


def test_what_the_law_gave_for_another_trouble_pays_nothing_of_this_one() -> None:
    other = Gesture("compensation", Money(Decimal("31.19"), "GBP"), Money(Decimal("31.19"), "GBP"), "marketing")
    late = delay("2026-03-04T12:00Z", "2026-03-06T12:00Z")
    assert paid(remedy(DAILY, "audio", late, given=(other,), owed_elsewhere=(other,))) == "19.96 GBP"
    assert paid(remedy(DAILY, "audio", late, given=(other,))) is None


@pytest.mark.parametrize("times", [1, 3])
def test_each_time_it_happened_counts_when_it_is_not_solved_too(times: int) -> None:
    happened = [delay("2026-03-04T12:00Z", None, problem="service_unavailable") for _ in range(times)]
    assert paid(remedy(EACH, "audio", *happened)) == f"{times * Decimal('31.19')} GBP"


def test_what_is_not_solved_has_no_length_yet() -> None:
    assert compensation(remedy(DAILY, "audio", delay("2026-03-04T12:00Z", None))) is None


@pytest.mark.parametrize(
    ("law", "change", "says"),
    [
        (FLIGHTS, ("{distance_km: 3500}, where: {route: beyond}, gives: 600", "{distance_km: 900}, gives: 600"), None),
        (FLIGHTS, ("4 hours, over: {distance_km: 3500}", "3 hours, over: {distance_km: 3500}"), "could never hold"),
        (
            FLIGHTS,
            ("{distance_km: 3500}, where: {route: beyond}, gives: 300", "{distance_km: 900}, gives: 300"),
            "never",
        ),
        (FLIGHTS, ("gives: 600.00", "gives: 200.00"), "a longer delay gives less than a shorter one"),
        (FLIGHTS, ("distance_km: 1500", "distance_km: far"), "distance_km: `far` is no amount"),
        (FLIGHTS, ("{route: beyond}, gives: 300", "route, gives: 300"), "where must be a mapping"),
        (FLIGHTS, ("    words: {route: [community, beyond]}\n", ""), "must say which words there are for route"),
        (FLIGHTS, ("{route: beyond}, gives: 300", "{route: beyon}, gives: 300"), "there is no word for route `beyon`"),
        (FLIGHTS, ("currency: EUR", "currency: euro"), "`euro` is no ISO 4217 code"),
        (FLIGHTS, ("{from: 3 hours, gives: 250.00}", "{gives: 250.00}"), "a delay has either `from`"),
        (FLIGHTS, ("delay:", "per_week:"), "statute flights knows no `per_week`"),
        (FLIGHTS, ("    delay:", "    per_time: []\n    delay:"), "says one of `delay`, `per_day`, `per_time`"),
        (DAILY, ("since: 2026-04-01", "since: 2025-04-01"), "could never hold"),
        (DAILY, ("since: 2026-04-01", "since: 2026-04-31"), "since: there is no day `2026-04-31`"),
        (DAILY, ("since: 2026-04-01", "since: 1 April"), "since: `1 April` is no day"),
        (DAILY, ("gives: 9.98", "gives: 10%"), "a day is worth an amount"),
        (DAILY, ("{since: 2025-04-01, gives", "{from: 1 day, gives"), "a line knows no `from`"),
        (DAILY, ("[late_service]", "[service_unavailable]"), "has `remedy_on: opened`"),
        (EACH, ("[service_unavailable]", "[given_up]"), "has `remedy_on: never`"),
        (EACH, ("    per_time:\n      - {gives: 31.19}\n", ""), "says one of"),
    ],
)
def test_what_could_never_hold_or_is_no_statute_is_refused(law: str, change: tuple[str, str], says: str | None) -> None:
    changed = law.replace(*change)
    assert changed != law
    if says is None:
        assert under(changed).statutes.floors
        return
    with pytest.raises(PolicyError, match=r"statutes\.yaml:\d+: ") as error:
        under(changed)
    assert says in str(error.value)

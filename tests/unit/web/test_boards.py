"""The boards' numbers, counted again by hand from the shop's own records."""

import asyncio
from decimal import Decimal
from typing import Final

import pytest

from app.clock import DAY, Instant, from_iso
from app.decide.policy import Policy
from app.facts import Money
from app.ids import CustomerId, JourneyId, OutputId, PolicyVersion, ProblemId
from app.outputs import Cause, ComebackStanding, Decision, JourneyStanding, ProblemStanding, PromiseStanding, Standing
from app.web.boards.board import Board, build
from app.web.boards.describing import described
from app.web.site import Site
from app.web.words import words_for
from tests.support.told_site import empty_site, tell, told_site

NOW: Final = from_iso("2026-11-18T14:20:00Z")
PLACED: Final = Instant(NOW - 20 * DAY)


def board_of(site: Site) -> Board:
    return asyncio.run(build(site))


def decided(name: str, **standing: object) -> Decision:
    cause = Cause("deadline", "expectation", name, None, NOW)
    what = Standing(**standing)  # type: ignore[arg-type]
    policy = PolicyVersion("p")
    return Decision(OutputId(name), NOW, CustomerId(name), None, None, cause, policy, (), (), (), what)


def order(name: str, status: str, began: int = PLACED, **reached: int) -> JourneyStanding:
    steps = {word: Instant(at) for word, at in reached.items()}
    return JourneyStanding(JourneyId(f"order:{name}"), "order", "house", status, Instant(began), steps, ("ups",), "GB")


def problem(name: str, opened: int, status: str = "open") -> ProblemStanding:
    return ProblemStanding(
        ProblemId(f"p-{name}"), "stalled", status, 2, "carrier", Instant(opened), journey=JourneyId(f"order:{name}")
    )


def test_a_journey_stands_at_its_furthest_milestone_and_a_contact_is_none() -> None:
    site = empty_site(NOW)
    stood = order("a", "open", placed=PLACED, dispatched=NOW - DAY, contacted_merchant=NOW)
    tell(site, [decided("a", journeys=(stood,), problems=(problem("a", NOW - DAY),))])
    board = board_of(site)
    assert board.lists["here:order:dispatched"] == ("a",)
    assert board.lists["late:order:dispatched"] == ("a",)
    assert "here:order:contacted_merchant" not in board.lists


def test_an_order_that_ended_without_its_goods_is_counted_after_the_last_step_before() -> None:
    site = empty_site(NOW)
    tell(
        site, [decided("a", journeys=(order("a", "cancelled", placed=PLACED, confirmed=PLACED, cancelled=NOW - DAY),))]
    )
    tell(site, [decided("b", journeys=(order("b", "delivered", placed=PLACED, delivered=NOW - DAY),))])
    board = board_of(site)
    assert board.lists["lost_after:order:confirmed"] == ("a",)
    assert "under_way:order" not in board.lists
    assert not [key for key in board.lists if key.startswith("lost_after") and "b" in board.lists[key]]


def test_each_number_stands_beside_what_it_was_a_week_ago() -> None:
    site, then = empty_site(NOW), NOW - 7 * DAY
    tell(
        site,
        [
            decided("moved", journeys=(order("moved", "open", placed=PLACED, dispatched=then + 1),)),
            decided("new", journeys=(order("new", "open", began=then + 1, placed=then + 1),)),
            decided("came", journeys=(order("came", "delivered", placed=PLACED, delivered=then + 1),)),
            decided("left", journeys=(order("left", "cancelled", placed=PLACED, cancelled=then + 1),)),
            decided("long", journeys=(order("long", "cancelled", placed=PLACED, cancelled=then),)),
            decided("done", journeys=(order("done", "delivered", placed=PLACED, delivered=then),)),
        ],
    )
    lists = board_of(site).lists
    assert set(lists["here_then:order:placed"]) == {"moved", "came", "left"}
    assert lists["lost_then:order:placed"] == ("long",)
    assert lists["lost_after:order:placed"] == ("left", "long")
    assert [key for key in lists if "_then" in key] == ["here_then:order:placed", "lost_then:order:placed"]


@pytest.mark.parametrize(
    ("opened", "resolved", "was_late"),
    [(0, None, True), (0, 1, True), (0, 0, False), (1, None, False), (-DAY, -1, False)],
)
def test_a_week_ago_counts_problems_that_were_open_then(opened: int, resolved: int | None, was_late: bool) -> None:
    site, then = empty_site(NOW), NOW - 7 * DAY
    status = "open" if resolved is None else "recovered"
    at = None if resolved is None else Instant(then + resolved)
    stood = ProblemStanding(
        ProblemId("p"), "stalled", status, 2, "carrier", Instant(then + opened), 0, at, JourneyId("order:a")
    )
    tell(site, [decided("a", journeys=(order("a", "open", placed=PLACED),), problems=(stood,))])
    assert ("late_then:order:placed" in board_of(site).lists) is was_late


@pytest.mark.parametrize(
    ("ago", "key"), [(0, "reached"), (7 * DAY - 1, "reached"), (7 * DAY, "reached_before"), (14 * DAY, None)]
)
def test_this_week_and_the_week_before_do_not_overlap(ago: int, key: str | None) -> None:
    site = empty_site(NOW)
    tell(site, [decided("a", journeys=(order("a", "open", placed=NOW - ago),))])
    found = [name for name in board_of(site).lists if name.startswith("reached")]
    assert found == ([] if key is None else [f"{key}:order:placed"])


@pytest.mark.parametrize(
    ("age", "word"),
    [(DAY - 1, "under_1_day"), (DAY, "under_3_days"), (3 * DAY, "under_7_days"), (7 * DAY, "over_7_days")],
)
def test_open_problems_are_sorted_by_age_carrier_lane_and_blame(age: int, word: str) -> None:
    site = empty_site(NOW)
    tell(site, [decided("a", journeys=(order("a", "open", placed=PLACED),), problems=(problem("a", NOW - age),))])
    lists = board_of(site).lists
    assert lists[f"open_aged:stalled:{word}"] == ("a",)
    assert lists["open_lane:ups → GB"] == lists["open_carrier:ups"] == lists["open_fault:carrier"] == ("a",)


def test_promises_count_on_the_day_of_the_first_date_given() -> None:
    site = empty_site(NOW)
    promises = tuple(
        PromiseStanding(f"p{number}", "delivered", outcome, Instant(NOW - ago), Instant(NOW))
        for number, (outcome, ago) in enumerate(
            [("kept", DAY), ("broken", DAY), ("broken", 2 * DAY), ("open", 0), ("ended", DAY), ("broken", 40 * DAY)]
        )
    )
    tell(site, [decided("a", promises=promises)])
    board = board_of(site)
    assert [(day.kept, day.broken) for day in board.days[-3:]] == [(0, 1), (1, 1), (0, 0)]
    assert sum(day.kept + day.broken for day in board.days) == 3


def comeback(outcome: str, *, recovered: bool, worth: Money | None = None) -> ComebackStanding:
    bought = (Money(Decimal("60.00"), "GBP"),)
    return ComebackStanding(outcome, ProblemId("p-a"), "stalled", 2, NOW, recovered, NOW, worth, bought)


@pytest.mark.parametrize(
    ("outcome", "recovered", "keys"),
    [
        ("awaited", False, ["at_stake", "at_stake_not_made_good"]),
        ("lost", False, ["lost", "lost_not_made_good"]),
        ("lost", True, ["lost", "lost_made_good"]),
        ("came_back", True, ["won_back", "won_back_made_good"]),
        ("withdrawn", False, []),
    ],
)
def test_who_was_made_good_is_compared_with_who_was_not(outcome: str, recovered: bool, keys: list[str]) -> None:
    site = empty_site(NOW)
    tell(site, [decided("a", comeback=comeback(outcome, recovered=recovered))])
    found = [key for key in board_of(site).lists if key.startswith(("lost", "won_back", "at_stake"))]
    assert sorted(found) == keys


def test_the_lost_are_counted_with_what_they_were_worth_or_had_bought() -> None:
    site = empty_site(NOW)
    tell(site, [decided("a", comeback=comeback("lost", recovered=True, worth=Money(Decimal("2400.00"), "USD")))])
    tell(site, [decided("b", comeback=comeback("lost", recovered=False))])
    assert board_of(site).lost_worth == {"USD": "2400.00", "GBP": "60.00"}


def test_every_number_can_be_said_in_words() -> None:
    site = told_site(NOW)
    words = words_for("en")
    policy: Policy = site.policy
    for key in board_of(site).lists:
        assert "{" not in described(key, words, policy)


def test_what_was_given_in_the_stories_is_on_the_board_to_the_penny() -> None:
    site = told_site(NOW)
    spent = {
        f"{gesture.cost_centre} {gesture.cost.currency}": gesture.cost.amount * 0
        for customer in site.model.books.customers.values()
        for remedy in customer.remedies.values()
        for gesture in remedy.gestures
        if remedy.at >= NOW - 30 * DAY
    }
    for customer in site.model.books.customers.values():
        for remedy in customer.remedies.values():
            for gesture in remedy.gestures if remedy.at >= NOW - 30 * DAY else ():
                spent[f"{gesture.cost_centre} {gesture.cost.currency}"] += gesture.cost.amount
    assert {cost.name: cost.spent for cost in board_of(site).costs} == spent
    assert spent

"""Counting what is open by looking at a few states at a time."""

from collections.abc import Iterator

import pytest

import app.shell.census as census_module
from app.clock import Instant
from app.facts import Party
from app.ids import CustomerId, JourneyId, ProblemId
from app.journey.course import Journey
from app.journey.state import POLICY_KEY, CustomerState
from app.journey.stored import encode_state
from app.journey.trouble import Hold, Problem
from app.outputs import Scope
from app.shell.census import Census, Open, open_in

THEN = Instant(1_783_000_000_000)


def _customer() -> CustomerState:
    def problem(name: str, **more: Instant) -> Problem:
        return Problem(ProblemId(name), name, name, Party.CARRIER, THEN, THEN, **more)  # type: ignore[arg-type]

    journeys = [Journey(JourneyId("order:1"), "order", began_at=THEN), Journey(JourneyId("order:2"))]
    problems = [problem("late"), problem("lost", resolved_at=THEN), problem("stalled", withdrawn_at=THEN)]
    scope = Scope(("promotion",))
    return CustomerState(
        CustomerId("ann"),
        journeys={journey.id: journey for journey in journeys},
        problems={problem.id: problem for problem in problems},
        holds=(Hold("late", scope, "late", THEN), Hold("lost", scope, "lost", THEN, until=THEN)),
    )


def test_of_a_customer_only_what_is_open_counts() -> None:
    found = list(open_in(b"ann", encode_state(_customer(), None)))
    assert found == [("journey", "order"), ("problem", "late"), ("hold", "late")]


def test_the_policy_beside_the_customers_is_passed_over() -> None:
    assert list(open_in(POLICY_KEY, b"not a customer")) == []


def _one(key: bytes, value: bytes) -> Iterator[Open]:
    del key
    yield ("problem", value.decode())


def test_a_small_table_is_counted_in_one_look() -> None:
    census = Census(_one)
    assert census.look(0, {b"a": b"late", b"b": b"late"})
    assert census.look(1, {b"c": b"lost"})
    assert census.counts() == {("problem", "late"): 2, ("problem", "lost"): 1}


def test_a_large_table_is_counted_over_many_looks_and_the_old_count_stands_until_then() -> None:
    census = Census(_one, budget_seconds=0.0)
    table = {str(number).encode(): b"late" for number in range(100)}
    looks = 1
    while not census.look(0, table):
        looks += 1
        assert census.counts() == {}
    assert looks == 4
    assert census.counts() == {("problem", "late"): 100}


def test_partitions_share_the_time_that_looking_may_take(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]

    def takes_a_millisecond(key: bytes, value: bytes) -> Iterator[Open]:
        now[0] += 0.001
        return _one(key, value)

    monkeypatch.setattr(census_module, "perf_counter", lambda: now[0])
    monkeypatch.setattr(census_module, "_KEYS_A_LOOK_AT_THE_CLOCK", 1)
    census = Census(takes_a_millisecond, budget_seconds=0.012)
    table = {str(number).encode(): b"late" for number in range(1_000)}
    for partition in range(4):
        census.look(partition, table)
    before = now[0]
    for partition in range(4):
        census.look(partition, table)
    assert now[0] - before == pytest.approx(0.012)


def test_keys_that_go_during_a_sweep_are_left_out_and_the_next_sweep_begins_anew() -> None:
    census = Census(_one, budget_seconds=0.0)
    table = {str(number).encode(): b"late" for number in range(40)}
    assert not census.look(0, table)
    for number in range(32, 40):
        del table[str(number).encode()]
    table[b"new"] = b"late"
    assert census.look(0, table)
    assert census.counts() == {("problem", "late"): 32}
    while not census.look(0, table):
        pass
    assert census.counts() == {("problem", "late"): 33}


def test_a_partition_that_was_given_up_counts_no_more() -> None:
    census = Census(_one)
    census.look(0, {b"a": b"late"})
    assert census.look(0, {})
    assert census.counts() == {}
    assert not census.look(0, {})

"""Staying within a tool's limits, wherever its windows begin."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from app.sinks.pace import Pace, Rate
from tests.support.marketing_tools import VirtualTime


def taken(rates: list[Rate], requests: int) -> list[float]:
    """Return when so many requests were let through."""
    clock = VirtualTime()
    pace = Pace(clock.time, *rates)
    times = []

    async def take() -> None:
        for _ in range(requests):
            await pace.take()
            times.append(clock.now)

    asyncio.run(take())
    return times


def test_what_fits_goes_at_once_and_the_rest_when_the_window_has_passed() -> None:
    assert taken([Rate(3, 1.0)], 7) == [0, 0, 0, 1, 1, 1, 2]


def test_the_tighter_of_two_limits_holds() -> None:
    times = taken([Rate(75, 1.0), Rate(700, 60.0)], 1_401)
    assert times[74] == 0
    assert times[75] == 1
    assert times[700] == 60
    assert times[1_400] == 120


rates = st.builds(Rate, st.integers(1, 9), st.sampled_from([0.5, 1.0, 3.0, 60.0]))


@given(st.lists(rates, min_size=1, max_size=3), st.integers(1, 60))
def test_no_stretch_of_time_ever_holds_more_than_its_limit(limits: list[Rate], requests: int) -> None:
    times = taken(limits, requests)
    for rate in limits:
        for first, time in enumerate(times):
            assert sum(1 for other in times[first:] if other < time + rate.seconds) <= rate.most

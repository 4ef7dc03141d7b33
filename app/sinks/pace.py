"""Staying within a tool's rate limits: at most so many requests in any stretch of so many seconds.

A bucket that refills while it is drained can put nearly twice its limit into one of the tool's windows; counting in a
sliding window cannot, wherever the tool's own windows begin.
"""

from collections import deque
from collections.abc import Awaitable, Callable
from typing import NamedTuple

Monotonic = Callable[[], float]
Sleep = Callable[[float], Awaitable[None]]


class Time(NamedTuple):
    """The clock and the pause, given from outside. `wall` is seconds since 1970."""

    monotonic: Monotonic
    wall: Callable[[], float]
    sleep: Sleep


class Rate(NamedTuple):
    """`most` requests in any `seconds`."""

    most: int
    seconds: float


class Pace:
    """Lets requests through no faster than all of its rates allow; for one task."""

    def __init__(self, time: Time, *rates: Rate) -> None:
        self._time = time
        self._taken: list[tuple[Rate, deque[float]]] = [(rate, deque(maxlen=rate.most)) for rate in rates]

    async def take(self) -> None:
        """Return when one more request may go."""
        while (pause := self._pause()) > 0:
            await self._time.sleep(pause)
        now = self._time.monotonic()
        for _, taken in self._taken:
            taken.append(now)

    def _pause(self) -> float:
        now = self._time.monotonic()
        return max(
            (taken[0] + rate.seconds - now for rate, taken in self._taken if len(taken) == rate.most),
            default=0.0,
        )

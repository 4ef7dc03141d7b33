"""When a hop works, where its time is read, and when nobody is told anything: as a policy states it."""

from datetime import time
from typing import Final

from msgspec import Struct

OTHERWISE: Final = "otherwise"
"""The country entry for every country that is not listed."""


class Calendar(Struct, frozen=True):
    """When a hop works: weekdays (0 is Monday), opening hours (None: the whole day), and a cut-off.

    What starts at or after the cut-off counts from the next business day's opening.
    """

    name: str
    weekdays: frozenset[int]
    open: time | None = None
    close: time | None = None
    cut_off: time | None = None


class Country(Struct, frozen=True):
    """Where business time is read, and whose public holidays hold (None: none)."""

    time_zone: str
    holidays: str | None = None


class QuietHours(Struct, frozen=True):
    """Local hours in which a customer is not told anything, from `start` until before `end`; they may pass midnight."""

    start: time
    end: time

    def holds(self, wall: time) -> bool:
        """Say whether this local time is quiet."""
        if self.start <= self.end:
            return self.start <= wall < self.end
        return wall >= self.start or wall < self.end

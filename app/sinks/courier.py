"""Delivering a batch through one tool: written, tried again until it is taken, read back, and what failed is told."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Final, NamedTuple, Protocol, TypeVar

from app.settings import SinkSettings
from app.sinks.pace import Time
from app.sinks.talking import Refused, TryLater
from app.sinks.wanted import Wanted, newest

_FIRST_PAUSE: Final = 1.0
Got = TypeVar("Got")


class Vendor(Protocol):
    """One marketing tool. It only ever writes and removes what is our own in it."""

    name: str
    most: int
    """People in one write."""
    reads: bool
    """Whether it can be asked what it knows."""

    async def write(self, batch: Sequence[Wanted]) -> Mapping[str, str]:
        """Write at most `most` people; return why, by person, for those it will never take. TryLater, Refused."""
        ...

    async def read(self, persons: Sequence[str]) -> Mapping[str, bool]:
        """Return whether these people are held there now; those it does not know are left out. TryLater, Refused."""
        ...


class Told(NamedTuple):
    """Something operations should hear. `what`: retrying, refused, unconfirmed, unknown_person; never a person."""

    vendor: str
    what: str
    why: str
    suppression: str = ""


class Delivered(NamedTuple):
    """What became of a batch, in people."""

    written: int = 0
    refused: int = 0
    unconfirmed: int = 0
    unknown: int = 0


class Courier:
    """Delivers for one tool. A tool that is down makes `deliver` wait, so nothing more is read for it meanwhile."""

    def __init__(self, vendor: Vendor, settings: SinkSettings, time: Time, tell: Callable[[Told], None]) -> None:
        self._vendor = vendor
        self._settings = settings
        self._time = time
        self._tell = tell

    async def deliver(self, batch: Sequence[Wanted]) -> Delivered:
        """Bring a batch to the tool; returns once each person is written (and read back), or told as refused."""
        last = newest(batch)
        refused: set[str] = set()
        for start in range(0, len(last), self._vendor.most):
            refused |= await self._written(last[start : start + self._vendor.most])
        taken = [each for each in last if each.person not in refused]
        unknown, unconfirmed = 0, 0
        if self._settings.confirm and self._vendor.reads and taken:
            unknown, unconfirmed = await self._confirmed(taken)
        return Delivered(len(taken), len(refused), unconfirmed, unknown)

    async def _written(self, batch: Sequence[Wanted]) -> set[str]:
        """Write until taken; return the people refused. A refused request is halved until the one is found."""
        try:
            reasons = await self._patiently(partial(self._vendor.write, batch))
        except Refused as error:
            if len(batch) > 1:
                middle = len(batch) // 2
                return await self._written(batch[:middle]) | await self._written(batch[middle:])
            reasons = {batch[0].person: str(error)}
        for each in batch:
            if each.person in reasons:
                self._tell(Told(self._vendor.name, "refused", reasons[each.person], each.suppression))
        return set(reasons)

    async def _confirmed(self, batch: Sequence[Wanted]) -> tuple[int, int]:
        """Read back until the tool says what was written; return how many it does not know, and how many it denies."""
        pause, waiting, unknown = self._settings.confirm_after_s, list(batch), 0
        for attempt in range(self._settings.confirm_tries):
            await self._time.sleep(pause * 2**attempt)
            try:
                known = await self._known([each.person for each in waiting])
            except Refused as error:
                self._tell_all(waiting, "unconfirmed", f"reading back is refused: {error}")
                return unknown, len(waiting)
            missing = [each for each in waiting if each.person not in known]
            waiting = [each for each in waiting if each.person in known and known[each.person] != each.held]
            unknown += len(missing)
            self._tell_all(missing, "unknown_person", "the tool has nobody of this id, so it has nobody to send to")
            if not waiting:
                return unknown, 0
            for start in range(0, len(waiting), self._vendor.most):
                await self._written(waiting[start : start + self._vendor.most])
        self._tell_all(waiting, "unconfirmed", f"read back {self._settings.confirm_tries} times and never as written")
        return unknown, len(waiting)

    async def _known(self, persons: Sequence[str]) -> Mapping[str, bool]:
        known: dict[str, bool] = {}
        for start in range(0, len(persons), self._vendor.most):
            part = persons[start : start + self._vendor.most]
            known |= await self._patiently(partial(self._vendor.read, part))
        return known

    def _tell_all(self, people: Sequence[Wanted], what: str, why: str) -> None:
        for each in people:
            self._tell(Told(self._vendor.name, what, why, each.suppression))

    async def _patiently(self, ask: Callable[[], Awaitable[Got]]) -> Got:
        """Ask until there is an answer. Our own pauses double up to the longest; the tool's word comes first.

        A word of 0 is not taken: a tool that repeats it would be asked without end.
        """
        pause = _FIRST_PAUSE
        while True:
            try:
                return await ask()
            except TryLater as error:
                wait = pause if error.after is None else max(error.after, _FIRST_PAUSE)
                self._tell(Told(self._vendor.name, "retrying", f"{error}; again in {wait:g} s"))
                await self._time.sleep(wait)
                if error.after is None:
                    pause = min(pause * 2, self._settings.longest_pause_s)

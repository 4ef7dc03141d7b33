"""How fast a contender commits: looked at from outside, the same way for all."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

from app.errors import SetupError
from benchmarks.machine import Usage, spent
from benchmarks.place import Contender

_LOOK_SECONDS: Final = 0.05
_FIRST_SECONDS: Final = 60.0


class Look(NamedTuple):
    """How much was committed at a moment, and the processor time used up to it."""

    moment: float
    committed: int
    usage: Usage
    own: float


class Pace(NamedTuple):
    """What lay between the first and the last commit seen in the time measured."""

    events: int
    seconds: float
    worker_micros: float
    broker_micros: float
    other_cores: float

    @property
    def events_per_second(self) -> float:
        """Events committed a second."""
        return self.events / self.seconds


async def paced(
    committed: Callable[[], Awaitable[int]],
    contender: Contender,
    broker: int,
    *,
    everything: int,
    warm_seconds: float,
    seconds: float,
) -> Pace:
    """Watch a contender for `seconds`, beginning so long after its first commit; SetupError when it stops moving.

    The clock runs from commit to commit, so that one that commits rarely neither gains nor loses. The last commit of
    all is left out: one that commits by the clock may have waited for it with nothing to do. Of one that has taken in
    everything before it was warm, the later half of its commits counts.
    """
    looks: list[Look] = []
    began = time.monotonic()
    first = None
    while first is None or time.monotonic() < first + warm_seconds + seconds:
        contender.require_alive()
        seen = await committed()
        look = Look(time.monotonic(), seen, Usage.now(contender.pid, broker), time.process_time())
        if first is None and seen:
            first = look.moment
        if first is None and look.moment > began + _FIRST_SECONDS:
            raise SetupError(f"nothing was committed within {_FIRST_SECONDS:g} s; see {contender.log}")
        if seen and (not looks or seen > looks[-1].committed):
            looks.append(look)
        if seen >= everything:
            break
        await asyncio.sleep(_LOOK_SECONDS)
    assert first is not None
    unfinished = [look for look in looks if look.committed < everything]
    warm = [look for look in unfinished if look.moment >= first + warm_seconds]
    if len(warm) < 2:
        warm = unfinished[len(unfinished) // 2 :]
    if len(warm) < 2:
        raise SetupError(f"fewer than two commits in the time measured ({len(looks)} in all); see {contender.log}")
    return _between(warm[0], warm[-1])


def _between(first: Look, last: Look) -> Pace:
    used = spent(first.usage, last.usage, last.own - first.own)
    events = last.committed - first.committed
    worker, broker = used.processes
    return Pace(events, used.seconds, worker / events * 1e6, broker / events * 1e6, used.other_cores)

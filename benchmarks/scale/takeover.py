"""A worker that is killed, and how long the partitions stand still until the other one has taken over all of them."""

import asyncio
import time
from typing import Any, Final, NamedTuple

from app.broker import process
from app.broker.ports import free_port
from app.errors import SetupError
from app.settings import KafkaSettings
from benchmarks.delays import now
from benchmarks.machine import resident_mib
from benchmarks.place import MAKEGOOD, Contender, Place, running
from benchmarks.scale.filled import Readiness, filled, is_ready, metric, ready
from benchmarks.scale.population import MIX, patterns, population
from benchmarks.scale.recovery import KEYS_METRIC

_PATTERNS: Final = 500
_LOOK_SECONDS: Final = 0.02
_SETTLE_SECONDS: Final = 3.0
_PATIENCE: Final = 120.0


class Takeover(NamedTuple):
    """One worker of two killed: rows of all, seconds from the kill and from the rebalance to working everything again.

    `mib`: memory of the worker that stays, before and after; `joined`: how it came to be ready beside the first.
    """

    standby: bool
    rows: int
    since_kill: float
    standing: float
    mib: tuple[float, float]
    joined: Readiness

    def as_data(self) -> dict[str, Any]:
        """Return it for machines."""
        return {
            "standby": self.standby,
            "rows": self.rows,
            "seconds_since_kill": self.since_kill,
            "seconds_standing": self.standing,
            "mib_before": self.mib[0],
            "mib_after": self.mib[1],
            "seconds_until_joined": self.joined.seconds,
        }


async def takeovers(kafka: KafkaSettings, customers: int) -> list[Takeover]:
    """Kill one of two workers that have such a mix of customers between them: without copies, then with."""
    async with filled(kafka, population(patterns(now(), MIX, _PATTERNS), customers)) as (where, written):
        return [await _takeover(where, written.rows, standby=standby) for standby in (False, True)]


async def _takeover(where: Place, rows: int, *, standby: bool) -> Takeover:
    folders = [where.settings.state_dir / name for name in ("first", "second")]
    for folder in folders:
        folder.mkdir(exist_ok=True)
    with (
        running(where, *MAKEGOOD, standby=standby, state_dir=folders[0], web_port=free_port()) as first,
        running(where, *MAKEGOOD, standby=standby, state_dir=folders[1], web_port=free_port()) as second,
    ):
        joined = await ready(second)
        await ready(first)
        await asyncio.sleep(_SETTLE_SECONDS)
        before = resident_mib(second.pid)
        if not 0 < metric(second, KEYS_METRIC) < rows:
            raise SetupError(f"the second worker has {metric(second, KEYS_METRIC):,.0f} of {rows:,} rows: not a share")
        process.kill(first.pid)
        killed = time.monotonic()
        stood = await _until(second, killed, is_at_work=False)
        took = await _until(second, killed, is_at_work=True)
        await asyncio.sleep(_SETTLE_SECONDS)
        if metric(second, KEYS_METRIC) < rows:
            raise SetupError(f"ready with {metric(second, KEYS_METRIC):,.0f} keys of {rows:,}")
        return Takeover(standby, rows, took, took - stood, (before, resident_mib(second.pid)), joined)


async def _until(worker: Contender, since: float, *, is_at_work: bool) -> float:
    while (passed := time.monotonic() - since) < _PATIENCE:
        worker.require_alive()
        if await asyncio.to_thread(is_ready, worker) is is_at_work:
            return passed
        await asyncio.sleep(_LOOK_SECONDS)
    raise SetupError(f"nothing was taken over within {_PATIENCE:.0f} s; see {worker.log}")

"""A worker that begins with nothing: a million customers read back from the changelogs, and deadlines that go on."""

import asyncio
from typing import Any, Final, NamedTuple

from app.errors import SetupError
from app.settings import KafkaSettings
from benchmarks.delays import Pace, delays, drive, now, reading, summary, until_all
from benchmarks.machine import cpu_seconds, resident_mib
from benchmarks.place import place
from benchmarks.scale.filled import Filled, Readiness, filled, metric, ready, running_worker
from benchmarks.scale.population import MIX, OPEN, Kind, patterns, population

_PATTERNS: Final = 500
_RATE: Final = 500.0
_WARM: Final = 10.0
_SETTLE_SECONDS: Final = 2.0
DEADLINES_METRIC: Final = "makegood_open_deadline_keys"
KEYS_METRIC: Final = "makegood_table_keys"
_OURS: Final = 12
"""Rows of a worker's own in its tables, at most: the policy of each partition of journey and register."""


class Recovered(NamedTuple):
    """One cold start: what there was, how long it took, what memory it came to; `empty_mib`: with nothing to hold."""

    customers: int
    filled: Filled
    readiness: Readiness
    cpu_seconds: float
    mib: float
    empty_mib: float
    keys: float
    deadlines: float

    def as_data(self) -> dict[str, Any]:
        """Return it for machines."""
        return {
            "customers": self.customers,
            "rows": self.filled.rows,
            "bytes": self.filled.bytes,
            "seconds_to_ready": self.readiness.seconds,
            "seconds_restoring": self.readiness.restoring,
            "said_until_ready": list(self.readiness.said),
            "worker_cpu_seconds": self.cpu_seconds,
            "worker_mib": self.mib,
            "empty_worker_mib": self.empty_mib,
            "keys": self.keys,
            "open_deadlines": self.deadlines,
        }


class Timers(NamedTuple):
    """How late deadlines fired and holds came with that many open."""

    recovered: Recovered
    rate: float
    lateness: list[int]
    event_to_hold: list[int]

    def as_data(self) -> dict[str, Any]:
        """Return it for machines."""
        return {
            **self.recovered.as_data(),
            "rate": self.rate,
            "lateness_ms": summary(self.lateness),
            "event_to_hold_ms": summary(self.event_to_hold),
        }


async def recover(kafka: KafkaSettings, customers: int, mix: tuple[Kind, ...] = MIX) -> Recovered:
    """Read the mix back into a new worker."""
    recovered, _ = await _recover(kafka, customers, mix, 0)
    return recovered


async def timers(kafka: KafkaSettings, customers: int, seconds: float) -> Timers:
    """Let deadlines run out and failures be stated beside the open deadlines of so many customers."""
    recovered, found = await _recover(kafka, customers, (OPEN,), seconds)
    return Timers(recovered, _RATE, *found)


async def _recover(
    kafka: KafkaSettings, customers: int, mix: tuple[Kind, ...], seconds: float
) -> tuple[Recovered, tuple[list[int], list[int]]]:
    empty = await _empty(kafka)
    found: tuple[list[int], list[int]] = ([], [])
    async with filled(kafka, population(patterns(now(), mix, _PATTERNS), customers)) as (where, written):
        print(f"{written.rows:,} rows of {customers:,} customers written, {written.bytes / 2**20:,.0f} MiB")
        with running_worker(where) as contender:
            readiness = await ready(contender)
            used = cpu_seconds(contender.pid)
            await asyncio.sleep(_SETTLE_SECONDS)
            recovered = Recovered(
                customers,
                written,
                readiness,
                used,
                resident_mib(contender.pid),
                empty,
                metric(contender, KEYS_METRIC),
                metric(contender, DEADLINES_METRIC),
            )
            _require_all(recovered)
            print(f"ready after {readiness.seconds:.1f} s, {readiness.restoring:.1f} s of it reading back")
            if seconds:
                async with reading(where) as readable:
                    caused = await drive(where, Pace("beside", _RATE, _WARM, seconds))
                    await until_all(readable, {**caused.stated, **caused.timed}, contender)
                    found = (delays(caused.timed, readable), delays(caused.stated, readable))
    return recovered, found


def _require_all(recovered: Recovered) -> None:
    """Refuse a worker that says it is ready before it has read everything back."""
    if not recovered.filled.rows <= recovered.keys <= recovered.filled.rows + _OURS:
        raise SetupError(f"ready with {recovered.keys:,.0f} keys of {recovered.filled.rows:,}")


async def _empty(kafka: KafkaSettings) -> float:
    """Return the memory of a worker that has nothing to hold."""
    async with place(kafka) as where:
        with running_worker(where) as contender:
            await ready(contender)
            return resident_mib(contender.pid)

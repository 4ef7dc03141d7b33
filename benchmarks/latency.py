"""How long a hold takes at shares of the rate a worker can bear, and beside a crowd of deadlines."""

import asyncio
import time
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from app.broker import Broker
from app.clock import HOUR, SECOND, Instant
from app.errors import SetupError
from app.settings import KafkaSettings
from app.topics import Topic
from benchmarks.core import Core
from benchmarks.delays import (
    Caused,
    Pace,
    cells,
    delays,
    drive,
    is_known,
    load_of,
    now,
    reading,
    summary,
    until_all,
)
from benchmarks.load import make_load
from benchmarks.machine import Usage, resident_mib, spent
from benchmarks.place import Contender, Place, own_broker
from benchmarks.probes import Probe
from benchmarks.report import Result, Table
from benchmarks.scale.filled import filled, ready, running_worker
from benchmarks.scale.population import OPEN, Entry, Pattern, patterns, population

_SHARES: Final = (0.1, 0.5, 0.8)
_OPEN: Final = 100_000
_SATURATING: Final = 40_000
_SATURATING_SECONDS: Final = 10.0
_WARM: Final = 5.0
_BROKER_WARM: Final = 90.0
"""Seconds of small transactions before any is measured: meanwhile the broker's Java compiles their paths, which takes
half a core."""
_SECONDS: Final = 20.0
_CROWD: Final = 100_000
_CROWD_PATTERNS: Final = 100
_BEFORE_CROWD: Final = 20.0
"""Seconds of measuring before the crowd's second."""
_GATHER: Final = 45.0
"""Seconds from filling the changelogs to the crowd's second, at least: the worker must be ready and warm by then."""
_PER_ROW: Final = 1 / 40_000
"""Seconds that writing and reading back a row of the crowd may take."""
_CROWD_RATE: Final = 200.0
"""Deadlines a second that a worker fires at the very least: how long to wait for all of them."""


class Phase(NamedTuple):
    """One rate and what was seen at it."""

    name: str
    rate: float
    caused: Caused
    readable: dict[bytes, int]
    cores: tuple[float, ...]
    others: float
    memory: float


def measure(scale: float) -> Result:
    """Measure holds and deadlines; `scale` multiplies open deadlines, crowd and the seconds at each rate."""
    with own_broker() as (kafka, broker):
        rate, phases = asyncio.run(_steady(kafka, broker, scale))
        crowd = asyncio.run(_crowded(kafka, int(_CROWD * scale), rate * _SHARES[0]))
    return _result(int(_OPEN * scale), rate, phases, crowd)


async def _steady(kafka: KafkaSettings, broker: Broker, scale: float) -> tuple[float, list[Phase]]:
    """Hold the rate at each share of what the worker can bear."""
    made = patterns(now(), (OPEN,), 400)
    async with filled(kafka, population(made, int(_OPEN * scale))) as (where, _):
        with running_worker(where) as contender:
            await ready(contender)
            rate = await _saturated(where, contender, int(_SATURATING * max(scale, 0.2)))
            print(f"saturated: {rate:,.0f} events/s")
            await drive(where, Pace("warming", rate * _SHARES[0], _BROKER_WARM * min(1.0, scale), 0.0))
            phases = []
            for share in _SHARES:
                pace = Pace(f"at{share * 100:.0f}", rate * share, _WARM, _SECONDS * scale)
                phases.append(await _phase(where, contender, broker, pace))
    return rate, phases


async def _saturated(where: Place, contender: Contender, events: int) -> float:
    """Return the events a second that a worker bears while they come as they do when delays are measured.

    What it does when all of them lie ready says how many to send: more than it bears beside who sends them.
    """
    await where.publish(make_load(events // 4, now(), seed=1).records)
    await where.caught_up(contender)
    ready_made = make_load(events, now(), seed=2).records
    began = time.monotonic()
    await where.publish(ready_made)
    await where.caught_up(contender)
    too_fast = Pace("saturating", len(ready_made) / (time.monotonic() - began), _SATURATING_SECONDS, 0.0)
    load = load_of(too_fast)
    began = time.monotonic()
    await drive(where, too_fast, load)
    await where.caught_up(contender)
    return len(load) / (time.monotonic() - began)


async def _phase(where: Place, contender: Contender, broker: Broker, pace: Pace) -> Phase:
    async with reading(where) as readable:
        before, own = Usage.now(contender.pid, broker.pid), time.process_time()
        caused = await drive(where, pace)
        used = spent(before, Usage.now(contender.pid, broker.pid), time.process_time() - own)
        await until_all(readable, {**caused.stated, **caused.timed}, contender)
        await where.caught_up(contender)
    found = delays(caused.stated, readable)
    print(f"{pace.rate:,.0f} events/s: event to hold {cells(found)}, timers {cells(delays(caused.timed, readable))}")
    cores = tuple(seconds / used.seconds for seconds in used.processes)
    return Phase(pace.name, pace.rate, caused, dict(readable), cores, used.other_cores, resident_mib(contender.pid))


class Crowd(NamedTuple):
    """What a crowd of deadlines did: how long all of them took, and others' delays before it and meanwhile."""

    size: int
    rate: float
    seconds: float
    before: Caused
    meanwhile: Caused
    readable: dict[bytes, int]


async def _crowded(kafka: KafkaSettings, size: int, rate: float) -> Crowd:
    """Let so many promises run out in one second while other customers go on."""
    due = Instant(now() + int(1000 * (_GATHER + 2 * size * _PER_ROW)))
    rows = population(_crowd_patterns(due), size)
    names = [
        entry.key for entry in population(_crowd_patterns(due), size) if entry.changelog is Topic.JOURNEY_CHANGELOG
    ]
    async with filled(kafka, rows) as (where, _):
        with running_worker(where) as contender:
            await ready(contender)
            async with reading(where) as readable:
                left = (due - now()) / 1000
                if left < _BEFORE_CROWD:
                    raise SetupError(f"only {left:.0f} s were left before the crowd: the machine is too busy for it")
                lasts = size / 1_000 + 10
                pace = Pace("beside", rate, max(0.0, left - _BEFORE_CROWD), _BEFORE_CROWD + lasts)
                caused = await drive(where, pace)
                await until_all(readable, {**caused.stated, **caused.timed}, contender)
                await until_all(readable, names, contender, size / _CROWD_RATE)
    ended = max(readable[name] for name in names)
    print(f"the crowd of {size:,} took {(ended - due) / 1000:.1f} s")
    return Crowd(
        size, rate, (ended - due) / 1000, _between(caused, 0, due), _between(caused, due, ended), dict(readable)
    )


def _between(caused: Caused, begins: int, ends: int) -> Caused:
    stated, timed = ({key: at for key, at in each.items() if begins <= at < ends} for each in caused)
    return Caused(stated, timed)


def _crowd_patterns(due: Instant) -> list[Pattern]:
    """Return customers whose promises run out within the second from `due` on, a tenth of a second's slots mixed."""
    core, placed_at = Core(), Instant(due - HOUR)
    found = []
    for number in range(_CROWD_PATTERNS):
        name = b"97%09d" % number
        probe = Probe(name.decode())
        core.feed([probe.placed(placed_at, Instant(due + SECOND * number // _CROWD_PATTERNS))], placed_at)
        entries = tuple(
            Entry(stage.changelog, key, value)
            for stage in core.keyed
            for partition in core.logs[stage.log]
            for key, value in partition.table.items()
            if name in key
        )
        found.append(Pattern("of the crowd", name, entries))
    return found


def _result(open_deadlines: int, rate: float, phases: list[Phase], crowd: Crowd) -> Result:
    columns = ("from … to the hold readable with read_committed", "p50", "p99", "most", "samples")
    steady = Table(
        f"Delays at shares of the {rate:,.0f} events a second of a saturated worker, {open_deadlines:,} deadlines open",
        ("events a second", *columns, "worker cores", "broker cores"),
    )
    data: dict[str, Any] = {"saturated_per_second": rate, "open_deadlines": open_deadlines, "shares": {}}
    for share, phase in zip(_SHARES, phases, strict=True):
        found = dict(_rows(phase.caused, phase.readable))
        data["shares"][f"{share * 100:.0f}"] = {
            "rate": phase.rate,
            "worker_mib": phase.memory,
            **{name: summary(values) for name, values in found.items()},
        }
        for name, values in found.items():
            label = f"{phase.rate:,.0f} ({share * 100:.0f} %)"
            steady.add(label, name, *cells(values), *(f"{cores:.2f}" for cores in phase.cores))
    beside = Table(
        f"Other customers beside {crowd.size:,} deadlines of the same second, {crowd.rate:,.0f} events a second",
        ("when", *columns),
    )
    data["crowd"] = {"size": crowd.size, "seconds": crowd.seconds, "rate": crowd.rate}
    for when, caused in (("before", crowd.before), ("while they fire", crowd.meanwhile)):
        found = dict(_rows(caused, crowd.readable))
        data["crowd"][when] = {name: summary(values) for name, values in found.items()}
        for name, values in found.items():
            beside.add(when, name, *cells(values))
    told = (
        f"The crowd itself took {crowd.seconds:.1f} s, {crowd.size / max(crowd.seconds, 0.001):,.0f} holds a second. "
        f"Other processes used at most {max(phase.others for phase in phases):.2f} cores; "
        f"the worker held {phases[-1].memory:.0f} MiB."
    )
    return Result("latency", [steady, beside], [told], data)


def _rows(caused: Caused, readable: dict[bytes, int]) -> Iterator[tuple[str, list[int]]]:
    known = {customer: at for customer, at in caused.stated.items() if is_known(customer)}
    looked_up = {customer: at for customer, at in caused.stated.items() if not is_known(customer)}
    yield "event to hold, the event names its customer", delays(known, readable)
    yield "event to hold, the directory finds the customer", delays(looked_up, readable)
    yield "event to hold, all", delays(caused.stated, readable)
    yield "deadline to hold (lateness of timers)", delays(caused.timed, readable)

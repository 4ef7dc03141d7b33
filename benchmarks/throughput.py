"""Events per second through the whole path: Makegood and the same stages in other engines, in turns in one run."""

import asyncio
import time
from contextlib import ExitStack
from typing import Final

from app.broker import Broker
from app.broker.ports import free_port
from app.clock import Instant
from app.errors import SetupError
from app.settings import KafkaSettings
from app.topics import LOGS
from benchmarks.core import Ceiling, ceiling
from benchmarks.first_write import first_write
from benchmarks.load import Load, make_load
from benchmarks.machine import Spent, Usage, spent
from benchmarks.place import (
    MAKEGOOD,
    QUIX_PYTHON,
    QUIX_STREAMS,
    STOCK_FAUST,
    Contender,
    Place,
    own_broker,
    place,
    running,
)
from benchmarks.report import Result
from benchmarks.throughput_tables import Contestant, Round, outcome

_ROUNDS: Final = 3
_CHUNK: Final = 2_000
_WATCH_SECONDS: Final = 0.1
_JOIN_SECONDS: Final = 8.0
"""Two workers join an empty group one after the other: it has settled by then."""

_EXACTLY: Final = "exactly once from log to outputs; intake at least once, repeats dropped"

CONTESTANTS: Final = (
    Contestant("Makegood, one worker", MAKEGOOD, 100_000, _EXACTLY, _ROUNDS),
    Contestant("Makegood, two workers", MAKEGOOD, 100_000, _EXACTLY, _ROUNDS, workers=2),
    Contestant("the same stages on Quix Streams", QUIX_STREAMS, 30_000, "exactly once, no ticks", _ROUNDS),
    Contestant("the same stages on stock Faust", STOCK_FAUST, 15_000, "at least once, no ticks", _ROUNDS),
    Contestant("Makegood, one worker", MAKEGOOD, 60_000, _EXACTLY, _ROUNDS, between=False),
    Contestant(
        "the same stages on stock Faust", STOCK_FAUST, 12_000, "at least once, no ticks", _ROUNDS, between=False
    ),
)


def measure(scale: float) -> Result:
    """Run the contestants in turns and the core alone; `scale` multiplies the events of each run."""
    if not QUIX_PYTHON.exists():
        raise SetupError("Quix Streams is not set up: run deploy/setup/engines.sh, as `make bench` does")
    contestants = [one._replace(events=int(one.events * scale)) for one in CONTESTANTS]
    sizes = {(one.events, one.between) for one in contestants}
    loads = {(events, between): make_load(events, _now(), between=between) for events, between in sizes}
    rounds: dict[Contestant, list[Round]] = {one: [] for one in contestants}
    load = loads[contestants[0].events, True]
    ceilings: list[Ceiling] = []
    with own_broker() as (kafka, broker):
        for one in contestants:
            # a round that does not count: the broker's Java compiles its paths for the first minute and a half
            asyncio.run(_round(kafka, broker, one, loads[one.events, one.between]))
        for number in range(1, _ROUNDS + 1):
            for one in (one for one in contestants if number <= one.rounds):
                done = asyncio.run(_round(kafka, broker, one, loads[one.events, one.between]))
                rounds[one].append(done)
                print(f"round {number}: {one.said}: {done.events_per_second:,.0f} events/s", flush=True)
            ceilings.append(ceiling(load.records, _now(), _CHUNK))
            print(f"round {number}: the stages alone: {ceilings[-1].events_per_second:,.0f} events/s", flush=True)
    return outcome(load, rounds, ceilings)


async def _round(kafka: KafkaSettings, broker: Broker, one: Contestant, load: Load) -> Round:
    """Run a contestant over a load that lies ready; several workers are let join before it comes."""
    async with place(kafka) as where:
        with ExitStack() as stack:
            if one.workers == 1:
                await where.publish(load.records)
            contenders = [
                stack.enter_context(running(where, *one.command, web_port=free_port())) for _ in range(one.workers)
            ]
            if one.workers > 1:
                await asyncio.sleep(_JOIN_SECONDS)
                await where.publish(load.records)
            return await _timed(where, contenders, broker, len(load.records))


async def _timed(where: Place, contenders: list[Contender], broker: Broker, events: int) -> Round:
    pids = (*(contender.pid for contender in contenders), broker.pid)
    usages: list[tuple[float, Usage, float]] = []
    watching = asyncio.create_task(_watch(usages, *pids))
    began = await first_write(where, contenders[0], LOGS) / 1000
    await where.caught_up(contenders[0])
    ended = time.time_ns() / 1e9
    watching.cancel()
    _, before, own = max((seen for seen in usages if seen[0] <= began), default=usages[0], key=lambda seen: seen[0])
    used = spent(before, Usage.now(*pids), time.process_time() - own)
    return _as_round(events, ended - began, used)


async def _watch(usages: list[tuple[float, Usage, float]], *pids: int) -> None:
    """Note the usage again and again: when the first fact was written is known only afterwards."""
    while True:
        usages.append((time.time_ns() / 1e9, Usage.now(*pids), time.process_time()))
        await asyncio.sleep(_WATCH_SECONDS)


def _as_round(events: int, seconds: float, used: Spent) -> Round:
    *workers, broker = used.processes
    return Round(
        events,
        events / seconds,
        sum(workers) / events * 1e6,
        broker / events * 1e6,
        used.other_cores,
    )


def _now() -> Instant:
    return Instant(time.time_ns() // 1_000_000)

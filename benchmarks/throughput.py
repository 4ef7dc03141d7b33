"""Events per second through the whole path: Makegood and the same stages on stock Faust, in turns in one run."""

import asyncio
import time
from typing import Final

from app.broker import Broker
from app.clock import Instant
from app.settings import KafkaSettings
from app.topics import LOGS
from benchmarks.core import Ceiling, ceiling
from benchmarks.first_write import first_write
from benchmarks.load import Load, make_load
from benchmarks.machine import Spent, Usage, spent
from benchmarks.place import MAKEGOOD, STOCK_FAUST, own_broker, place, running
from benchmarks.report import Result
from benchmarks.throughput_tables import Contestant, Round, outcome

_ROUNDS: Final = 3
_WARM_UP: Final = 1_500
_CHUNK: Final = 2_000
_WATCH_SECONDS: Final = 0.1


MAKEGOOD_WORKER: Final = Contestant(
    "Makegood, one worker", MAKEGOOD, 60_000, "exactly once from log to outputs; intake at least once, repeats dropped"
)
STOCK: Final = Contestant("the same stages on stock Faust", STOCK_FAUST, 15_000, "at least once, no ticks")


def measure(scale: float) -> Result:
    """Run the contestants in turns and the core alone; `scale` multiplies the events of each run."""
    contestants = [one._replace(events=int(one.events * scale)) for one in (MAKEGOOD_WORKER, STOCK)]
    loads = {one.name: make_load(one.events, _now()) for one in contestants}
    rounds: dict[str, list[Round]] = {one.name: [] for one in contestants}
    ceilings: list[Ceiling] = []
    with own_broker() as (kafka, broker):
        for one in contestants:
            asyncio.run(_round(kafka, broker, one, make_load(_WARM_UP, _now())))
        for number in range(1, _ROUNDS + 1):
            for one in contestants:
                done = asyncio.run(_round(kafka, broker, one, loads[one.name]))
                rounds[one.name].append(done)
                print(f"round {number}: {one.name}: {done.events_per_second:,.0f} events/s")
            ceilings.append(ceiling(loads[MAKEGOOD_WORKER.name].records, _now(), _CHUNK))
            print(f"round {number}: the stages alone: {ceilings[-1].events_per_second:,.0f} events/s")
    return outcome(contestants, loads[MAKEGOOD_WORKER.name], rounds, ceilings)


async def _round(kafka: KafkaSettings, broker: Broker, one: Contestant, load: Load) -> Round:
    async with place(kafka) as where:
        await where.publish(load.records)
        with running(where, *one.command) as contender:
            usages: list[tuple[float, Usage, float]] = []
            watching = asyncio.create_task(_watch(usages, contender.pid, broker.pid))
            began = await first_write(where, contender, LOGS) / 1000
            await where.caught_up(contender)
            ended = time.time_ns() / 1e9
            watching.cancel()
            _, before, own = max(
                (seen for seen in usages if seen[0] <= began), default=usages[0], key=lambda seen: seen[0]
            )
            used = spent(before, Usage.now(contender.pid, broker.pid), time.process_time() - own)
    return _as_round(len(load.records), ended - began, used)


async def _watch(usages: list[tuple[float, Usage, float]], *pids: int) -> None:
    """Note the usage again and again: when the first fact was written is known only afterwards."""
    while True:
        usages.append((time.time_ns() / 1e9, Usage.now(*pids), time.process_time()))
        await asyncio.sleep(_WATCH_SECONDS)


def _as_round(events: int, seconds: float, used: Spent) -> Round:
    worker, broker = used.processes
    return Round(
        events,
        events / seconds,
        worker / events * 1e6,
        broker / events * 1e6,
        used.other_cores,
    )


def _now() -> Instant:
    return Instant(time.time_ns() // 1_000_000)

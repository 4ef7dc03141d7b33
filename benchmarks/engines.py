"""The engine alone: a keyed count with a changelog, one worker each, in turns on the same broker and the same input."""

import asyncio
import os
import tempfile
import time
from pathlib import Path
from typing import Final

from app.broker import Broker, process
from app.clock import Instant
from app.errors import SetupError
from app.settings import ROOT, KafkaSettings
from benchmarks.counting.contenders import STREAMS_CLASSES, Engine, engines
from benchmarks.counting.ground import Ground, differences
from benchmarks.counting.pace import paced
from benchmarks.counting.task import Task
from benchmarks.engines_tables import Counted, outcome
from benchmarks.place import QUIX_PYTHON, Contender, own_broker
from benchmarks.report import Result

_SECONDS: Final = 6.0
_LEAST_SECONDS: Final = 4.0
"""Some commit once a second."""
_EVENTS: Final = 2_400_000
"""So many that the fastest has some for most of its time; one that has taken in all of them is watched up to then."""
_STOP_SECONDS: Final = 30.0


def measure(scale: float) -> Result:
    """Let the engines count in turns; a `scale` below one means fewer rounds, fewer events and less time for each."""
    require_others()
    with own_broker() as (kafka, broker):
        return asyncio.run(_contest(kafka, broker, scale))


def require_others() -> None:
    """Raise SetupError when the other engines are not there."""
    if not (QUIX_PYTHON.exists() and STREAMS_CLASSES.exists()):
        raise SetupError("the other engines are not set up: run deploy/setup/engines.sh, as `make bench` does")


async def _contest(kafka: KafkaSettings, broker: Broker, scale: float) -> Result:
    contenders, ground = engines(), Ground(kafka)
    await ground.open(int(_EVENTS * max(0.5, scale)), Instant(time.time_ns() // 1_000_000))
    print(f"{ground.events:,} events lie ready", flush=True)
    # the broker's Java compiles its paths meanwhile: whoever comes first would find it slower than the others do
    await one_round(ground, broker, contenders[-1], 0, scale)
    rounds: dict[Engine, list[Counted]] = {engine: [] for engine in contenders}
    for number in range(1, max(_rounds(engine, scale) for engine in contenders) + 1):
        for engine in contenders:
            if number <= _rounds(engine, scale):
                done = await one_round(ground, broker, engine, number, scale)
                rounds[engine].append(done)
                print(f"round {number}: {engine.name}, {engine.guarantee}: {done.told()}", flush=True)
    await ground.close()
    return outcome(rounds, ground.events)


def _rounds(engine: Engine, scale: float) -> int:
    return max(1, round(engine.rounds * min(1.0, scale)))


async def one_round(ground: Ground, broker: Broker, engine: Engine, number: int, scale: float) -> Counted:
    """Let one engine count, stop it as an operator would, and hold its changelog against what it has committed to."""
    with tempfile.TemporaryDirectory(prefix="makegood-bench-") as folder:
        async with ground.round(f"{engine.group}-{number}", engine.guarantee, Path(folder) / "state") as task:
            contender = _start(engine, task, Path(folder) / "engine.log")
            try:
                pace = await paced(
                    lambda: _sum(ground, task),
                    contender,
                    broker.pid,
                    everything=ground.events,
                    warm_seconds=engine.warm_seconds * max(0.5, min(1.0, scale)),
                    seconds=max(_LEAST_SECONDS, _SECONDS * scale),
                )
            finally:
                process.end(contender.pid, _STOP_SECONDS)
            committed = await ground.committed(task)
            counts, records = await ground.counted(engine.changelog_of(task), engine.decode)
    lost, doubled = differences(ground.expected(committed), counts)
    taken = sum(committed.values())
    return Counted(pace, taken, len(counts), lost, doubled, records / taken)


async def _sum(ground: Ground, task: Task) -> int:
    return sum((await ground.committed(task)).values())


def _start(engine: Engine, task: Task, log: Path) -> Contender:
    path = os.pathsep.join(part for part in (str(ROOT), os.environ.get("PYTHONPATH", "")) if part)
    environment = {**os.environ, "PYTHONPATH": path, **task.environment(), **dict(engine.also)}
    task.folder.mkdir()
    child = process.spawn(engine.command, log, outlive_us=False, environment=environment, folder=ROOT)
    return Contender(child.pid, log, 0)

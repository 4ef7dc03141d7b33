"""How long the gate takes to answer while the workers have more to do than they can."""

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from aiohttp import ClientConnectionError, ClientSession

from app.broker import process
from app.broker.ports import free_port
from app.clock import Instant
from app.errors import SetupError
from app.replay.workers import environment_of
from app.settings import KafkaSettings
from app.web.access import Role, add_line, line_of, new_token
from benchmarks.load import make_load
from benchmarks.place import MAKEGOOD, Contender, Place, own_broker, place, running
from benchmarks.report import Result, Table

_EVENTS: Final = 300_000
_BEFORE: Final = 20_000
"""Events worked before anything is measured, so that there are ledgers to answer from."""
_RATE: Final = 200
_SECONDS: Final = 10
_BATCH: Final = 5_000
_BATCHES: Final = 10
_SITTINGS: Final = 60.0


def measure(scale: float) -> Result:
    """Measure answers beside a quiet worker and beside a saturated one; `scale` multiplies the backlog."""
    with own_broker() as (kafka, _):
        return asyncio.run(_run(kafka, int(_EVENTS * scale)))


async def _run(kafka: KafkaSettings, events: int) -> Result:
    load = make_load(events, _now()).records
    async with place(kafka) as where:
        with running(where, *MAKEGOOD) as contender:
            await where.publish(load[:_BEFORE])
            await where.caught_up(contender)
            async with _site(where) as (session, address):
                quiet = await _singles(session, address)
                await where.publish(load[_BEFORE:])
                saturated, left = await _while_behind(where, contender, session, address)
                batches = await _batches(session, address)
                age = await _age(session, address)
    return _result(quiet, saturated, batches, left, age)


async def _while_behind(
    where: Place, contender: Contender, session: ClientSession, address: str
) -> tuple[list[float], int]:
    """Measure while there is a backlog; SetupError when it was gone before the end: then nothing was saturated."""
    answers = await _singles(session, address)
    contender.require_alive()
    left = await where.behind()
    if left == 0:
        raise SetupError("the backlog was worked before the measurement ended: give a larger --scale")
    return answers, left


async def _singles(session: ClientSession, address: str) -> list[float]:
    """Ask at a steady rate, as campaign tools do just before each send; return each answer's milliseconds."""
    asked: list[asyncio.Task[float]] = []
    began = time.monotonic()
    for number in range(_RATE * _SECONDS):
        path = f"{address}/v1/customers/customer-{number}/may-send?class=promotion&channel=email"
        asked.append(asyncio.create_task(_ask(session, path)))
        await asyncio.sleep(max(0.0, began + (number + 1) / _RATE - time.monotonic()))
    return sorted(await asyncio.gather(*asked))


async def _ask(session: ClientSession, path: str) -> float:
    began = time.perf_counter()
    async with session.get(path) as response:
        await response.read()
        assert response.status == 200, await response.text()
    return (time.perf_counter() - began) * 1_000


async def _batches(session: ClientSession, address: str) -> list[float]:
    questions = [{"customer": f"customer-{number}"} for number in range(_BATCH)]
    found = []
    for _ in range(_BATCHES):
        began = time.perf_counter()
        body = {"class": "promotion", "questions": questions}
        async with session.post(f"{address}/v1/may-send", json=body) as response:
            assert len((await response.json())["answers"]) == _BATCH
        found.append((time.perf_counter() - began) * 1_000)
    return sorted(found)


async def _age(session: ClientSession, address: str) -> int:
    async with session.get(f"{address}/v1/customers/one/may-send?class=promotion") as response:
        found: int | None = (await response.json())["freshness"]["age_ms"]
    return -1 if found is None else found


@asynccontextmanager
async def _site(where: Place) -> AsyncIterator[tuple[ClientSession, str]]:
    """Run `makegood web` over the namespace until left; gives a session that is let in, and the address."""
    with tempfile.TemporaryDirectory(prefix="makegood-bench-web-") as name:
        folder, port, token = Path(name), free_port(), new_token()
        add_line(folder / "tokens", line_of(token, [Role.GATE], "bench"))
        environment = {
            **environment_of(where.kafka, where.settings),
            "MAKEGOOD_SITE_PORT": str(port),
            "MAKEGOOD_SITE_TOKENS_FILE": str(folder / "tokens"),
            "MAKEGOOD_SITE_WORKER_METRICS": "",
        }
        web = process.spawn(
            [sys.executable, "-m", "app", "web"],
            folder / "web.log",
            outlive_us=False,
            environment=environment,
            folder=folder,
        )
        try:
            async with ClientSession(headers={"Authorization": f"Bearer {token}"}) as session:
                await _ready(session, f"http://127.0.0.1:{port}", folder / "web.log")
                yield session, f"http://127.0.0.1:{port}"
        finally:
            web.terminate()
            await asyncio.to_thread(web.wait)


async def _ready(session: ClientSession, address: str, log: Path) -> None:
    until = time.monotonic() + _SITTINGS
    while time.monotonic() < until:
        try:
            async with session.get(f"{address}/readyz") as response:
                if response.status == 200:
                    return
        except ClientConnectionError:
            pass
        await asyncio.sleep(0.1)
    said = await asyncio.to_thread(log.read_text)
    raise SetupError(f"the web process was not ready in {_SITTINGS:.0f} s: {said[-2_000:]}")


def _result(quiet: list[float], saturated: list[float], batches: list[float], left: int, age: int) -> Result:
    table = Table("The gate's answers, one connection pool on this machine", ("asked", "p50", "p99", "max", "answers"))
    rows = {
        f"one at a time, {_RATE} a second, workers idle": quiet,
        f"one at a time, {_RATE} a second, workers saturated": saturated,
        f"{_BATCH:,} in one call, workers saturated": batches,
    }
    for name, times in rows.items():
        table.add(name, *(f"{_at(times, share):.1f} ms" for share in (0.5, 0.99, 1)), f"{len(times):,}")
    load = " ".join(f"{one:.1f}" for one in os.getloadavg())
    told = f"At the end the workers still had {left:,} records before them; the gate was {age} ms behind; load {load}."
    return Result(
        "gate", [table], [told], {"ms": {name: _summary(times) for name, times in rows.items()}, "left": left}
    )


def _summary(times: Sequence[float]) -> dict[str, Any]:
    return {f"p{share:g}": round(_at(times, share / 100), 3) for share in (50, 90, 99, 100)}


def _at(times: Sequence[float], share: float) -> float:
    return times[min(len(times) - 1, int(len(times) * share))]


def _now() -> Instant:
    return Instant(time.time_ns() // 1_000_000)

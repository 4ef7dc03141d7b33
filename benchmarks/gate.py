"""How long the gate takes to answer while the workers have more to do than they can."""

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AbstractContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

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

_EVENTS: Final = 800_000
_BEFORE: Final = 20_000
"""Events worked before anything is measured, so that there are ledgers to answer from."""
_RATE: Final = 200
_SECONDS: Final = 5
_ROUNDS: Final = 3
_GIVING_WAY: Final = 10
"""The worker's nice value beside the gate, as `make run` starts it."""
_BATCH: Final = 5_000
_BATCHES: Final = 10
_SITTINGS: Final = 60.0


class Asked(NamedTuple):
    """One answer: milliseconds that it took, and of them those that client and gate waited for a core, ready to run."""

    took: float
    client_waited: float = 0.0
    gate_waited: float = 0.0


class Sittings(NamedTuple):
    """Every answer of the rounds, by how the worker stood to the gate."""

    idle: list[Asked]
    abreast: list[Asked]
    giving_way: list[Asked]
    batches: list[Asked]


def measure(scale: float) -> Result:
    """Measure answers beside a quiet worker and beside a saturated one; `scale` multiplies the backlog."""
    with own_broker() as (kafka, _):
        return asyncio.run(_run(kafka, int(_EVENTS * scale)))


async def _run(kafka: KafkaSettings, events: int) -> Result:
    load = make_load(events, _now()).records
    found = Sittings([], [], [], [])
    async with place(kafka) as where:
        with running(where, *MAKEGOOD) as contender:
            await where.publish(load[:_BEFORE])
            await where.caught_up(contender)
            async with _site(where) as site:
                found.idle.extend(await _singles(site))
        await where.publish(load[_BEFORE:])
        async with _site(where) as site:
            for _ in range(_ROUNDS):
                await _beside(where, site, 0, found.abreast)
                await _beside(where, site, _GIVING_WAY, found.giving_way)
            with _working(where, _GIVING_WAY) as contender:
                await _until_ready(site.session, f"http://127.0.0.1:{contender.web_port}/readyz", contender.log)
                found.batches.extend(await _batches(site))
                left, age = await _left(where, contender), await _age(site)
    return _result(found, left, age)


class _Site(NamedTuple):
    """`makegood web` as it runs: a session that is let in, its address, and what it and we wait for."""

    session: ClientSession
    address: str
    ours: "CoreWait"
    its: "CoreWait"


class CoreWait:
    """How long the first thread of a process has been ready to run and had no core, by the kernel's account."""

    def __init__(self, pid: int) -> None:
        self._file = Path(f"/proc/{pid}/schedstat")

    def ms(self) -> float:
        """Return the milliseconds since it began."""
        return int(self._file.read_bytes().split()[1]) / 1_000_000


def _working(where: Place, nice: int) -> AbstractContextManager[Contender]:
    return running(where, *MAKEGOOD, nice=nice)


async def _beside(where: Place, site: _Site, nice: int, found: list[Asked]) -> None:
    """Measure while a worker of that nice value has a backlog before it."""
    with _working(where, nice) as contender:
        await _until_ready(site.session, f"http://127.0.0.1:{contender.web_port}/readyz", contender.log)
        found.extend(await _singles(site))
        await _left(where, contender)


async def _left(where: Place, contender: Contender) -> int:
    """Return the backlog; SetupError when it is gone: then nothing was saturated."""
    contender.require_alive()
    left = await where.behind()
    if left == 0:
        raise SetupError("the backlog was worked before the measurement ended: give a larger --scale")
    return left


async def _singles(site: _Site) -> list[Asked]:
    """Ask at a steady rate, as campaign tools do just before each send."""
    asked: list[asyncio.Task[Asked]] = []
    began = time.monotonic()
    for number in range(_RATE * _SECONDS):
        path = f"{site.address}/v1/customers/customer-{number}/may-send?class=promotion&channel=email"
        asked.append(asyncio.create_task(_ask(site, path)))
        await asyncio.sleep(max(0.0, began + (number + 1) / _RATE - time.monotonic()))
    return list(await asyncio.gather(*asked))


async def _ask(site: _Site, path: str) -> Asked:
    ours, its, began = site.ours.ms(), site.its.ms(), time.perf_counter()
    async with site.session.get(path) as response:
        await response.read()
        assert response.status == 200, await response.text()
    took = (time.perf_counter() - began) * 1_000
    return Asked(took, site.ours.ms() - ours, site.its.ms() - its)


async def _batches(site: _Site) -> list[Asked]:
    questions = [{"customer": f"customer-{number}"} for number in range(_BATCH)]
    found = []
    for _ in range(_BATCHES):
        began = time.perf_counter()
        body = {"class": "promotion", "questions": questions}
        async with site.session.post(f"{site.address}/v1/may-send", json=body) as response:
            assert len((await response.json())["answers"]) == _BATCH
        found.append(Asked((time.perf_counter() - began) * 1_000))
    return found


async def _age(site: _Site) -> int:
    async with site.session.get(f"{site.address}/v1/customers/one/may-send?class=promotion") as response:
        found: int | None = (await response.json())["freshness"]["age_ms"]
    return -1 if found is None else found


@asynccontextmanager
async def _site(where: Place) -> AsyncIterator[_Site]:
    """Run `makegood web` over the namespace until left."""
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
                address = f"http://127.0.0.1:{port}"
                await _until_ready(session, f"{address}/readyz", folder / "web.log")
                yield _Site(session, address, CoreWait(os.getpid()), CoreWait(web.pid))
        finally:
            web.terminate()
            await asyncio.to_thread(web.wait)


async def _until_ready(session: ClientSession, address: str, log: Path) -> None:
    until = time.monotonic() + _SITTINGS
    while time.monotonic() < until:
        try:
            async with session.get(address) as response:
                if response.status == 200:
                    return
        except ClientConnectionError:
            pass
        await asyncio.sleep(0.1)
    said = await asyncio.to_thread(log.read_text)
    raise SetupError(f"{address} did not say ready within {_SITTINGS:.0f} s: {said[-2_000:]}")


_COLUMNS: Final = ("asked", "p50", "p99", "max", "p99, client's wait off", "p99, gate's wait off too", "answers")


def _result(found: Sittings, left: int, age: int) -> Result:
    table = Table("The gate's answers, one connection pool on this machine", _COLUMNS)
    rows = {
        f"one at a time, {_RATE} a second, workers idle": found.idle,
        f"… workers saturated, at the gate's own priority (`MAKEGOOD_NICE=0`), {_ROUNDS} rounds": found.abreast,
        f"… workers saturated, giving way (`MAKEGOOD_NICE={_GIVING_WAY}`), {_ROUNDS} rounds": found.giving_way,
        f"{_BATCH:,} in one call, workers saturated, giving way": found.batches,
    }
    for name, answers in rows.items():
        took = [_at([one.took for one in answers], share) for share in (0.5, 0.99, 1)]
        waits = answers is not found.batches
        table.add(name, *map(_ms, took), *(_ms(one) if waits else "" for one in _less(answers)), f"{len(answers):,}")
    load = " ".join(f"{one:.1f}" for one in os.getloadavg())
    told = f"At the end the workers still had {left:,} records before them; the gate was {age} ms behind; load {load}."
    return Result("gate", [table], [told], {"ms": {name: _summary(row) for name, row in rows.items()}, "left": left})


def _less(answers: Sequence[Asked]) -> tuple[float, float]:
    """Return p99 without what the client waited for a core, and without what the gate waited either."""
    without = [one.took - one.client_waited for one in answers]
    return _at(without, 0.99), _at([one.took - one.client_waited - one.gate_waited for one in answers], 0.99)


def _ms(value: float) -> str:
    return f"{value:.1f} ms"


def _summary(answers: Sequence[Asked]) -> dict[str, Any]:
    took = [one.took for one in answers]
    found = {f"p{share:g}": round(_at(took, share / 100), 3) for share in (50, 90, 99, 100)}
    client, both = _less(answers)
    return {**found, "p99_without_client_wait": round(client, 3), "p99_without_waits": round(both, 3)}


def _at(times: Iterable[float], share: float) -> float:
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def _now() -> Instant:
    return Instant(time.time_ns() // 1_000_000)

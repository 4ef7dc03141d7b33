"""One run: start, disturb, let everything settle, stop, check."""

import asyncio
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random
from time import monotonic
from typing import Final, NamedTuple

from app.clock import Instant
from app.settings import ROOT
from app.shell.safe_clock import wall_clock
from chaos import faults
from chaos.check import Verdict, check
from chaos.diary import Diary
from chaos.faults import Fault
from chaos.ground import Ground, ground

_SETTLE_SECONDS: Final = 180.0
_CALM: Final = 3


class Plan(NamedTuple):
    """What a run does: faults in their order, workers, new customers a second, and pauses between faults (seconds)."""

    seed: int
    order: Sequence[str]
    workers: int
    rate: float
    pause: tuple[float, float]
    broker_late: float = 0.0
    """How long the broker is away at the start, in seconds."""
    previous: str | None = None
    """The commit whose code the workers begin with, until the fault `upgrade`, and again after `roll back`."""


FAULTS: Final[dict[str, Fault]] = {
    "kill": faults.kill,
    "terminate": faults.terminate,
    "join and leave": faults.join_and_leave,
    "freeze": faults.freeze,
    "doze": faults.doze,
    "break broker": faults.break_broker,
    "restart broker": faults.restart_broker,
    "broker away": faults.broker_away(5),
    "broker away long": faults.broker_away(60),
    "cut": faults.cut,
    "slow network": faults.slow_network,
    "wrong clock": faults.wrong_clock,
    "full disk": faults.full_disk,
    "upgrade": faults.upgrade,
    "roll back": faults.roll_back,
    "new policy": faults.new_policy,
}
_WEIGHTS: Final = {
    "kill": 8,
    "terminate": 5,
    "join and leave": 4,
    "freeze": 4,
    "doze": 4,
    "break broker": 3,
    "restart broker": 2,
    "broker away": 3,
    "cut": 6,
    "slow network": 4,
    "wrong clock": 3,
    "full disk": 1,
}


def long_plan(seed: int, number: int, workers: int, *, minute: bool) -> Plan:
    """Return a plan of so many faults, each kind at least once.

    `minute`: the broker is away for a minute at the start and once in the middle, else for five seconds.
    """
    rng = Random(seed)
    order = list(_WEIGHTS)[:number]
    order += rng.choices(list(_WEIGHTS), list(_WEIGHTS.values()), k=max(0, number - len(order) - 1))
    rng.shuffle(order)
    order.insert(len(order) // 2, "broker away long" if minute else "broker away")
    return Plan(seed, order, workers, rate=6.0, pause=(0.0, 2.5), broker_late=60.0 if minute else 5.0)


def upgrade_plan(seed: int, previous: str) -> Plan:
    """Return the plan that goes from a commit's code to today's, back, and to today's again, among other faults."""
    there = ["kill", "upgrade", "new policy", "kill", "cut"]
    back = ["roll back", "kill", "new policy", "broker away"]
    again = ["upgrade", "kill", "break broker", "cut"]
    return Plan(seed, [*there, *back, *again], 3, rate=6.0, pause=(1.0, 4.0), previous=previous)


def short_plan(seed: int) -> Plan:
    """Return the plan that is done in well under a minute."""
    rng = Random(seed)
    order = ["kill", "terminate", "cut", "broker away", "break broker", "kill"]
    rng.shuffle(order)
    return Plan(seed, ["freeze", *order], 2, rate=8.0, pause=(0.0, 1.0), broker_late=1.5)


async def run(plan: Plan, diary: Diary) -> Verdict:
    """Carry a plan out and return what was found wrong."""
    rng = Random(plan.seed)
    diary.note("begin", seed=plan.seed, faults=len(plan.order), workers=plan.workers)
    with tempfile.TemporaryDirectory(prefix="makegood-chaos-", ignore_cleanup_errors=True) as name:
        previous = await asyncio.to_thread(_checked_out, plan.previous, Path(name)) if plan.previous else None
        async with ground(Path(name), rng, diary, rate=plan.rate, previous=previous) as place:
            diary.note("the ground is there", broker=place.broker.bootstrap)
            producing = asyncio.ensure_future(place.producer.run())
            await _begin(place, plan)
            await _disturb(place, plan, rng)
            place.producer.enough()
            await producing
            settled = await settle(place)
            deaths = place.crew.deaths
            await asyncio.to_thread(place.crew.stop)
            verdict = await check(place, settled or wall_clock())
            if verdict.faults or deaths:
                _keep_logs(Path(name), diary)
    if settled is None:
        verdict.faults.append("the workers never came to the end of what was there")
    if deaths:
        verdict.faults.append(f"workers ended by themselves {deaths} times")
    for fault in verdict.faults:
        diary.note("FAULT", fault=fault)
    diary.note("end", **{"faults": len(verdict.faults), **verdict.compared})
    return verdict


async def _begin(place: Ground, plan: Plan) -> None:
    if plan.broker_late:
        place.proxy.be("refusing")
    place.crew.code = place.previous
    for number in range(plan.workers):
        place.crew.start(number)
    if plan.broker_late:
        await asyncio.sleep(plan.broker_late)
        place.diary.note("the broker can be reached", after=plan.broker_late)
        place.proxy.be("passing")
    began = monotonic()
    while not await place.committed() and monotonic() - began < _SETTLE_SECONDS:
        await asyncio.sleep(0.2)
    place.diary.note("the workers work", seconds=round(monotonic() - began, 1))


async def _disturb(place: Ground, plan: Plan, rng: Random) -> None:
    done: Counter[str] = Counter()
    for name in plan.order:
        await asyncio.sleep(rng.uniform(*plan.pause))
        await _someone_works(place)
        place.diary.note(name)
        seen = await FAULTS[name](place, rng)
        done[name] += 1
        place.diary.note(f"{name}: done", number=done.total(), **seen)


async def _someone_works(place: Ground) -> None:
    while not place.crew.working:
        place.crew.tend()
        await asyncio.sleep(0.1)


async def settle(place: Ground, limit: float = _SETTLE_SECONDS) -> Instant | None:
    """Wait until nothing is left to work; return a moment up to which that is true, None when it never came."""
    began, calm, since = monotonic(), 0, wall_clock()
    while calm < _CALM:
        if monotonic() - began > limit:
            place.diary.note("did not settle", behind=await place.behind())
            return None
        place.crew.tend()
        since = since if calm else wall_clock()
        calm = calm + 1 if await place.behind() == 0 else 0
        await asyncio.sleep(0.3)
    place.diary.note("settled", seconds=round(monotonic() - began, 1))
    return since


def _keep_logs(folder: Path, diary: Diary) -> None:
    kept = diary.file.with_suffix("")
    kept.mkdir(exist_ok=True)
    for log in folder.glob("worker-*.log"):
        shutil.copy(log, kept)


def _checked_out(commit: str, folder: Path) -> Path:
    """Return a folder with the code of a commit of this repository."""
    code = folder / commit.replace("/", "-")
    subprocess.run(["git", "clone", "--quiet", "--no-checkout", str(ROOT), str(code)], check=True)
    subprocess.run(["git", "-C", str(code), "checkout", "--quiet", commit], check=True)
    return code

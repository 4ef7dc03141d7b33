"""The faults. Each takes the ground and the run's own random source, and returns when the thing is mended again."""

import asyncio
import errno
import os
import signal
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random
from time import monotonic
from typing import Any, Final

from app.settings import ROOT
from chaos.crew import Member
from chaos.ground import SESSION_MS, Ground

Fault = Callable[[Ground, Random], Awaitable[dict[str, Any]]]
"""Does its worst and returns what was seen, for the diary."""

_LOOK: Final = 0.1
_FAKETIME: Final = (
    Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"),
    Path("/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1"),
)
_DISK: Final = "64k"
_TRIES: Final = 40


async def kill(ground: Ground, rng: Random) -> dict[str, Any]:
    """Kill a worker with SIGKILL; it is started again at once."""
    member = _victim(ground, rng)
    member.signal(signal.SIGKILL)
    await _ended(member)
    ground.crew.tend()
    return {"worker": member.number}


async def terminate(ground: Ground, rng: Random) -> dict[str, Any]:
    """Tell a worker to end; it must do so by itself, with success, and another takes its number."""
    member = _victim(ground, rng)
    member.stopping = True
    member.signal(signal.SIGTERM)
    began = monotonic()
    await _ended(member)
    ground.crew.members.remove(member)
    ground.crew.start(member.number)
    return {"worker": member.number, "code": member.child.returncode, "seconds": round(monotonic() - began, 1)}


async def join_and_leave(ground: Ground, rng: Random) -> dict[str, Any]:
    """Let one more worker join, and leave again after a moment."""
    guest = ground.crew.start(9)
    stays = rng.uniform(2, 8)
    await asyncio.sleep(stays)
    guest.stopping = True
    guest.signal(signal.SIGTERM)
    await _ended(guest)
    ground.crew.members.remove(guest)
    return {"stayed": round(stays, 1), "code": guest.child.returncode}


async def freeze(ground: Ground, rng: Random) -> dict[str, Any]:
    """Freeze a worker beyond its session time, preferably inside a transaction, and wake it.

    Says how long readers of committed outputs stood still because of it.
    """
    member = _victim(ground, rng)
    caught: set[Any] = set()
    for _ in range(_TRIES):
        member.signal(signal.SIGSTOP)
        await asyncio.sleep(0.05)
        first = await _standing(ground)
        await asyncio.sleep(0.3)
        # the others end theirs within that time; what still stands is the frozen one's
        caught = first & await _standing(ground)
        if caught:
            break
        member.signal(signal.SIGCONT)
        await asyncio.sleep(rng.uniform(0.05, 0.3))
    else:
        member.signal(signal.SIGSTOP)
    member.frozen = True
    began = monotonic()
    stood = None
    asleep = SESSION_MS / 1000 + rng.uniform(2, 6)
    while monotonic() - began < asleep:
        if caught and stood is None and not caught & await _standing(ground):
            stood = round(monotonic() - began + 0.35, 1)
        await asyncio.sleep(_LOOK)
    member.signal(signal.SIGCONT)
    member.frozen = False
    return {
        "worker": member.number,
        "inside_a_transaction": bool(caught),
        "outputs_stood_still": stood,
        "asleep": round(asleep, 1),
    }


async def doze(ground: Ground, rng: Random) -> dict[str, Any]:
    """Freeze a worker for less than its session time."""
    member = _victim(ground, rng)
    asleep = rng.uniform(0.5, SESSION_MS / 1000 - 2)
    member.signal(signal.SIGSTOP)
    member.frozen = True
    await asyncio.sleep(asleep)
    member.signal(signal.SIGCONT)
    member.frozen = False
    return {"worker": member.number, "asleep": round(asleep, 1)}


async def break_broker(ground: Ground, rng: Random) -> dict[str, Any]:
    """Kill the broker and start it again."""
    await asyncio.to_thread(ground.broker.kill)
    away = rng.uniform(0, 4)
    await asyncio.sleep(away)
    began = monotonic()
    await asyncio.to_thread(ground.broker.restart)
    return {"away": round(away, 1), "start": round(monotonic() - began, 1)}


async def restart_broker(ground: Ground, rng: Random) -> dict[str, Any]:
    """Stop the broker cleanly and start it again."""
    del rng
    await asyncio.to_thread(ground.broker.restart)
    return {}


def broker_away(seconds: float) -> Fault:
    """Return the fault that the workers cannot reach the broker for so long: refused, or nobody answers."""

    async def away(ground: Ground, rng: Random) -> dict[str, Any]:
        mood = "refusing" if rng.random() < 0.5 else "silent"
        ground.proxy.be("refusing" if mood == "refusing" else "silent")
        await asyncio.sleep(seconds)
        ground.proxy.be("passing")
        return {"seconds": seconds, "mood": mood}

    return away


async def cut(ground: Ground, rng: Random) -> dict[str, Any]:
    """Cut every connection between workers and broker, a few times."""
    cuts = [ground.proxy.cut()]
    for _ in range(rng.randrange(4)):
        await asyncio.sleep(rng.uniform(0.1, 1.5))
        cuts.append(ground.proxy.cut())
    return {"ends_cut": cuts}


async def slow_network(ground: Ground, rng: Random) -> dict[str, Any]:
    """Let every piece between workers and broker take long for a while."""
    ground.proxy.delay = rng.uniform(0.02, 0.3)
    lasts = rng.uniform(2, 8)
    await asyncio.sleep(lasts)
    seen, ground.proxy.delay = ground.proxy.delay, 0.0
    return {"delay": round(seen, 2), "seconds": round(lasts, 1)}


async def wrong_clock(ground: Ground, rng: Random) -> dict[str, Any]:
    """Replace a worker by one whose clock is wrong, by libfaketime; for a while, then it gets the right one again."""
    library = next((path for path in _FAKETIME if path.exists()), None)
    if library is None:
        return {"not_done": "libfaketime is missing (Debian: apt install faketime)"}
    member = _victim(ground, rng)
    off = rng.choice(("-90", "-5", "+5", "+90"))
    await replace(ground, member, LD_PRELOAD=str(library), FAKETIME=off, FAKETIME_DONT_FAKE_MONOTONIC="1")
    await asyncio.sleep(rng.uniform(6, 10))
    wrong = next((one for one in ground.crew.members if one.number == member.number), None)
    told = None
    if wrong is not None:
        told = await _says(wrong, "makegood_clock_behind_broker_seconds")
        await replace(ground, wrong)
    return {"worker": member.number, "seconds_off": off, "says_it_is_behind_by": told}


async def upgrade(ground: Ground, rng: Random) -> dict[str, Any]:
    """Replace one worker after the other by one of today's code, as a rolling restart does."""
    return await _roll(ground, rng, ROOT)


async def roll_back(ground: Ground, rng: Random) -> dict[str, Any]:
    """Replace one worker after the other by one of the code that the run began with."""
    return await _roll(ground, rng, ground.previous)


async def _roll(ground: Ground, rng: Random, to: Path) -> dict[str, Any]:
    before, ground.crew.code = ground.crew.code, to
    for member in list(ground.crew.members):
        await replace(ground, member)
        await asyncio.sleep(rng.uniform(1, 4))
    return {"from": before.name, "to": to.name, "workers": len(ground.crew.members)}


async def new_policy(ground: Ground, rng: Random) -> dict[str, Any]:
    """Activate another version of the policy under load: the same with another number in it."""
    return {"version": await ground.activate(f"# {rng.random()}")}


async def full_disk(ground: Ground, rng: Random) -> dict[str, Any]:
    """Fill the state directory of a worker (a small tmpfs of its own), let it start there, and make room again."""
    member = _victim(ground, rng)
    folder = ground.crew.state_dir(member.number)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={_DISK}", "makegood-chaos", str(folder)], check=False, capture_output=True
    )
    if mounted.returncode:
        return {"not_done": mounted.stderr.decode(errors="replace").strip()}
    try:
        _fill(folder / "ballast")
        await replace(ground, member)
        await asyncio.sleep(rng.uniform(4, 6))
        full = next((one for one in ground.crew.members if one.number == member.number), None)
        lives = full is not None and full.lives
        if full is not None:
            await replace(ground, full, wait_only=True)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=False, capture_output=True)
    ground.crew.start(member.number)
    return {"worker": member.number, "how": f"tmpfs of {_DISK}", "worked_on": lives}


async def replace(ground: Ground, member: Member, *, wait_only: bool = False, **more: str) -> None:
    """Tell a worker to end, wait, and start another under its number with further environment."""
    member.stopping = True
    member.signal(signal.SIGTERM)
    await _ended(member)
    if member in ground.crew.members:
        ground.crew.members.remove(member)
    if not wait_only:
        ground.crew.start(member.number, **more)


def _fill(file: Path) -> None:
    try:
        with file.open("wb", buffering=0) as ballast:
            while True:
                ballast.write(b"\0" * 4096)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise


def _victim(ground: Ground, rng: Random) -> Member:
    ground.crew.tend()
    return rng.choice([member for member in ground.crew.working if member.number != 9])


async def _ended(member: Member) -> None:
    """Wait for a process; one that was told to end and has not in 90 s is killed."""
    until = monotonic() + 90
    while member.lives:
        await asyncio.sleep(0.05)
        if monotonic() > until:
            os.kill(member.child.pid, signal.SIGKILL)
            member.child.wait()


async def _says(member: Member, metric: str) -> float | None:
    """Return what a worker says on a metric once it is not zero; on a busy machine it takes a while to begin."""
    told = None
    for _ in range(_TRIES):
        if not member.lives or (told := (await asyncio.to_thread(member.metrics)).get(metric)):
            break
        await asyncio.sleep(0.5)
    return told


async def _standing(ground: Ground) -> set[Any]:
    return await ground.standing()

"""`python -m chaos.limits`: too much of something, in a row; what a worker's memory does, who tells, how it catches up.

Each piece has a broker and one worker of its own. `--scale 0.1` does a tenth of it. What was said must be what an
undisturbed run of the same logs says, except for the million dead letters, which are counted.
"""

import argparse
import asyncio
import json
import logging
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from time import monotonic
from typing import Any, Final, NamedTuple

from app.settings import ROOT
from app.shell.safe_clock import wall_clock
from app.topics import Topic
from chaos import excess
from chaos.check import check
from chaos.diary import Diary
from chaos.ground import Ground, ground
from chaos.run import settle
from chaos.watch import Watch

_BEFORE_SECONDS: Final = 15.0
_SETTLE_SECONDS: Final = 1_800.0
_READY_SECONDS: Final = 120.0
_LOOK_SECONDS: Final = 0.5


class Piece(NamedTuple):
    """What is too much: what is done with the ground, by scale; whether the outputs are compared or counted."""

    name: str
    do: Callable[[Ground, float], Awaitable[dict[str, Any]]]
    compared: bool = True
    rate: float = 6.0
    """New customers a second beside it."""
    drained: bool = False
    """Whether the worker may make as many dead letters as it likes."""


PIECES: Final = {
    "slow": Piece("a broker that is slow", excess.slow),
    "absent": Piece("a broker that is away", excess.absent),
    "burst": Piece("ten times the rate", excess.burst),
    "hot": Piece("a customer with 100,000 events", excess.hot),
    "letters": Piece("a million dead letters", excess.letters, compared=False, rate=0.0, drained=True),
    "stop": Piece("dead letters beyond the limit", excess.beyond_the_limit),
}


def main() -> int:
    """Carry out the pieces asked for and write what was seen."""
    parser = argparse.ArgumentParser(prog="python -m chaos.limits", description=__doc__)
    parser.add_argument("pieces", nargs="*", metavar="|".join(PIECES), help="which; all unless named")
    parser.add_argument("--scale", type=float, default=1.0, help="how much of each (1: as described)")
    parser.add_argument("--seed", type=int, default=7, help="what the ordinary load follows from")
    parser.add_argument("--log", type=Path, default=ROOT / ".run" / "limits", help="folder of logs and results")
    chosen = parser.parse_args()
    if unknown := set(chosen.pieces) - PIECES.keys():
        parser.error(f"no piece {min(unknown)!r}; there are {', '.join(PIECES)}")
    logging.disable(logging.CRITICAL)  # our own clients complain while the broker is away, as they should
    wrong = 0
    for name in chosen.pieces or PIECES:
        diary = Diary(chosen.log / f"{name}.jsonl", quiet=True)
        found = asyncio.run(_run(PIECES[name], diary, Random(chosen.seed), chosen.scale))
        wrong += len(found["wrong"])
        (chosen.log / f"{name}.json").write_text(json.dumps(found, indent=2, default=str) + "\n", encoding="utf-8")
        print(json.dumps(found, default=str), flush=True)
    return 1 if wrong else 0


async def _run(piece: Piece, diary: Diary, rng: Random, scale: float) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="makegood-limits-", ignore_cleanup_errors=True) as name:
        async with ground(Path(name), rng, diary, rate=piece.rate) as place, _load(place):
            place.crew.start(0, **({"MAKEGOOD_DEAD_LETTERS_PER_MINUTE": "0"} if piece.drained else {}))
            watch = Watch(place.crew, diary)
            watching = asyncio.ensure_future(watch.run())
            await _ready(place)
            await asyncio.sleep(_BEFORE_SECONDS)
            before = watch.peak("rss_mib")
            watch.begin()
            seen = await piece.do(place, scale)
            over = monotonic()
            place.producer.enough()
            settled = await settle(place, _SETTLE_SECONDS)
            caught_up = monotonic() - over
            watching.cancel()
            deaths, faults = place.crew.deaths, []
            after = watch.now("rss_mib")
            await asyncio.to_thread(place.crew.stop)
            if piece.compared:
                faults = (await check(place, settled or wall_clock())).faults
            else:
                counted = await place.written(Topic.DEAD_LETTERS)
                faults = [] if counted == seen["sent"] else [f"{counted} dead letters of {seen['sent']} records"]
    faults += [] if settled else ["the worker never came to the end of what was there"]
    faults += [f"the worker ended by itself {deaths} times"] if deaths else []
    return {
        "piece": piece.name,
        "scale": scale,
        **seen,
        "rss_mib": {"before": before, "peak": watch.peak("rss_mib"), "after": after},
        "clock_lag_s": watch.peak("makegood_clock_lag_seconds"),
        "unread_in_a_partition": watch.peak("makegood_consumer_lag_records"),
        "largest_state_bytes": watch.peak("makegood_state_largest_bytes"),
        "intake_stopped": bool(watch.peak("makegood_intake_stopped")),
        "caught_up_s": round(caught_up, 1),
        "memory": watch.course("rss_mib"),
        "wrong": faults,
    }


async def _ready(place: Ground) -> None:
    """Wait until the worker works: what comes before would be counted as its catching up."""
    began = monotonic()
    while not (await asyncio.to_thread(place.crew.members[0].metrics)).get("makegood_ready"):
        if monotonic() - began > _READY_SECONDS:
            raise RuntimeError(f"no worker after {_READY_SECONDS:.0f} s: {place.crew.members[0].last_words()}")
        await asyncio.sleep(_LOOK_SECONDS)


@asynccontextmanager
async def _load(place: Ground) -> AsyncIterator[None]:
    """Let the producer publish until the end."""
    producing = asyncio.ensure_future(place.producer.run())
    try:
        yield
    finally:
        place.producer.enough()
        await producing


if __name__ == "__main__":
    sys.exit(main())

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

from app.journey.state import is_reserved
from app.settings import ROOT
from app.shell.safe_clock import wall_clock
from app.shell.topic_reader import read_topic
from app.topics import Topic
from chaos import excess
from chaos.check import check
from chaos.diary import Diary
from chaos.ground import Ground, ground
from chaos.run import settle
from chaos.seen import table
from chaos.watch import Watch

_BEFORE_SECONDS: Final = 15.0
_SETTLE_SECONDS: Final = 1_800.0
_READY_SECONDS: Final = 120.0
_LOOK_SECONDS: Final = 0.5


class Piece(NamedTuple):
    """What is too much: what is done with the ground, by scale; whether the outputs are compared or counted.

    `signal`: the metric that tells of it, and what it must come to at least for that, at any scale.
    """

    name: str
    do: Callable[[Ground, float], Awaitable[dict[str, Any]]]
    signal: tuple[str, float]
    compared: bool = True
    rate: float = 6.0
    """New customers a second beside it."""
    drained: bool = False
    """Whether the worker may make as many dead letters as it likes."""


_CLOCK: Final = "makegood_clock_lag_seconds"
_UNREAD: Final = "makegood_consumer_lag_records"
PIECES: Final = {
    "slow": Piece("a broker that is slow", excess.slow, (_CLOCK, 1.5)),
    "absent": Piece("a broker that is away", excess.absent, (_CLOCK, 5.0)),
    "slow-outputs": Piece("slow for what is written, ten times the rate to read", excess.slow_outputs, (_UNREAD, 100)),
    "absent-outputs": Piece(
        "away for what is written, ten times the rate to read", excess.absent_outputs, (_CLOCK, 5.0)
    ),
    "burst": Piece("ten times the rate", excess.burst, (_UNREAD, 100)),
    "hot": Piece("a customer with 100,000 events", excess.hot, (_UNREAD, 1_000)),
    "letters": Piece(
        "a million dead letters",
        excess.letters,
        ("makegood_dead_letters_total", 1_000),
        compared=False,
        rate=0.0,
        drained=True,
    ),
    "stop": Piece("dead letters beyond the limit", excess.beyond_the_limit, ("makegood_intake_stopped", 1)),
}
_GROWTH_MIB: Final = 200.0
"""What a worker may grow by, whatever comes; a piece that goes beyond is told as wrong."""
_LARGEST_STATE: Final = 1_000_000
"""The broker's limit of a record, less its envelope."""


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
    (chosen.log / "seen.md").write_text(table(chosen.log, PIECES), encoding="utf-8")
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
            largest = await _largest_customer(place)
            if piece.compared:
                faults = (await check(place, settled or wall_clock())).faults
            else:
                counted = await place.written(Topic.DEAD_LETTERS)
                faults = [] if counted == seen["sent"] else [f"{counted} dead letters of {seen['sent']} records"]
    faults += _beyond(piece, watch, before, largest)
    faults += [] if settled else ["the worker never came to the end of what was there"]
    faults += [f"the worker ended by itself {deaths} times"] if deaths else []
    return {
        "piece": piece.name,
        "scale": scale,
        **seen,
        "rss_mib": {"before": before, "peak": watch.peak("rss_mib"), "after": after},
        "clock_lag_s": watch.peak(_CLOCK),
        "unread_in_a_partition": watch.peak(_UNREAD),
        "largest_customer_bytes": largest,
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


async def _largest_customer(place: Ground) -> int:
    """Return the bytes of the largest state that was written of a customer."""
    written = read_topic(place.kafka, place.settings, Topic.JOURNEY_CHANGELOG)
    sizes = [len(state.value or b"") async for state in written if state.key and not is_reserved(state.key)]
    return max(sizes, default=0)


def _beyond(piece: Piece, watch: Watch, before: float, largest: int) -> list[str]:
    """Say which bound was passed, and whether nothing told of what happened."""
    (metric, least), grown = piece.signal, watch.peak("rss_mib") - before
    return [
        *([f"memory grew by {grown:.0f} MiB; {_GROWTH_MIB:.0f} are allowed"] if grown > _GROWTH_MIB else []),
        *(["a state is larger than the broker takes"] if largest > _LARGEST_STATE else []),
        *([f"{metric} came to {watch.peak(metric)} only; {least} tells of it"] if watch.peak(metric) < least else []),
    ]


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

"""Where the time of one event goes inside the stages: by part of the product, and the functions that cost most."""

import cProfile
import pstats
import time
from collections import defaultdict
from pathlib import Path
from typing import Final

from app.clock import Instant
from app.settings import ROOT
from benchmarks.before import before
from benchmarks.core import Core
from benchmarks.load import make_load
from benchmarks.report import Result, Table

_EVENTS: Final = 20_000
_CHUNK: Final = 2_000
_TOP: Final = 25
_PARTS: Final = 14

_Place = tuple[str, int, str]


def measure(scale: float) -> Result:
    """Profile the stages over memory; no broker is used."""
    now = Instant(time.time_ns() // 1_000_000)
    records = make_load(int(_EVENTS * scale), now).records
    core, profiler = Core(), cProfile.Profile()
    core.feed(records[:_CHUNK], now)
    profiler.enable()
    for start in range(_CHUNK, len(records), _CHUNK):
        core.feed(records[start : start + _CHUNK], now)
    profiler.disable()
    return _result(pstats.Stats(profiler), len(records) - _CHUNK)


def _result(stats: pstats.Stats, events: int) -> Result:
    timed: dict[_Place, tuple[int, int, float, float, object]] = stats.stats  # type: ignore[attr-defined]
    own = {place: (calls, seconds) for place, (_, calls, seconds, _, _) in timed.items()}
    total = sum(seconds for _, seconds in own.values())
    by_part: dict[str, float] = defaultdict(float)
    for place, (_, own_seconds) in own.items():
        by_part[_part(place)] += own_seconds
    earlier = before()
    parts = Table("Own time by part of the product", ("part", "share", earlier.title))
    for part, spent in sorted(by_part.items(), key=lambda item: -item[1])[:_PARTS]:
        parts.add(part, f"{100 * spent / total:.1f} %", earlier.share(part))
    functions = Table("The functions with the most own time", ("function", "share", "calls an event"))
    for place, (calls, seconds) in sorted(own.items(), key=lambda item: -item[1][1])[:_TOP]:
        functions.add(_name(place), f"{100 * seconds / total:.1f} %", f"{calls / events:.1f}")
    each = sum(count for count, _ in own.values()) / events
    return Result(
        "profile",
        [parts, functions],
        [f"{each:,.0f} function calls an event; the profiler itself makes calls dearer than they are."],
        {"shares": {part: spent / total for part, spent in by_part.items()}, "calls_per_event": each},
    )


def _part(place: _Place) -> str:
    file = Path(place[0])
    if file.is_relative_to(ROOT / "app"):
        return str(file.relative_to(ROOT).with_suffix(""))
    return "msgspec, fastavro, the interpreter" if place[0] == "~" else "libraries"


def _name(place: _Place) -> str:
    file = Path(place[0])
    where = str(file.relative_to(ROOT)) if file.is_relative_to(ROOT) else file.name
    return place[2] if place[0] == "~" else f"{where}:{place[1]} {place[2]}"

"""What a worker's memory holds per customer of each kind: measured on the process, each kind in one of its own."""

import multiprocessing
import time
from collections.abc import Sequence
from random import Random
from typing import Any, Final, NamedTuple

from app.clock import DAY, Instant
from app.shell.state_tables import PartitionState
from app.shell.time_index import TimeIndex
from app.stage import Effects
from app.topics import CHANGELOGS, Topic
from benchmarks.core import Core
from benchmarks.machine import resident_bytes
from benchmarks.scale.population import MIX, Kind, Pattern, patterns, population

_PATTERNS: Final = 200
_SEED: Final = 20260715


class Weight(NamedTuple):
    """Per customer of a kind: rows, bytes of keys and values, resident bytes without deadlines, keys that wait."""

    kind: str
    percent: int
    rows: dict[str, float]
    row_bytes: dict[str, float]
    resident: float
    waiting: float


def weigh(now: Instant, copies: int) -> list[Weight]:
    """Weigh each kind of the mix, so many copies of each."""
    return [_weigh_apart(now, kind, copies) for kind in MIX]


def _weigh_apart(now: Instant, kind: Kind, copies: int) -> Weight:
    made = patterns(now, (kind,), _PATTERNS, _SEED)
    # a process of its own: what another kind has freed must not be counted as nothing
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        resident, waiting = pool.apply(_fill, (made, copies))
    rows, sizes = _rows(made)
    return Weight(kind.name, kind.percent, rows, sizes, resident, waiting)


def _rows(made: Sequence[Pattern]) -> tuple[dict[str, float], dict[str, float]]:
    rows, sizes = {}, {}
    for changelog in CHANGELOGS:
        own = [entry for pattern in made for entry in pattern.entries if entry.changelog is changelog]
        rows[str(changelog)] = len(own) / len(made)
        sizes[str(changelog)] = sum(len(entry.key) + len(entry.value) for entry in own) / len(made)
    return rows, sizes


def _fill(made: list[Pattern], copies: int) -> tuple[float, float]:
    """Return resident bytes a customer without deadlines, and keys that wait a customer."""
    stages = {stage.changelog: stage for stage in Core().keyed}
    states = {changelog: PartitionState(stage, 0) for changelog, stage in stages.items()}
    before = resident_bytes()
    for entry in population(made, copies):
        states[entry.changelog].apply(Effects((), {entry.key: entry.value}, {}))
    filled = resident_bytes()
    for state in states.values():
        for _ in state.indexing():
            pass
    return (filled - before) / copies, sum(len(state.index) for state in states.values()) / copies


def deadline_bytes(count: int) -> float:
    """Return the resident bytes of a deadline in the time index, of so many within three days."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_index, (count,))


def _index(count: int) -> float:
    keys = [b"%011d" % number for number in range(count)]
    rng = Random(_SEED)
    index = TimeIndex(lambda _: None)
    before = resident_bytes()
    for key in keys:
        index.add(key, Instant(rng.randrange(3 * DAY)))
    return (resident_bytes() - before) / count


def rebuild_seconds(made: list[Pattern], copies: int) -> tuple[int, float]:
    """Return how many deadlines the journeys of so many customers wait for, and how long their index takes to build."""
    stage = next(stage for stage in Core().keyed if stage.changelog is Topic.JOURNEY_CHANGELOG)
    state = PartitionState(stage, 0)
    for entry in population(made, copies):
        if entry.changelog is stage.changelog:
            state.apply(Effects((), {entry.key: entry.value}, {}))
    began = time.process_time()
    for _ in state.indexing():
        pass
    return len(state.index), time.process_time() - began


def in_mix(weights: Sequence[Weight], what: str) -> float:
    """Return a field's mean over the mix."""
    whole = sum(weight.percent for weight in weights)
    return sum(weight.percent * float(getattr(weight, what)) for weight in weights) / whole


def as_data(weights: Sequence[Weight]) -> list[dict[str, Any]]:
    """Return the weights for machines."""
    return [weight._asdict() for weight in weights]

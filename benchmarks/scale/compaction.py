"""Changelogs on the broker's disk: how near to the size of what lives they stay, and that what is removed leaves."""

import asyncio
import itertools
import time
from pathlib import Path
from typing import Any, Final, NamedTuple

from app.broker import Broker
from app.settings import KafkaSettings
from app.stage import OutRecord
from app.topics import Topic
from benchmarks.delays import now
from benchmarks.place import Place, place
from benchmarks.scale.population import OPEN, Pattern, patterns, population, rows

_REWRITES: Final = 8
_GONE_EVERY: Final = 2
_LOOK_SECONDS: Final = 2.0
_STILL_SECONDS: Final = 40.0
"""The cleaner looks every 15 seconds; when nothing has shrunk for longer than two looks it has done what it will."""
_BATCH: Final = 20_000


class Compacted(NamedTuple):
    """Bytes of what lives, written in all, on disk at the end, and of that in segments that are written no more.

    `seconds` is how long the cleaner took.
    """

    live: int
    written: int
    on_disk: int
    closed: int
    partitions: int
    seconds: float
    tombstones: int

    def as_data(self) -> dict[str, Any]:
        """Return it for machines."""
        return self._asdict()


async def compact(kafka: KafkaSettings, broker: Broker, customers: int) -> Compacted:
    """Write the states of so many customers again and again, remove half of them, and wait for the cleaner."""
    made = [_journeys_only(pattern) for pattern in patterns(now(), (OPEN,), 200)]
    async with place(kafka) as where:
        written = sum([await _write(where, made, customers) for _ in range(_REWRITES)])
        gone = await _remove(where, made, customers)
        live = written // _REWRITES * (_GONE_EVERY - 1) // _GONE_EVERY
        began = time.monotonic()
        sizes = await _until_still(broker, where)
        took = time.monotonic() - began - _STILL_SECONDS
        return Compacted(live, written, *sizes, where.settings.partitions, took, gone)


def _journeys_only(pattern: Pattern) -> Pattern:
    entries = tuple(entry for entry in pattern.entries if entry.changelog is Topic.JOURNEY_CHANGELOG)
    return pattern._replace(entries=entries)


async def _write(where: Place, made: list[Pattern], customers: int) -> int:
    size = 0
    records = rows(population(made, customers), where.settings.partitions)
    while batch := list(itertools.islice(records, _BATCH)):
        await asyncio.gather(*await where.writer.send(batch))
        size += sum(len(record.key or b"") + len(record.value or b"") for record in batch)
    return size


async def _remove(where: Place, made: list[Pattern], customers: int) -> int:
    """Write tombstones as a worker does for a customer of whom nothing is left."""
    records = list(rows(population(made, customers), where.settings.partitions))[::_GONE_EVERY]
    await asyncio.gather(
        *await where.writer.send([OutRecord(one.topic, one.key, None, (), one.partition) for one in records])
    )
    return len(records)


async def _until_still(broker: Broker, where: Place) -> tuple[int, int]:
    """Return the changelog's size on disk once it has shrunk as far as it will: all of it, and closed segments."""
    least, since = _on_disk(broker, where), time.monotonic()
    while time.monotonic() - since < _STILL_SECONDS:
        await asyncio.sleep(_LOOK_SECONDS)
        sizes = _on_disk(broker, where)
        if sizes[0] < least[0]:
            least, since = sizes, time.monotonic()
    return least


def _on_disk(broker: Broker, where: Place) -> tuple[int, int]:
    total, closed = 0, 0
    for folder in broker.data_dir.rglob(f"{where.wire_name(Topic.JOURNEY_CHANGELOG)}-*"):
        sizes = [_size(segment) for segment in sorted(folder.glob("*.log"))]
        total += sum(sizes)
        closed += sum(sizes[:-1])
    return total, closed


def _size(segment: Path) -> int:
    try:
        return segment.stat().st_size
    except FileNotFoundError:  # the cleaner has just put another in its place
        return 0

"""Events at a steady rate, orders among them whose holds are waited for, and when each of these could be read."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, NamedTuple

from aiokafka import AIOKafkaConsumer

from app.clock import Instant
from app.errors import SetupError
from app.shell.kafka_client import client_options
from app.stage import OutRecord
from app.topics import Topic
from benchmarks.load import make_load
from benchmarks.place import Contender, Place
from benchmarks.probes import Probe

PROBES: Final = 20
"""Stated failures a second, and as many promises that run out: half of the failures name no customer."""
LEAD: Final = 3
"""Seconds between a probe's order and its failure, and the least between an order and its broken promise."""
_BEAT: Final = 0.01
_SPREAD: Final = 10
"""Promises run out within so many seconds after the least."""
_EVENTS_OF_A_PROBE: Final = 3
_PATIENCE: Final = 30
_FETCH_WAIT_MS: Final = 50


class Caused(NamedTuple):
    """When each hold was due to be readable, in ms since 1970, by customer: when its failure stood in the log, or its
    promise ran out.
    """

    stated: dict[bytes, int]
    timed: dict[bytes, int]


class Pace(NamedTuple):
    """Events a second (probes included), seconds before the first probe, seconds with them; `name` is in their ids."""

    name: str
    rate: float
    warm: float
    seconds: float


@asynccontextmanager
async def reading(where: Place) -> AsyncIterator[dict[bytes, int]]:
    """Yield what is filled while we are in here: when each customer's first hold could be read, as committed."""
    readable: dict[bytes, int] = {}
    consumer = AIOKafkaConsumer(
        **client_options(where.kafka),
        enable_auto_commit=False,
        isolation_level="read_committed",
        fetch_max_wait_ms=_FETCH_WAIT_MS,
    )
    await consumer.start()
    partitions = where.partitions([Topic.SUPPRESSIONS])
    consumer.assign(partitions)
    await consumer.seek_to_end(*partitions)
    for place in partitions:
        await consumer.position(place)
    reader = asyncio.create_task(_read(consumer, readable))
    try:
        yield readable
    finally:
        reader.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await reader
        await consumer.stop()


async def _read(consumer: AIOKafkaConsumer, readable: dict[bytes, int]) -> None:
    while True:
        fetched = await consumer.getmany(timeout_ms=1000)
        at = now()
        for record in (record for records in fetched.values() for record in records):
            readable.setdefault(record.key, at)


async def drive(where: Place, pace: Pace, load: list[OutRecord] | None = None) -> Caused:
    """Publish a load at the pace it was made for (None: make it first); return when each hold was caused."""
    warm, beats = int(pace.warm / _BEAT), int((pace.warm + pace.seconds) / _BEAT)
    load = load_of(pace) if load is None else load
    share = len(load) / beats
    caused = Caused({}, {})
    lead, every = int(LEAD / _BEAT), round(1 / (PROBES * _BEAT))
    began = time.monotonic()
    pending: list[asyncio.Task[None]] = []
    for beat in range(beats):
        batch = load[int(beat * share) : int((beat + 1) * share)]
        probing = beat >= warm and beat % every == 0
        if probing:
            batch += _orders(pace, (beat - warm) // every, caused.timed)
        await where.writer.send(batch)
        if probing and beat >= warm + lead:
            pending.append(asyncio.create_task(_fail(where, pace, (beat - warm - lead) // every, caused.stated)))
        await asyncio.sleep(max(0.0, began + (beat + 1) * _BEAT - time.monotonic()))
    await asyncio.gather(*pending)
    return caused


def load_of(pace: Pace) -> list[OutRecord]:
    """Return the events to publish at a pace, probes aside."""
    events = int((pace.warm + pace.seconds) * (pace.rate - _EVENTS_OF_A_PROBE * PROBES))
    # another seed for each: the same orders twice would be repeats
    return make_load(max(1, events), now(), seed=sum(pace.name.encode())).records


def _orders(pace: Pace, number: int, timed: dict[bytes, int]) -> list[OutRecord]:
    """Return an order that will fail and one whose promise will be broken."""
    at, broken = now(), Probe(f"{pace.name}-timed-{number}")
    due = Instant(at + 1000 * LEAD + number * 7919 % (1000 * _SPREAD))
    timed[broken.customer] = due
    return [_probe(pace, number).placed(at), broken.placed(at, due)]


async def _fail(where: Place, pace: Pace, number: int, stated: dict[bytes, int]) -> None:
    probe = _probe(pace, number)
    (sent,) = await where.writer.send([probe.understocked(now())])
    stated[probe.customer] = (await sent).timestamp


def _probe(pace: Pace, number: int) -> Probe:
    return Probe(f"{pace.name}-stated-{number}", known=is_known(b"%d" % number))


def is_known(customer: bytes) -> bool:
    """Say whether a stated failure's event named its customer."""
    return int(customer.rpartition(b"-")[2]) % 2 == 0


async def until_all(
    readable: Mapping[bytes, int], customers: Collection[bytes], contender: Contender, patience: float = _PATIENCE
) -> None:
    """Wait until all these holds have been read; SetupError when they do not come in time."""
    until = time.monotonic() + _SPREAD + patience
    while missing := sum(customer not in readable for customer in customers):
        contender.require_alive()
        if time.monotonic() > until:
            raise SetupError(f"{missing} of {len(customers)} holds were never said; see {contender.log}")
        await asyncio.sleep(0.2)


def delays(caused: Mapping[bytes, int], readable: Mapping[bytes, int]) -> list[int]:
    """Return how long each hold took to be readable, in ms, ascending."""
    return sorted(readable[customer] - at for customer, at in caused.items())


def summary(values: list[int]) -> dict[str, Any]:
    """Return samples, p50, p90, p99 and the most."""
    return {"samples": len(values), **{f"p{share:g}": at(values, share / 100) for share in (50, 90, 99, 100)}}


def cells(values: list[int]) -> tuple[str, ...]:
    """Return p50, p99, the most and the number of samples, as a table shows them."""
    return (*(f"{at(values, share):,} ms" for share in (0.5, 0.99, 1)), f"{len(values):,}")


def at(values: list[int], share: float) -> int:
    """Return the value below which such a share lies."""
    return values[min(len(values) - 1, int(len(values) * share))] if values else 0


def now() -> Instant:
    """Return the time."""
    return Instant(time.time_ns() // 1_000_000)

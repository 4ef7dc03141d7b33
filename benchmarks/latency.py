"""How long a hold takes at a steady rate of events, and how late deadlines fire while many are open."""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from aiokafka import AIOKafkaConsumer

from app.broker import Broker
from app.clock import Instant
from app.errors import SetupError
from app.settings import KafkaSettings
from app.shell.kafka_client import client_options
from app.stage import OutRecord
from app.topics import Topic
from benchmarks.load import make_load
from benchmarks.machine import Spent, Usage, resident_mib, spent
from benchmarks.place import MAKEGOOD, Contender, Place, own_broker, place, running
from benchmarks.probes import Probe
from benchmarks.report import Result, Table

_RATE: Final = 1_000
"""Events a second, probes included."""
_BEAT: Final = 0.01
_PROBES: Final = 20
"""Stated failures a second, and as many promises that run out: half of the failures name no customer."""
_OPEN: Final = 100_000
_WARM: Final = 15
"""Seconds at that rate before the first probe: the broker is a young JVM that still compiles itself."""
_SECONDS: Final = 40
_LEAD: Final = 3
"""Seconds between a probe's order and its failure, and the least between an order and its broken promise."""
_SPREAD: Final = 15
_PATIENCE: Final = 20
_FETCH_WAIT_MS: Final = 50


class Seen(NamedTuple):
    """When the holds were due to be readable and when they were, in ms since 1970, by customer."""

    caused: dict[bytes, int]
    readable: dict[bytes, int]

    def delays(self) -> list[int]:
        """Return how long each took, in ms; SetupError when one never came."""
        if missing := self.caused.keys() - self.readable.keys():
            raise SetupError(f"{len(missing)} of {len(self.caused)} holds were never said")
        return sorted(self.readable[customer] - at for customer, at in self.caused.items())


def measure(scale: float) -> Result:
    """Measure holds and deadlines in one run; `scale` multiplies the deadlines open beside it."""
    with own_broker() as (kafka, broker):
        return asyncio.run(_run(kafka, broker, int(_OPEN * scale)))


async def _run(kafka: KafkaSettings, broker: Broker, open_deadlines: int) -> Result:
    async with place(kafka) as where:
        now = _now()
        orders = [Probe(f"open-{number}").placed(now) for number in range(open_deadlines)]
        with running(where, *MAKEGOOD) as contender:
            began = time.monotonic()
            await where.publish(orders)
            await where.caught_up(contender)
            filled = time.monotonic() - began
            print(f"{open_deadlines:,} orders with open deadlines taken in within {filled:.0f} s")
            before, own = Usage.now(contender.pid, broker.pid), time.process_time()
            readable: dict[bytes, int] = {}
            reader = asyncio.create_task(_read(where, readable))
            stated, timed = await _drive(where)
            await _until_all(readable, [*stated, *timed], contender)
            used = spent(before, Usage.now(contender.pid, broker.pid), time.process_time() - own)
            memory = resident_mib(contender.pid)
            reader.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await reader
    return _result(Seen(stated, readable), Seen(timed, readable), used, open_deadlines, memory)


async def _drive(where: Place) -> tuple[dict[bytes, int], dict[bytes, int]]:
    """Publish at the rate; return when each stated failure stood in the log and when each promise ran out."""
    warm, beats = int(_WARM / _BEAT), int((_WARM + _SECONDS) / _BEAT)
    load = make_load((_WARM + _SECONDS) * (_RATE - 3 * _PROBES), _now()).records
    share = len(load) / beats
    stated: dict[bytes, int] = {}
    timed: dict[bytes, int] = {}
    lead = int(_LEAD / _BEAT)
    every = round(1 / (_PROBES * _BEAT))
    began = time.monotonic()
    pending: list[asyncio.Task[None]] = []
    for beat in range(beats):
        batch = load[int(beat * share) : int((beat + 1) * share)]
        probing = beat >= warm and beat % every == 0
        if probing:
            batch += _orders((beat - warm) // every, timed)
        await where.writer.send(batch)
        if probing and beat >= warm + lead:
            pending.append(asyncio.create_task(_fail(where, (beat - warm - lead) // every, stated)))
        await asyncio.sleep(max(0.0, began + (beat + 1) * _BEAT - time.monotonic()))
    await asyncio.gather(*pending)
    return stated, timed


def _orders(number: int, timed: dict[bytes, int]) -> Sequence[OutRecord]:
    """Return an order that will fail and one whose promise will be broken."""
    now, broken = _now(), Probe(f"timed-{number}")
    due = Instant(now + 1000 * _LEAD + number * 7919 % (1000 * _SPREAD))
    timed[broken.customer] = due
    return [_probe(number).placed(now), broken.placed(now, due)]


async def _fail(where: Place, number: int, stated: dict[bytes, int]) -> None:
    probe = _probe(number)
    (sent,) = await where.writer.send([probe.understocked(_now())])
    stated[probe.customer] = (await sent).timestamp


def _probe(number: int) -> Probe:
    return Probe(f"stated-{number}", known=number % 2 == 0)


async def _read(where: Place, readable: dict[bytes, int]) -> None:
    """Note when each customer's first hold can be read, as any consumer of committed records would see it."""
    consumer = AIOKafkaConsumer(
        **client_options(where.kafka),
        enable_auto_commit=False,
        isolation_level="read_committed",
        fetch_max_wait_ms=_FETCH_WAIT_MS,
    )
    await consumer.start()
    try:
        partitions = where.partitions([Topic.SUPPRESSIONS])
        consumer.assign(partitions)
        await consumer.seek_to_end(*partitions)
        while True:
            fetched = await consumer.getmany(timeout_ms=1000)
            now = _now()
            for record in (record for records in fetched.values() for record in records):
                readable.setdefault(record.key, now)
    finally:
        await consumer.stop()


async def _until_all(readable: dict[bytes, int], customers: Sequence[bytes], contender: Contender) -> None:
    until = time.monotonic() + _SPREAD + _PATIENCE
    while any(customer not in readable for customer in customers) and time.monotonic() < until:
        contender.require_alive()
        await asyncio.sleep(0.2)


def _result(stated: Seen, timed: Seen, used: Spent, open_deadlines: int, memory: float) -> Result:
    known, found = ({c: at for c, at in stated.caused.items() if _is_known(c) is flag} for flag in (True, False))
    rows = {
        "event to hold, the event names its customer": Seen(known, stated.readable).delays(),
        "event to hold, the directory finds the customer": Seen(found, stated.readable).delays(),
        "event to hold, all": stated.delays(),
        "deadline to hold (lateness of timers)": timed.delays(),
    }
    table = Table(
        f"Delays at {_RATE:,} events a second with {open_deadlines:,} open deadlines",
        ("from … to the hold readable with read_committed", "p50", "p99", "max", "samples"),
    )
    for name, delays in rows.items():
        table.add(name, *(f"{delays[_place(delays, share)]:,} ms" for share in (0.5, 0.99, 1)), f"{len(delays):,}")
    worker, broker = used.processes
    told = (
        f"Meanwhile the worker used {worker / used.seconds:.2f} cores, the broker {broker / used.seconds:.2f}, "
        f"other processes {used.other_cores:.2f}; the worker held {memory:.0f} MiB."
    )
    return Result(
        "latency",
        [table],
        [told],
        {"delays_ms": {name: _summary(delays) for name, delays in rows.items()}, "worker_mib": memory},
    )


def _is_known(customer: bytes) -> bool:
    return int(customer.rpartition(b"-")[2]) % 2 == 0


def _summary(delays: list[int]) -> dict[str, Any]:
    return {
        "samples": len(delays),
        **{f"p{share:g}": delays[_place(delays, share / 100)] for share in (50, 90, 99, 100)},
    }


def _place(values: list[int], share: float) -> int:
    return min(len(values) - 1, int(len(values) * share))


def _now() -> Instant:
    return Instant(time.time_ns() // 1_000_000)

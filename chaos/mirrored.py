"""A cluster copied and gone on with: the copy says what the first said, and goes on without saying any of it again."""

import asyncio
import tempfile
from pathlib import Path
from random import Random
from typing import Final

from app.broker import Broker
from app.clock import Instant
from app.settings import KafkaSettings
from app.shell.mirroring import mirror
from app.shell.safe_clock import wall_clock
from app.topics import OUTPUTS
from chaos.check import Verdict, check, read_all
from chaos.diary import Diary
from chaos.ground import Ground, ground
from chaos.run import settle

_RATE: Final = 6.0
_SECONDS: Final = 20.0
_UNWORKED_SECONDS: Final = 4.0
_APART: Final = 5_000
"""How far the numbers of the customers of two producers lie apart."""


async def run_mirrored(seed: int, diary: Diary) -> Verdict:
    """Work on one cluster, stop, let senders go on, copy, and work on there; return what was found wrong."""
    rng = Random(seed)
    diary.note("begin", seed=seed)
    with tempfile.TemporaryDirectory(prefix="makegood-mirrored-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        async with ground(folder, rng, diary, rate=_RATE) as first:
            await _work(first, diary)
            await asyncio.to_thread(first.crew.stop)
            said = await _said(first)
            first.produce_anew(rng, _RATE, _APART)
            await _produce(first, _UNWORKED_SECONDS)
            with await asyncio.to_thread(Broker.start, folder / "copy") as broker:
                verdict = await _on_the_copy(first, broker, rng, said)
    for fault in verdict.faults:
        diary.note("FAULT", fault=fault)
    diary.note("end", **{"faults": len(verdict.faults), **verdict.compared})
    return verdict


async def _on_the_copy(first: Ground, broker: Broker, rng: Random, said: list[tuple[str, int]]) -> Verdict:
    kafka = KafkaSettings(bootstrap=broker.bootstrap, security_protocol="PLAINTEXT")
    copied = await mirror(first.kafka, kafka, first.settings)
    first.diary.note("copied", records=sum(copied.values()))
    folder = first.folder / "second"
    folder.mkdir()
    second = Ground(broker, first.proxy, first.settings, folder, first.diary)
    await second.connect(kafka, rng, _RATE, 2 * _APART)
    try:
        different = await _said(second) != said
        settled = await _work(second, first.diary)
        await asyncio.to_thread(second.crew.stop)
        verdict = await check(second, settled or wall_clock(), copied=True)
    finally:
        await second.close()
    if different:
        verdict.faults.append("the copy's outputs are not those of the first cluster")
    return verdict


async def _work(place: Ground, diary: Diary) -> Instant | None:
    place.crew.start(0)
    await _produce(place, _SECONDS)
    settled = await settle(place)
    diary.note("worked", until=settled)
    return settled


async def _produce(place: Ground, seconds: float) -> None:
    producing = asyncio.ensure_future(place.producer.run())
    await asyncio.sleep(seconds)
    place.producer.enough()
    await producing


async def _said(place: Ground) -> list[tuple[str, int]]:
    """Return the outputs of a cluster, each partition's in its order, as hashes."""
    found = await read_all(place)
    return [
        (str(topic), hash((tp.partition, record.key, record.value)))
        for topic in OUTPUTS
        for tp in place.places(topic)
        for record in found[tp]
    ]

"""Intake over one topic: when a record is known does not depend on which worker read it, nor how often."""

import asyncio
from collections.abc import Awaitable, Sequence
from types import SimpleNamespace
from typing import Any, cast

from faust.types import TP, Message

from app.clock import Instant
from app.shell.batch_path import Slice
from app.shell.intake_agent import IntakeLoop
from app.shell.refusals_limit import RefusalsLimit
from app.shell.telemetry_protocol import NoTelemetry
from app.stage import IntakeStage, LogRecord, OutRecord
from app.topics import Topic


class Admitting:
    """Remembers when each record is known."""

    def __init__(self) -> None:
        self.known: list[tuple[int, int]] = []

    def admit(self, record: LogRecord) -> list[OutRecord]:
        self.known.append((record.offset, record.timestamp))
        return []


def piece(*records: tuple[int, int]) -> Any:
    found = [SimpleNamespace(key=b"k", value=b"v", headers=(), offset=at, timestamp=Instant(ms)) for at, ms in records]
    return Slice(found, records[0][0], records[-1][0] + 1)


def known(*pieces: Any) -> list[tuple[int, int]]:
    stage = Admitting()

    async def run() -> None:
        arriving: list[asyncio.Task[None]] = []

        def guard(work: Awaitable[None]) -> "asyncio.Task[None]":
            arriving.append(asyncio.ensure_future(work))
            return arriving[-1]

        async def send(_: Sequence[OutRecord]) -> list[Any]:
            return []

        loop = IntakeLoop(
            Topic.ORDERS,
            cast("IntakeStage", stage),
            send,
            telemetry=NoTelemetry(),
            finish=lambda *_: None,
            guard=guard,
            limit=RefusalsLimit(0, lambda: 0.0),
            pause=lambda _: None,
        )
        message = cast("Message[Any, Any]", SimpleNamespace(tp=TP("orders", 0), partition=0))
        for each in pieces:
            await loop.take(message, each)
        await asyncio.gather(*arriving)

    asyncio.run(run())
    return stage.known


def test_a_time_that_goes_back_is_raised_to_the_newest_before_it() -> None:
    assert known(piece((0, 50)), piece((1, 40), (2, 60))) == [(0, 50), (1, 50), (2, 60)]


def test_what_is_read_again_when_a_partition_comes_back_is_known_when_it_was_before() -> None:
    assert known(piece((0, 50), (1, 70)), piece((0, 50), (1, 70))) == [(0, 50), (1, 70)] * 2

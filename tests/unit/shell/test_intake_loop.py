"""Intake over one topic: when a record is known does not depend on which worker read it, nor how often."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest
from faust.types import TP, Message

from app.clock import Instant
from app.shell.batch_path import Slice
from app.shell.cancelling import GivenUpError
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
    found = [LogRecord(b"k", b"v", Instant(ms), Topic.ORDERS, 0, at) for at, ms in records]
    return Slice(found, records[0][0], records[-1][0] + 1)


Send = Callable[[Sequence[OutRecord]], Awaitable[list[Any]]]


async def arrived(_: Sequence[OutRecord]) -> list[Any]:
    return []


def known(*pieces: Any, send: Send = arrived, patience: float = 60.0) -> list[tuple[int, int]]:
    stage = Admitting()

    async def run() -> None:
        arriving: list[asyncio.Task[None]] = []

        def guard(work: Awaitable[None]) -> "asyncio.Task[None]":
            arriving.append(asyncio.ensure_future(work))
            return arriving[-1]

        loop = IntakeLoop(
            Topic.ORDERS,
            cast("IntakeStage", stage),
            send,
            telemetry=NoTelemetry(),
            finish=lambda *_: None,
            guard=guard,
            limit=RefusalsLimit(0, lambda: 0.0),
            pause=lambda _: None,
            patience=patience,
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


def test_facts_that_never_arrive_are_given_up_instead_of_waited_for() -> None:
    async def lost(_: Sequence[OutRecord]) -> list[Any]:
        return [asyncio.get_running_loop().create_future()]

    with pytest.raises(GivenUpError, match="facts of orders did not arrive"):
        known(piece((0, 50)), send=lost, patience=0.01)

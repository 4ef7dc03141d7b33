"""What several callers send at the same time goes together, in the order in which they came."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from app.shell.gathering import Gathering
from app.stage import OutRecord
from app.topics import Topic


class Broker:
    """Takes requests; they arrive when told."""

    def __init__(self) -> None:
        self.requests: list[list[bytes | None]] = []
        self.arriving: list[asyncio.Future[None]] = []

    async def send(self, records: Sequence[OutRecord]) -> "list[asyncio.Future[Any]]":
        self.requests.append([record.value for record in records])
        self.arriving.append(asyncio.get_running_loop().create_future())
        return [self.arriving[-1]]


def fact(value: bytes) -> OutRecord:
    return OutRecord(Topic.JOURNEY_LOG, b"k", value)


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def test_what_comes_while_some_are_under_way_goes_together_once_they_have_arrived() -> None:
    async def scenario() -> None:
        broker = Broker()
        gathering = Gathering(broker.send)
        first = [*await gathering.send([fact(b"1")]), *await gathering.send([fact(b"2")])]
        await settle()
        later = [*await gathering.send([fact(b"3"), fact(b"4")]), *await gathering.send([fact(b"5")])]
        await settle()
        assert broker.requests == [[b"1", b"2"]]
        broker.arriving[0].set_result(None)
        await asyncio.gather(*first)
        await settle()
        assert broker.requests == [[b"1", b"2"], [b"3", b"4", b"5"]]
        assert not any(future.done() for future in later)
        broker.arriving[1].set_result(None)
        await asyncio.gather(*later)

    asyncio.run(scenario())


def test_who_sent_what_is_refused_hears_of_it() -> None:
    async def scenario() -> None:
        broker = Broker()
        gathering = Gathering(broker.send)
        sent = await gathering.send([fact(b"1")])
        await settle()
        broker.arriving[0].set_exception(ConnectionError("gone"))
        with pytest.raises(ConnectionError, match="gone"):
            await asyncio.gather(*sent)

    asyncio.run(scenario())


def test_a_slice_that_came_to_nothing_waits_for_nothing() -> None:
    async def scenario() -> None:
        broker = Broker()
        assert await Gathering(broker.send).send([]) == []
        await settle()
        assert broker.requests == []

    asyncio.run(scenario())

"""Sending together what several callers have at the same time.

The client has one request at a time under way to a broker, and one batch of a partition. With a few records in each of
some thirty input partitions, what each slice came to waited for the requests of all those before it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from app.stage import OutRecord

Send = Callable[[Sequence[OutRecord]], Awaitable[Sequence["asyncio.Future[Any]"]]]


class Gathering:
    """Sends records in the order given; what comes while some are under way goes together once they have arrived."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._waiting: list[OutRecord] = []
        self._next: asyncio.Task[None] | None = None
        self._under_way: asyncio.Task[None] | None = None

    async def send(self, records: Sequence[OutRecord]) -> "list[asyncio.Future[None]]":
        """Take records; they are written when the futures returned are done. Never waits itself."""
        if not records:
            return []
        self._waiting.extend(records)
        if self._next is None:
            self._next = asyncio.ensure_future(self._after(self._under_way))
        return [asyncio.shield(self._next)]

    async def _after(self, before: "asyncio.Task[None] | None") -> None:
        if before is not None:
            # whoever waits for those hears of their failure, and the worker ends with it
            await asyncio.wait([before])
        # what the same fetch brought to other topics is offered in this turn of the event loop
        await asyncio.sleep(0)
        self._under_way, self._next = self._next, None
        records, self._waiting = self._waiting, []
        await asyncio.gather(*await self._send(records))

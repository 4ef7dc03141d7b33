"""The producer that keeps count: it publishes lives over time, and knows what the broker has confirmed."""

import asyncio
import heapq
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from random import Random
from typing import Final

from aiokafka.errors import KafkaError

from app.clock import Instant
from app.shell.safe_clock import wall_clock
from app.shell.writers import LogWriter
from app.stage import OutRecord
from chaos.diary import Diary
from chaos.lives import Sent, life, terms

_TURN: Final = 0.05
_AGAIN_SECONDS: Final = 1.0
_CONFIRM_SECONDS: Final = 10.0
"""What a client that was given up had not written is never answered; so nobody waits for longer."""


class Producer:
    """Publishes `rate` new lives a second until it is enough; what the broker did not confirm is sent again.

    `first`: the number of the first customer, so that two producers do not tell of the same ones.
    """

    def __init__(
        self, new_writer: Callable[[], LogWriter], rng: Random, diary: Diary, rate: float, first: int = 0
    ) -> None:
        self._new_writer = new_writer
        self._writer: LogWriter | None = None
        self._connecting = asyncio.Lock()
        self._rng = rng
        self._diary = diary
        self.rate = rate
        self._waiting: list[tuple[int, int, OutRecord]] = []
        self._unconfirmed: set[asyncio.Task[None]] = set()
        self._lives = first
        self._enough = False
        self._number = 0
        self._again: Counter[str] = Counter()
        self.confirmed: list[OutRecord] = []

    def enough(self) -> None:
        """Tell it to begin no more lives."""
        self._enough = True

    async def run(self) -> None:
        """Publish until it is enough, then the rest of the lives begun, all at once."""
        await self._publish(terms(wall_clock()))
        begun = 0.0
        while not self._enough:
            begun += self.rate * _TURN
            while begun >= 1:
                begun -= 1
                self._begin(wall_clock())
            await self._due(wall_clock())
            await asyncio.sleep(_TURN)
        await self._due(None)
        while self._unconfirmed:
            await asyncio.gather(*self._unconfirmed)
        self._diary.note(
            "the producer is done", lives=self._lives, confirmed=len(self.confirmed), sent_again=dict(self._again)
        )

    def _begin(self, now: Instant) -> None:
        for sent in life(self._rng, f"C{self._lives:05d}", now):
            self._wait(now, sent)
        self._lives += 1

    def _wait(self, now: Instant, sent: Sent) -> None:
        self._number += 1
        heapq.heappush(self._waiting, (now + sent.after, self._number, sent.record))

    async def _due(self, now: Instant | None) -> None:
        batch = []
        while self._waiting and (now is None or self._waiting[0][0] <= now):
            batch.append(heapq.heappop(self._waiting)[2])
        if batch:
            task = asyncio.ensure_future(self._publish(batch))
            self._unconfirmed.add(task)
            task.add_done_callback(self._unconfirmed.discard)

    async def _publish(self, records: list[OutRecord]) -> None:
        while True:
            writer = await self._connected()
            try:
                await asyncio.wait_for(self._written(writer, records), _CONFIRM_SECONDS)
            except (KafkaError, TimeoutError) as error:
                self._again[type(error).__name__] += 1
                await self._disconnect(writer)
                await asyncio.sleep(_AGAIN_SECONDS)
            else:
                self.confirmed.extend(records)
                return

    async def _written(self, writer: LogWriter, records: list[OutRecord]) -> None:
        await asyncio.gather(*await writer.send(records))

    async def _connected(self) -> LogWriter:
        async with self._connecting:
            while self._writer is None:
                writer = self._new_writer()
                try:
                    await writer.start()
                except KafkaError:
                    await asyncio.sleep(_AGAIN_SECONDS)
                else:
                    self._writer = writer
            return self._writer

    async def _disconnect(self, writer: LogWriter) -> None:
        """Give up a client that could not write: one whose sender has failed never writes again."""
        if self._writer is writer:
            self._writer = None
            with suppress(KafkaError, TimeoutError):
                await asyncio.wait_for(writer.stop(), _AGAIN_SECONDS)

    async def stop(self) -> None:
        """Disconnect."""
        if self._writer is not None:
            await self._disconnect(self._writer)

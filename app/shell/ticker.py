"""Ticks: the clock as records in the log, sent to a partition when something in it is due (decision 0009).

Through the log, so that what was appended before a tick is seen before it. A quiet partition costs nothing.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from time import monotonic
from typing import Any, Final

from aiokafka.errors import KafkaError

from app.clock import Instant
from app.shell.broker_time import BrokerTime
from app.shell.keyed_agent import PartitionLoop
from app.shell.safe_clock import SafeClock, wall_clock
from app.shell.telemetry_protocol import Telemetry
from app.stage import OutRecord, tick_value

log = logging.getLogger(__name__)

_LOOK_SECONDS: Final = 0.05
_PROBE_SECONDS: Final = 0.25
_LOST_SECONDS: Final = 2.0
_ASK_TIME_SECONDS: Final = 60.0
_LOG_APPEND_TIME: Final = 1

Send = Callable[[Sequence[OutRecord]], Awaitable[Sequence["asyncio.Future[Any]"]]]


class Ticker:
    """Looks at the partitions' time indexes and sends ticks; live clock only."""

    def __init__(
        self, clock: SafeClock, loops: Callable[[], Iterable[PartitionLoop]], send: Send, telemetry: Telemetry
    ) -> None:
        self._clock = clock
        self._loops = loops
        self._send = send
        self._telemetry = telemetry
        self._under_way: dict[PartitionLoop, tuple[Instant, float]] = {}
        self._time = BrokerTime()
        self._stamped_at: float | None = None
        self._probed_at = 0.0
        self._troubled = False

    async def run(self) -> None:
        """Tick for ever."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            waiting = [loop for loop in self._loops() if self._wants(loop, self._time.now())]
            if waiting or monotonic() - self._probed_at > _PROBE_SECONDS:
                await self._probe()
            if not self._troubled:
                await self._ask_time()
            await self._tick(waiting)

    def _wants(self, loop: PartitionLoop, now: Instant) -> bool:
        passes_at = loop.state.index.slot_passes_at(loop.until)
        if loop.standing or passes_at is None or passes_at > now or passes_at <= loop.until:
            return False
        named, sent_at = self._under_way.get(loop, (Instant(0), 0.0))
        return named <= loop.until or monotonic() - sent_at > _LOST_SECONDS

    async def _probe(self) -> None:
        """Read the clock; while the broker does not answer it stands, and `clock_lag` tells."""
        now = self._time.now()
        try:
            await self._clock.probe(now)
            self._troubled = False
        except KafkaError as error:
            if not self._troubled:
                log.warning("the clock stands: cannot see how far input has been read (%s)", type(error).__name__)
            self._troubled = True
        self._probed_at = monotonic()
        self._telemetry.clock_lag(self._clock.lag_seconds(now))

    async def _tick(self, waiting: Iterable[PartitionLoop]) -> None:
        clock = self._clock.now
        ticks = []
        for loop in waiting:
            passes_at = loop.state.index.slot_passes_at(loop.until)
            if clock is not None and passes_at is not None and passes_at <= clock:
                ticks.append(OutRecord(loop.stage.log, None, tick_value(clock), (), loop.partition))
                self._under_way[loop] = (clock, monotonic())
        if ticks:
            await self._write(ticks)
            current = set(self._loops())
            self._under_way = {loop: sent for loop, sent in self._under_way.items() if loop in current}

    async def _ask_time(self) -> None:
        """Learn the broker's time by a tick that names nothing new, when no other has told it for a minute."""
        if self._stamped_at is not None and monotonic() - self._stamped_at < _ASK_TIME_SECONDS:
            return
        if (loop := next((loop for loop in self._loops() if not loop.standing), None)) is not None:
            await self._write([OutRecord(loop.stage.log, None, tick_value(loop.until), (), loop.partition)])

    async def _write(self, ticks: Sequence[OutRecord]) -> None:
        sent = wall_clock()
        written = await asyncio.gather(*await self._send(ticks))
        answered = wall_clock()
        self._stamped_at = monotonic()
        for stamp in (metadata.timestamp for metadata in written if metadata.timestamp_type == _LOG_APPEND_TIME):
            self._time.stamped(sent, stamp, answered)
        self._telemetry.clock_off(self._time.off_ms / 1000)

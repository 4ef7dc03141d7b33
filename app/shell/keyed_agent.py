"""The loop of a keyed stage over one partition: compute, commit, take over, acknowledge (decision 0004)."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import Final, Protocol

from faust.types import Message

from app.clock import Instant
from app.errors import MakegoodError
from app.shell.batch_path import Slice
from app.shell.breaking import Aside, Breaking
from app.shell.record_batches import in_time, keyless
from app.shell.safe_clock import wall_clock
from app.shell.state_tables import PartitionState
from app.shell.telemetry_protocol import Telemetry
from app.shell.time_index import Due
from app.stage import Effects, KeyedStage, LogRecord, Round, tick_of

log = logging.getLogger(__name__)

_WAITING_SLICES: Final = 4
"""Slices of a partition that wait in memory, or as many as one round takes; more would make ticks wait behind them.

Slices are small while records come one by one: four of them are read before a round ends, and whoever waited for room
then held up the other partitions, and with them every fetch.
"""
_MOST_DUE: Final = 128
"""Keys whose deadlines fire in one round: what comes meanwhile waits for the round."""
_FEW_DUE: Final = 16
"""So many of them go with records."""
_AT_A_TIME: Final = 4
"""So many are worked before the event loop turns: a fact on its way crosses it some thirty times."""
LARGE_STATE_BYTES: Final = 256 * 1024


class StageError(MakegoodError):
    """A stage broke its contract; the worker stops, because going on would spin or lose."""


class Writer(Protocol):
    """What a partition needs of its writer."""

    async def commit(self, effects: Effects, offset: int, clock: Instant) -> int | None:
        """Write a round in one transaction; see `PartitionWriter.commit`."""
        ...


class Delivery:
    """A slice on its way through a partition: its records, and the Faust message that stands for it."""

    def __init__(self, message: Message, records: Slice) -> None:
        self.message = message
        self.records = records


Finish = Callable[[Message, bool], None]
"""Acknowledge a message (True), or give it back unworked (False)."""


class Work:
    """What a round takes on: records without the ticks, where the log goes on after them, slices it finishes."""

    def __init__(self, records: list[LogRecord], resume_at: int | None, finished: list[Delivery]) -> None:
        self.records = records
        self.ticks: list[tuple[int, Instant]] = []
        self.resume_at = resume_at
        self.finished = finished


class PartitionLoop:
    """Works one partition of a keyed stage, one round at a time; partitions run side by side.

    Live, each round takes the slices at hand (up to `slice_records` records) and a few due keys. When many ran out at
    once, every second round is theirs; only one partition at a time works such a round (`turn`, the worker's), and lets
    the event loop turn in between: records of other customers pass at their own pace (decision 0027). Under the data
    clock, records are held back until a tick and then worked in one round with all that is due by it.
    """

    def __init__(
        self,
        state: PartitionState,
        writer: Writer,
        *,
        data_clock: bool,
        slice_records: int,
        telemetry: Telemetry,
        finish: Finish,
        aside: Aside | None = None,
        turn: asyncio.Lock | None = None,
    ) -> None:
        self.state = state
        self.stage: KeyedStage = state.stage
        self.partition = state.partition
        self.until = Instant(0)
        self._worked_clock = Instant(0)
        self._writer = writer
        self._data_clock = data_clock
        self._limit = slice_records
        self._telemetry = telemetry
        self._finish = finish
        self._inbox: deque[Delivery] = deque()
        self._waiting = 0
        self._held: list[LogRecord] = []
        self._held_deliveries: list[Delivery] = []
        self._newest = Instant(0)
        self._stopping = False
        self._turn = turn or asyncio.Lock()
        self._has_turn = False
        self._crowded = False
        self._arrived = asyncio.Event()
        self._room = asyncio.Event()
        self._breaking = Breaking(
            state.stage,
            state.partition,
            state.view,
            commit=self._remember,
            telemetry=telemetry,
            aside=None if data_clock else aside,
            stopping=lambda: self._stopping,
            stood=self._stood,
        )

    @property
    def standing(self) -> bool:
        """Say whether the partition stands still because its next round breaks the stage."""
        return self._breaking.standing

    async def offer(self, message: Message, records: Slice) -> None:
        """Take a slice; waits while too many are waiting. A stopping partition gives it back at once."""
        while self._is_full() and not (self._stopping or self.standing):
            self._room.clear()
            await self._room.wait()
        if self._stopping:
            self._finish(message, False)
            return
        self._inbox.append(Delivery(message, records))
        self._waiting += len(records)
        self._arrived.set()

    def _is_full(self) -> bool:
        return len(self._inbox) >= _WAITING_SLICES and self._waiting >= self._limit

    def _next(self) -> Delivery:
        delivery = self._inbox.popleft()
        self._waiting -= len(delivery.records)
        return delivery

    def stop(self) -> None:
        """Finish the round in flight, give back all else."""
        self._stopping = True
        for delivery in (*self._held_deliveries, *self._inbox):
            self._finish(delivery.message, False)
        self._inbox.clear()
        self._waiting = 0
        self._held.clear()
        self._held_deliveries.clear()
        self._arrived.set()
        self._room.set()

    async def run(self) -> None:
        """Work until stopped; any exception is a bug or a lost partition and must stop the worker."""
        while not self._stopping:
            if self._data_clock:
                await self._step_with_data_clock()
            else:
                await self._step_live()

    async def _step_live(self) -> None:
        work = self._nothing() if self._crowded else self._take()
        most = min(self._limit, _FEW_DUE if work.records else _MOST_DUE)
        due = self.state.index.peek(self.until, most)
        had_their_turn, self._crowded = self._crowded, bool(work.records) and len(due.keys) == most
        if work.resume_at is not None or due.keys:
            await self._round(work, due)
        elif not had_their_turn:
            await self._arrived.wait()
            self._arrived.clear()

    def _nothing(self) -> Work:
        work = Work([], None, [])
        work.ticks.append((0, self.until))
        return work

    def _take(self) -> Work:
        """Take whole slices up to the limit; ticks among them raise the partition's clock."""
        work = self._nothing()
        while self._inbox and (not work.finished or len(work.records) + len(self._inbox[0].records) <= self._limit):
            delivery = self._next()
            self._sort(self._in_time(delivery.records), work)
            work.resume_at = delivery.records.ends
            work.finished.append(delivery)
        self._room.set()
        return work

    async def _step_with_data_clock(self) -> None:
        if not self._inbox:
            self._arrived.clear()
            await self._arrived.wait()
            return
        delivery = self._next()
        self._room.set()
        self._held_deliveries.append(delivery)
        records = list(self._in_time(delivery.records))
        delivery.records.clear()
        for record in records:
            tick = tick_of(record)
            if tick is None:
                self._held.append(record)
            elif not await self._work_held(tick, record.offset + 1):
                return
        if not self._held:
            self._finish_all(self._held_deliveries)

    async def _work_held(self, tick: Instant, resume_at: int) -> bool:
        """Work all that is held back up to a tick; False when the partition was given up meanwhile."""
        self.until = max(self.until, tick)
        records, self._held = self._held, []
        await self._round(Work(records, resume_at, []), self.state.index.peek(self.until))
        while not self._stopping and (due := self.state.index.peek(self.until)).keys:
            await self._round(Work([], resume_at, []), due)
        return not self._stopping

    def _finish_all(self, deliveries: list[Delivery]) -> None:
        for delivery in deliveries:
            self._finish(delivery.message, True)
        deliveries.clear()

    def _sort(self, records: list[LogRecord], work: Work) -> None:
        """Add records to what a round takes on; ticks are between them, without a key, and few."""
        begins = 0
        while (place := keyless(records, begins)) < len(records):
            record = records[place]
            tick = tick_of(record)
            work.records += records[begins : place + (tick is None)]
            if tick is not None:
                # whoever's clock is ahead: a tick names no time that had not come when the broker took it
                self.until = max(self.until, min(tick, record.timestamp))
                work.ticks.append((len(work.records), self.until))
            begins = place + 1
        work.records += records[begins:]

    def _in_time(self, records: Slice) -> list[LogRecord]:
        in_time(records, self._newest)
        if records:
            self._newest = records[-1].timestamp
        return records

    async def _round(self, work: Work, due: Due) -> None:
        state, stage = self.state, self.stage
        resume_at = work.resume_at if work.resume_at is not None else state.resume_at
        if resume_at is None:
            raise StageError(f"{stage.name}/{self.partition}: a round before anything was read")
        started = perf_counter()
        begins = work.finished[0].records.begins if work.finished else resume_at
        round_ = Round(self.partition, work.records, due.keys, self.until, ticks=work.ticks)
        effects = await self._worked(round_, begins, resume_at)
        if effects is None:
            for delivery in work.finished:
                self._finish(delivery.message, False)
            return
        computed = perf_counter()
        written_to = await self._writer.commit(effects, resume_at, self.until)
        self._worked_clock = self.until
        sizes = state.apply(effects)
        state.resume_at = resume_at
        state.read_to = max(state.read_to, written_to or 0)
        self._finish_all(work.finished)
        self._tell(work.records, due, effects, sizes, (computed - started, perf_counter() - computed))

    async def _worked(self, round_: Round, begins: int, ends: int) -> Effects | None:
        if self._data_clock or round_.records or len(round_.due) <= _FEW_DUE:
            effects = await self._breaking.work(round_, begins, ends)
            if effects is not None:
                self._check(round_.due, effects)
            return effects
        self._has_turn = await self._turn.acquire()
        try:
            return await self._worked_in_parts(round_, begins, ends)
        finally:
            self._give_back_turn()

    def _give_back_turn(self) -> None:
        if self._has_turn:
            self._has_turn = False
            self._turn.release()

    def _stood(self) -> None:
        """Let go, as this partition begins or ends to stand still, of what others may be waiting for."""
        self._give_back_turn()
        self._room.set()

    async def _worked_in_parts(self, round_: Round, begins: int, ends: int) -> Effects | None:
        """Work due keys, each of which stands alone, a few at a time; what is left when we stop is due still."""
        parts: list[Effects] = []
        for start in range(0, len(round_.due), _AT_A_TIME):
            part = round_._replace(due=round_.due[start : start + _AT_A_TIME])
            effects = await self._breaking.work(part, begins, ends)
            if effects is None:
                return None
            self._check(part.due, effects)
            parts.append(effects)
            # a change that is no customer's (who broke us, who is parked) must be in the table before the next part
            if self._stopping or any(key[:1] == b"\x00" for key in effects.changes):
                break
            await asyncio.sleep(0)
        return _together(parts)

    async def _remember(self, effects: Effects, offset: int) -> None:
        """Commit changes of the table alone, with the log where it stands."""
        written_to = await self._writer.commit(effects, offset, self._worked_clock)
        self.state.apply(effects)
        self.state.read_to = max(self.state.read_to, written_to or 0)

    def _check(self, due: Sequence[bytes], effects: Effects) -> None:
        """Refuse what would lose a deadline (no instant for a changed key) or spin (a due key left as it was)."""
        silent = effects.changes.keys() - effects.next_due.keys()
        if any(effects.changes[key] is not None for key in silent):
            raise StageError(f"{self.stage.name}/{self.partition}: a changed key without a word on its next deadline")
        for key in due:
            if key not in effects.changes or effects.changes[key] == self.state.table.get(key):
                raise StageError(f"{self.stage.name}/{self.partition}: a deadline due by {self.until} was left unfired")

    def _tell(
        self,
        records: list[LogRecord],
        due: Due,
        effects: Effects,
        sizes: Sequence[int],
        seconds: tuple[float, float],
    ) -> None:
        name, telemetry, now = self.stage.name, self._telemetry, wall_clock()
        telemetry.batch(name, len(records), len(due.keys))
        telemetry.round_seconds(name, *seconds)
        telemetry.outputs_committed(name, effects.outputs)
        if effects.repeats:
            telemetry.repeats(name, effects.repeats)
        if records:
            telemetry.event_to_commit(name, records, now)
        if due.earliest is not None and not self._data_clock:
            telemetry.timer_lateness(name, (now - due.earliest) / 1000, len(due.keys))
        if sizes:
            largest = max(sizes)
            over = sum(size > LARGE_STATE_BYTES for size in sizes) if largest > LARGE_STATE_BYTES else 0
            telemetry.state_bytes(name, largest, over)


def _together(parts: Sequence[Effects]) -> Effects:
    """Return as one what rounds over different keys came to."""
    return Effects(
        [output for part in parts for output in part.outputs],
        {key: value for part in parts for key, value in part.changes.items()},
        {key: due for part in parts for key, due in part.next_due.items()},
        sum(part.repeats for part in parts),
    )

"""A kept log worked again in its own order, record by record, in one process: what live said, and nothing else.

Its clock is that of its own ticks, as live had it (decision 0009); `memory.MemoryLog` is its like for the data's clock.
"""

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, Protocol

from app.clock import Instant
from app.facts import CustomerParked, decode_fact
from app.stage import Effects, KeyedStage, LogRecord, OutRecord, Round, tick_of
from app.topics import Topic

NOWHERE: Final = -1
"""The offset of a record that does not stand in the log that was kept."""
_START: Final = Instant(0)
_EMPTY: Final[Mapping[bytes, bytes]] = MappingProxyType({})
_PARKED_TAG: Final = b"customer_parked"


class Kept(Protocol):
    """A record as it was read from a log: a `LogRecord`, or a client's own."""

    @property
    def key(self) -> bytes | None:
        """Whose it is."""
        ...

    @property
    def value(self) -> bytes | None:
        """What it says."""
        ...

    @property
    def timestamp(self) -> int:
        """When the broker took it, in ms."""
        ...

    @property
    def offset(self) -> int:
        """Where it stands."""
        ...

    @property
    def headers(self) -> Any:
        """Its headers."""
        ...


class LiveLog:
    """One partition of a keyed stage. What is said is added to `said`.

    `snapshot`: the states that it begins with, as they stood when the log had been worked up to the offset `begins` and
    the partition's clock was at `clock`.
    """

    def __init__(
        self,
        stage: KeyedStage,
        partition: int,
        snapshot: Mapping[bytes, bytes] = _EMPTY,
        *,
        begins: int = 0,
        clock: Instant = _START,
    ) -> None:
        self.table: dict[bytes, bytes] = dict(snapshot)
        self.said: list[OutRecord] = []
        self.clock = clock
        self._stage = stage
        self._partition = partition
        self._begins = begins
        self._newest = _START
        self._dues: dict[bytes, Instant] = {}
        self._heap: list[tuple[Instant, bytes]] = []
        self._parking: dict[bytes, tuple[int, bytes]] = {}
        for key, value in self.table.items():
            self._wait(key, stage.next_due(value))

    def replay(self, records: Sequence[Kept]) -> None:
        """Take the log's records in order."""
        self.look_ahead(records)
        for record in records:
            self.take(record)

    def look_ahead(self, records: Iterable[Kept]) -> None:
        """Learn who was parked: from a record on that stands before the one that says so (decision 0021)."""
        if self._stage.log is Topic.JOURNEY_LOG:
            self._parking = {key: asked for key, asked in _parked_in(records) if asked[0] >= self._begins}

    def take(self, record: Kept) -> None:
        """Take the next record; what had run out by the clock has fired before."""
        self.fire(self.clock, record.offset)
        self._newest = max(self._newest, Instant(record.timestamp))
        known = LogRecord(
            record.key, record.value, self._newest, self._stage.log, self._partition, record.offset, record.headers
        )
        tick = tick_of(known)
        if tick is None:
            self._round([known], (), record.offset)
        else:
            self.fire(min(tick, self._newest), record.offset)

    def fire(self, until: Instant, offset: int = NOWHERE) -> None:
        """Move the clock on and fire what is due, also what that lets run out; the clock never goes back."""
        self.clock = max(self.clock, until)
        while due := self._pop():
            self._round([], due, offset)

    def _round(self, records: Sequence[LogRecord], due: Sequence[bytes], offset: int) -> None:
        keys = {*due, *(record.key for record in records)}
        begun = {key: asked for key, asked in self._parking.items() if key in keys and asked[0] <= offset}
        for key in begun:
            del self._parking[key]
        effects = self._stage.work(
            Round(self._partition, records, due, self.clock, begun, ((0, self.clock),)), self.table
        )
        self.said.extend(effects.outputs)
        self._apply(effects)

    def _apply(self, effects: Effects) -> None:
        for key, value in effects.changes.items():
            if value is None:
                self.table.pop(key, None)
            else:
                self.table[key] = bytes(value)
        for key, due in effects.next_due.items():
            self._wait(key, due)

    def _wait(self, key: bytes, due: Instant | None) -> None:
        if due is None:
            self._dues.pop(key, None)
        else:
            self._dues[key] = due
            heapq.heappush(self._heap, (due, key))

    def _pop(self) -> list[bytes]:
        due: dict[bytes, None] = {}
        while self._heap and self._heap[0][0] <= self.clock:
            moment, key = heapq.heappop(self._heap)
            if self._dues.get(key) == moment:
                due[key] = None
                del self._dues[key]
        return list(due)


def _parked_in(records: Iterable[Kept]) -> Iterator[tuple[bytes, tuple[int, bytes]]]:
    for record in records:
        # not decoded for anybody else: it may be what nobody could read
        if record.key is None or record.value is None or _PARKED_TAG not in record.value:
            continue
        what = decode_fact(record.value).what
        if isinstance(what, CustomerParked):
            yield record.key, (what.since, what.asked)

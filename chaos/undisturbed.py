"""The run that nothing disturbed: each log replayed in its own order, record by record, in one process, no Kafka."""

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from aiokafka import ConsumerRecord

from app.clock import Instant
from app.facts import CustomerParked, decode_fact
from app.main import Stages
from app.stage import Effects, KeyedStage, LogRecord, OutRecord, Round, tick_of
from app.topics import Topic

_START: Final = Instant(0)
_EMPTY: Final[Mapping[bytes, bytes]] = MappingProxyType({})


class Undisturbed:
    """One partition of a keyed stage, its log taken record by record as the live clock has it.

    `snapshot`: the states that it begins with, as the changelog held them at some moment.
    """

    def __init__(self, stage: KeyedStage, partition: int, snapshot: Mapping[bytes, bytes] = _EMPTY) -> None:
        self.table: dict[bytes, bytes] = dict(snapshot)
        self.said: list[OutRecord] = []
        self._stage = stage
        self._partition = partition
        self._until = _START
        self._newest = _START
        self._dues: dict[bytes, Instant] = {}
        self._heap: list[tuple[Instant, bytes]] = []
        self._parking: dict[bytes, tuple[int, bytes]] = {}
        for key, value in self.table.items():
            self._wait(key, stage.next_due(value))

    def replay(self, records: Sequence[ConsumerRecord]) -> None:
        """Take the log's records in order; who was parked was so from a record on that stands before it says so."""
        self._parking = dict(_parked_in(records)) if self._stage.log is Topic.JOURNEY_LOG else {}
        for record in records:
            self._newest = max(self._newest, Instant(record.timestamp))
            known = LogRecord(
                record.key, record.value, self._newest, self._stage.log, self._partition, record.offset, record.headers
            )
            tick = tick_of(known)
            if tick is None:
                self._round([known], (), record.offset)
                continue
            self._until = max(self._until, min(tick, self._newest))
            while due := self._pop():
                self._round([], due, record.offset)

    def _round(self, records: Sequence[LogRecord], due: Sequence[bytes], offset: int) -> None:
        keys = {*due, *(record.key for record in records)}
        begun = {key: asked for key, asked in self._parking.items() if key in keys and asked[0] <= offset}
        for key in begun:
            del self._parking[key]
        effects = self._stage.work(
            Round(self._partition, records, due, self._until, begun, ((0, self._until),)), self.table
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
        while self._heap and self._heap[0][0] <= self._until:
            moment, key = heapq.heappop(self._heap)
            if self._dues.get(key) == moment:
                due[key] = None
                del self._dues[key]
        return list(due)


def _parked_in(records: Iterable[ConsumerRecord]) -> Iterator[tuple[bytes, tuple[int, bytes]]]:
    for record in records:
        if record.key is None or record.value is None:
            continue
        what = decode_fact(record.value).what
        if isinstance(what, CustomerParked):
            yield record.key, (what.since, what.asked)


def admitted(stages: Stages, topic: Topic, partition: int, records: Iterable[ConsumerRecord]) -> list[OutRecord]:
    """Return what intake makes of an input partition."""
    newest = _START
    found: list[OutRecord] = []
    for record in records:
        newest = max(newest, Instant(record.timestamp))
        known = LogRecord(record.key, record.value, newest, topic, partition, record.offset, record.headers)
        found.extend(stages.intake.admit(known))
    return found

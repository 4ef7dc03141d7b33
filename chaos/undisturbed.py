"""The run that nothing disturbed: each log replayed in its own order, record by record, in one process without Kafka."""

import heapq
from collections.abc import Iterable, Sequence
from typing import Final

from aiokafka import ConsumerRecord

from app.clock import Instant
from app.main import Stages
from app.stage import Effects, KeyedStage, LogRecord, OutRecord, Round, tick_of
from app.topics import Topic

_START: Final = Instant(0)


class Undisturbed:
    """One partition of a keyed stage, its log taken record by record as the live clock has it."""

    def __init__(self, stage: KeyedStage, partition: int) -> None:
        self.table: dict[bytes, bytes] = {}
        self.said: list[OutRecord] = []
        self._stage = stage
        self._partition = partition
        self._until = _START
        self._newest = _START
        self._dues: dict[bytes, Instant] = {}
        self._heap: list[tuple[Instant, bytes]] = []

    def replay(self, records: Iterable[ConsumerRecord]) -> None:
        """Take the log's records in order."""
        for record in records:
            self._newest = max(self._newest, Instant(record.timestamp))
            known = LogRecord(
                record.key, record.value, self._newest, self._stage.log, self._partition, record.offset, record.headers
            )
            tick = tick_of(known)
            if tick is None:
                self._round([known], ())
                continue
            self._until = max(self._until, tick)
            while due := self._pop():
                self._round([], due)

    def _round(self, records: Sequence[LogRecord], due: Sequence[bytes]) -> None:
        effects = self._stage.work(Round(self._partition, records, due, self._until), self.table)
        self.said.extend(effects.outputs)
        self._apply(effects)

    def _apply(self, effects: Effects) -> None:
        for key, value in effects.changes.items():
            if value is None:
                self.table.pop(key, None)
            else:
                self.table[key] = bytes(value)
        for key, due in effects.next_due.items():
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


def admitted(stages: Stages, topic: Topic, partition: int, records: Iterable[ConsumerRecord]) -> list[OutRecord]:
    """Return what intake makes of an input partition."""
    newest, found = _START, []
    for record in records:
        newest = max(newest, Instant(record.timestamp))
        known = LogRecord(record.key, record.value, newest, topic, partition, record.offset, record.headers)
        found.extend(stages.intake.admit(known))
    return found

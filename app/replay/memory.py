"""A cluster in memory: an offline run's logs and tables, and the stages that work on them, in one process."""

import heapq
from binascii import crc32
from collections.abc import Mapping, Sequence
from typing import Final

from app.clock import Instant
from app.errors import MakegoodError
from app.replay.player import Ends
from app.stage import Effects, IntakeStage, KeyedStage, LogRecord, OutRecord, Round
from app.topics import Topic

BEGINNING: Final = Instant(0)
"""Timestamp of the logs' records: under the data clock nobody reads it."""


class MemoryLog:
    """One partition of a keyed stage: its log, its table, its deadlines.

    It does what a worker does under the data clock: records are held back until a tick, then worked in one round
    together with what is due by it, and rounds go on until nothing is due.
    """

    def __init__(self, stage: KeyedStage, partition: int) -> None:
        self.table: dict[bytes, bytes] = {}
        self._stage = stage
        self._partition = partition
        self._held: list[LogRecord] = []
        self._next_offset = 0
        self._due: dict[bytes, Instant] = {}
        self._heap: list[tuple[Instant, bytes]] = []

    def append(self, record: OutRecord) -> None:
        """Append to the log; it is worked at the next tick."""
        self._held.append(
            LogRecord(
                record.key,
                record.value,
                BEGINNING,
                self._stage.log,
                self._partition,
                self._next_offset,
                record.headers,
            )
        )
        self._next_offset += 1

    @property
    def holds_back(self) -> bool:
        """Whether it has records that no tick has worked."""
        return bool(self._held)

    def tick(self, until: Instant) -> Sequence[OutRecord]:
        """Work everything appended and everything due by `until`; return what came out."""
        held, self._held = self._held, []
        outputs = list(self._round(held, self._pop(until), until))
        while due := self._pop(until):
            outputs.extend(self._round((), due, until))
        return outputs

    def _round(self, held: Sequence[LogRecord], due: Sequence[bytes], until: Instant) -> Sequence[OutRecord]:
        effects = self._stage.work(Round(self._partition, held, due, until), self.table)
        self._require_fired(due, effects)
        for key, value in effects.changes.items():
            if value is None:
                self.table.pop(key, None)
            else:
                self.table[key] = value
        for key, moment in effects.next_due.items():
            self._wait_for(key, moment)
        return effects.outputs

    def _require_fired(self, due: Sequence[bytes], effects: Effects) -> None:
        for key in due:
            if key not in effects.changes:
                raise MakegoodError(f"{self._stage.name}: a deadline that is due was left unfired")

    def _wait_for(self, key: bytes, moment: Instant | None) -> None:
        if moment is None:
            self._due.pop(key, None)
        else:
            self._due[key] = moment
            heapq.heappush(self._heap, (moment, key))

    def _pop(self, until: Instant) -> list[bytes]:
        """Return the keys due by `until`; entries of the heap that a newer deadline replaced are dropped."""
        due = []
        while self._heap and self._heap[0][0] <= until:
            moment, key = heapq.heappop(self._heap)
            if self._due.get(key) == moment:
                del self._due[key]
                due.append(key)
        return due


class MemoryCluster:
    """Implements `player.Cluster` without Kafka: records are admitted when published, logs worked when ticked."""

    def __init__(
        self, intake: IntakeStage, directory: KeyedStage, journeys: KeyedStage, *, partitions: int = 1
    ) -> None:
        self.partitions = partitions
        self._intake = intake
        self._logs = {
            stage.log: tuple(MemoryLog(stage, partition) for partition in range(partitions))
            for stage in (directory, journeys)
        }
        self._changelogs = {stage.changelog: stage.log for stage in (directory, journeys)}
        self._outputs: list[OutRecord] = []
        self._published = 0

    async def publish(self, records: Sequence[OutRecord]) -> Ends:
        """Admit input records; records for a log are appended to it."""
        for record in records:
            if record.topic in self._logs:
                self._write(record)
                continue
            published = LogRecord(record.key, record.value, BEGINNING, record.topic, 0, self._published, record.headers)
            self._published += 1
            for admitted in self._intake.admit(published):
                self._write(admitted)
        return {}

    async def tick(self, log: Topic, at: Instant) -> Ends:
        """Work every partition of a log up to `at`; what comes out stands where it belongs when all are done."""
        came_out = [output for partition in self._logs[log] for output in partition.tick(at)]
        for output in came_out:
            self._write(output)
        return {log: 0}

    async def passed(self, ends: Ends) -> None:
        """Return at once: whatever was published or ticked has been worked."""

    async def grown(self, ends: Ends) -> bool:
        """Return whether a log holds records that no tick has worked."""
        return any(partition.holds_back for log in ends for partition in self._logs[log])

    async def outputs(self) -> Sequence[OutRecord]:
        """Return the outputs since the last call."""
        came_out, self._outputs = self._outputs, []
        return came_out

    async def states(self, changelog: Topic) -> Mapping[bytes, bytes]:
        """Return the stage's states of all partitions."""
        states: dict[bytes, bytes] = {}
        for partition in self._logs[self._changelogs[changelog]]:
            states.update(partition.table)
        return states

    def _write(self, record: OutRecord) -> None:
        if record.topic not in self._logs:
            self._outputs.append(record)
            return
        partitions = self._logs[record.topic]
        if record.partition is not None:
            partitions[record.partition].append(record)
        elif record.key is not None:
            partitions[crc32(record.key) % len(partitions)].append(record)
        else:
            raise MakegoodError(f"a record for {record.topic} with neither key nor partition")

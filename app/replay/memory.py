"""A cluster in memory: an offline run's logs and tables, and the stages that work on them, in one process."""

import heapq
from binascii import crc32
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from app.clock import Instant
from app.errors import MakegoodError
from app.replay.hops import Ends
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


class MemoryStage:
    """A keyed stage over all its partitions. Records without a key go to the partition they name."""

    def __init__(self, stage: KeyedStage, partitions: int) -> None:
        self.stage = stage
        self._logs = tuple(MemoryLog(stage, partition) for partition in range(partitions))

    def append(self, records: Iterable[OutRecord]) -> None:
        """Append each record to its key's partition."""
        for record in records:
            if record.partition is not None:
                self._logs[record.partition].append(record)
            elif record.key is not None:
                self._logs[crc32(record.key) % len(self._logs)].append(record)
            else:
                raise MakegoodError(f"a record for {record.topic} with neither key nor partition")

    def tick(self, until: Instant) -> list[OutRecord]:
        """Tick every partition until the stage has nothing more to tell itself; return what it told others."""
        told: list[OutRecord] = []
        while True:
            outputs = [output for log in self._logs for output in log.tick(until)]
            told.extend(output for output in outputs if output.topic is not self.stage.log)
            own = [output for output in outputs if output.topic is self.stage.log]
            if not own:
                return told
            self.append(own)

    def states(self) -> dict[bytes, bytes]:
        """Return every key's state."""
        return {key: value for log in self._logs for key, value in log.table.items()}


class MemoryCluster:
    """Implements `player.Cluster` without Kafka: records are admitted when published, logs worked when ticked."""

    def __init__(
        self,
        intake: IntakeStage,
        directory: KeyedStage,
        journeys: KeyedStage,
        register: KeyedStage,
        *,
        partitions: int = 1,
    ) -> None:
        self.partitions = partitions
        self._intake = intake
        self._registered: list[OutRecord] = []
        stages = [MemoryStage(stage, partitions) for stage in (directory, journeys, register)]
        self._by_log = {stage.stage.log: stage for stage in stages}
        self._by_changelog = {stage.stage.changelog: stage for stage in stages}
        self._outputs: list[OutRecord] = []
        self._published = 0

    async def publish(self, records: Sequence[OutRecord]) -> Ends:
        """Admit input records; records for a log are appended to it."""
        for record in records:
            self._write([record] if record.topic in self._by_log else self._admitted(record))
        return {}

    async def tick(self, log: Topic, at: Instant) -> Ends:
        """Work every partition of a log up to `at`."""
        self._write(self._by_log[log].tick(at))
        return {}

    async def passed(self, ends: Ends) -> None:
        """Return at once: whatever was published or ticked has been worked."""

    async def grown(self, ends: Ends) -> bool:
        """Return False: a tick goes on until the stage has nothing more to tell itself."""
        del ends
        return False

    async def registered(self) -> Sequence[OutRecord]:
        """Return the records of the register's log since the last call."""
        registered, self._registered = self._registered, []
        return registered

    async def outputs(self) -> Sequence[OutRecord]:
        """Return the outputs since the last call."""
        came_out, self._outputs = self._outputs, []
        return came_out

    async def states(self, changelog: Topic) -> Mapping[bytes, bytes]:
        """Return the stage's states of all partitions."""
        return self._by_changelog[changelog].states()

    def _admitted(self, record: OutRecord) -> Sequence[OutRecord]:
        offset, self._published = self._published, self._published + 1
        published = LogRecord(record.key, record.value, BEGINNING, record.topic, 0, offset, record.headers)
        return self._intake.admit(published)

    def _write(self, records: Sequence[OutRecord]) -> None:
        for record in records:
            if record.topic in self._by_log:
                self._by_log[record.topic].append([record])
                if record.topic is Topic.REGISTER_LOG:
                    self._registered.append(record)
            else:
                self._outputs.append(record)

"""States as a changelog has them at one place of their log, and the window of the log after it: what a snapshot is of.

Workers may be at it meanwhile. The committed place of the log is asked first, then how far the changelog has been
written: once everything before that is decided and read, nothing is missing that the place stands for. What has been
read beyond it counts up to the end of the last whole transaction, whose last change names the place that the states
stand for then (`log_places`). So the place is exact, however many transactions were under way.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Final, NamedTuple, Self

from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import OffsetOutOfRangeError

from app.clock import Instant
from app.errors import SetupError
from app.settings import KafkaSettings, WorkerSettings
from app.shell.breaking import BROKE
from app.shell.consumer import Consumer
from app.shell.kafka_client import client_options, wait_for_broker
from app.shell.log_places import GroupPlaces, Worked, worked_in
from app.shell.topics_admin import partition_counts
from app.stage import LogRecord
from app.topics import CHANGELOGS, LOGS, Topic

_POLL_MS: Final = 100
_PATIENCE_SECONDS: Final = 60.0
_BROKER_SECONDS: Final = 30.0
_FETCH_BYTES: Final = 4 * 1024 * 1024
_START: Final = Instant(0)
_CHANGELOG_OF: Final = dict(zip(LOGS, CHANGELOGS, strict=True))


class States(NamedTuple):
    """The states of one partition, and the place in its log that they stand for."""

    worked: Worked
    table: dict[bytes, bytes]


class Bounds(NamedTuple):
    """Where a log's partition begins and ends: what can be read."""

    begins: int
    ends: int


class SnapshotReader:
    """Reads states and windows from a cluster; use as a context."""

    def __init__(self, kafka: KafkaSettings, worker: WorkerSettings) -> None:
        self._kafka = kafka
        self._worker = worker
        self._group = GroupPlaces(kafka, worker)
        self._decided: Consumer
        self._written: Consumer

    async def __aenter__(self) -> Self:
        await wait_for_broker(self._kafka, limit=_BROKER_SECONDS)
        self._decided = _consumer(self._kafka, "read_committed")
        self._written = _consumer(self._kafka, "read_uncommitted")
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._group)
            for reader in (self._decided, self._written):
                # also one whose start failed has something to be closed
                stack.push_async_callback(reader.stop)
                await reader.start()
            self._open = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._open.aclose()

    async def partitions(self) -> int:
        """Return how many partitions the logs have; SetupError when one of them or of the changelogs is not there."""
        counts = await partition_counts(self._kafka, self._worker)
        names = [self._worker.topic_prefix + topic for topic in (*LOGS, *CHANGELOGS)]
        missing = [name for name in names if name not in counts]
        if missing:
            raise SetupError(
                f"no topic {missing[0]} on the cluster at {self._kafka.bootstrap}: let us read it with "
                "`makegood topics acls`, or set MAKEGOOD_TOPIC_PREFIX to the namespace you mean"
            )
        return counts[names[0]]

    async def states(self, log: Topic, partition: int) -> States:
        """Return a partition's states and their place; SetupError when no exact place can be had."""
        place = self._place(log, partition)
        committed = (await self._group.now()).get(place)
        reading = await self._read_states(_CHANGELOG_OF[log], partition)
        if reading.unplaced:
            await self._require_still(place, committed, reading)
        worked = self._placed(reading, place, committed, (await self._bounds(place)).begins)
        await self._require_committed(place, worked)
        return States(await self._past_no_records(place, worked), reading.table)

    async def worked(self) -> dict[tuple[Topic, int], int]:
        """Return up to where each partition of the logs has been worked; one that never was is missing.

        Ask it before `bounds`: then what was said by then can be read.
        """
        places = {self._worker.topic_prefix + log: log for log in LOGS}
        return {
            (places[place.topic], place.partition): offset
            for place, offset in (await self._group.now()).items()
            if place.topic in places
        }

    async def bounds(self, log: Topic, partition: int) -> Bounds:
        """Return how far a partition of a log reaches."""
        return await self._bounds(self._place(log, partition))

    def require(self, log: Topic, partition: int, begins: int, bounds: Bounds) -> None:
        """Refuse, with SetupError, a log that does not reach back to an offset, or not so far."""
        place = self._place(log, partition)
        if begins < bounds.begins:
            raise self._gone(place, begins, bounds.begins)
        if begins > bounds.ends:
            raise SetupError(
                f"{place.topic} partition {partition} ends at offset {bounds.ends}; the snapshot stands for the log "
                f"up to {begins}: it is of another cluster, or the topic was made anew"
            )

    async def window(self, log: Topic, partition: int, begins: int, bounds: Bounds) -> AsyncIterator[LogRecord]:
        """Yield the committed records of a log from an offset to its end; SetupError when retention takes them."""
        place = self._place(log, partition)
        reader = self._decided
        reader.assign([place])
        reader.seek(place, begins)
        while await reader.position(place) < bounds.ends:
            try:
                found = (await reader.getmany(place, timeout_ms=_POLL_MS)).get(place, ())
            except OffsetOutOfRangeError:
                raise self._gone(place, begins, (await self._bounds(place)).begins) from None
            for record in found:
                if record.offset < bounds.ends:
                    at = Instant(record.timestamp)
                    yield LogRecord(record.key, record.value, at, log, partition, record.offset, record.headers)

    def _place(self, topic: Topic, partition: int) -> TopicPartition:
        return TopicPartition(self._worker.topic_prefix + topic, partition)

    def _gone(self, place: TopicPartition, needed: int, there: int) -> SetupError:
        return SetupError(
            f"{place.topic} partition {place.partition} begins at offset {there} now, and the snapshot needs it from "
            f"{needed} on: retention has taken what is between. Take a snapshot anew, and its window before "
            "MAKEGOOD_RETENTION_DAYS of the log are over"
        )

    async def _bounds(self, place: TopicPartition) -> Bounds:
        begins = (await self._decided.beginning_offsets([place]))[place]
        return Bounds(begins, (await self._decided.end_offsets([place]))[place])

    async def _read_states(self, changelog: Topic, partition: int) -> "_Reading":
        """Read a changelog up to where it had been written at the start, and on to the end of a whole transaction."""
        place = self._place(changelog, partition)
        written = (await self._written.end_offsets([place]))[place]
        reader, reading, clock = self._decided, _Reading(place, written), asyncio.get_running_loop().time
        reader.assign([place])
        reader.seek(place, (await reader.beginning_offsets([place]))[place])
        until = clock() + _PATIENCE_SECONDS
        while (position := await reader.position(place)) < written or reading.unplaced:
            found = (await reader.getmany(place, timeout_ms=_POLL_MS)).get(place, ())
            for record in found:
                reading.take(record)
            if found or position != await reader.position(place):
                until = clock() + _PATIENCE_SECONDS
            elif position >= (await self._written.end_offsets([place]))[place]:
                # nothing is under way that could still name a place
                break
            elif clock() > until:
                raise SetupError(
                    f"{place.topic} partition {partition}: a transaction has been open for {_PATIENCE_SECONDS:g} s; "
                    "is a worker frozen? Try again when it has ended"
                )
        return reading

    async def _require_still(self, place: TopicPartition, committed: int | None, reading: "_Reading") -> None:
        """Take what names no place for that of the group, if nobody is at work.

        An earlier version of a worker wrote it, or it is a copy.
        """
        written = (await self._written.end_offsets([reading.place]))[reading.place]
        if written != reading.written or (await self._group.now()).get(place) != committed:
            raise SetupError(
                f"{reading.place.topic} partition {place.partition} does not say yet which place of the log it stands "
                "for: an earlier version wrote it last, and a worker is at it. Try again in a moment, or stop the "
                "workers for as long as it takes"
            )
        reading.settle(None if committed is None else Worked(committed, _START))

    def _placed(self, reading: "_Reading", place: TopicPartition, committed: int | None, begins: int) -> Worked:
        worked = reading.worked
        if worked is not None and (worked.offset >= begins or committed is None):
            return worked
        if committed is not None:
            # what was worked since has changed no state
            known = worked or Worked(committed, _START)
            return known._replace(offset=max(committed, known.offset))
        if reading.table:
            raise SetupError(
                f"the group {self._worker.application_id} has committed nothing of {place.topic} partition "
                f"{place.partition}, whose changelog holds states: is MAKEGOOD_APPLICATION_ID that of its workers?"
            )
        return Worked(begins, _START)

    async def _require_committed(self, place: TopicPartition, worked: Worked) -> None:
        """Wait until the group is where the changelog says that it is: the broker may tell it a moment later."""
        clock = asyncio.get_running_loop().time
        until = clock() + _BROKER_SECONDS
        committed = None
        while clock() < until:
            committed = (await self._group.now()).get(place)
            if (committed or 0) >= worked.offset:
                return
            await asyncio.sleep(_POLL_MS / 1_000)
        raise SetupError(
            f"{place.topic} partition {place.partition}: by the changelog it was worked up to {worked.offset}, by the "
            f"group {self._worker.application_id} up to {committed}. Is it a copy with the numbers of another cluster?"
        )

    async def _past_no_records(self, place: TopicPartition, worked: Worked) -> Worked:
        """Move a place behind what is no record, so that retention may take it."""
        bounds = await self._bounds(place)
        reader, begins = self._decided, max(worked.offset, bounds.begins)
        reader.assign([place])
        reader.seek(place, begins)
        while await reader.position(place) < bounds.ends:
            if (await reader.getmany(place, timeout_ms=_POLL_MS)).get(place):
                return worked
        return Worked(max(worked.offset, bounds.ends), worked.clock)


class _Reading:
    """A changelog's partition as it is read: `table` at `worked`, and what came after it and names no place yet."""

    def __init__(self, place: TopicPartition, written: int) -> None:
        self.place = place
        self.written = written
        self.table: dict[bytes, bytes] = {}
        self.worked: Worked | None = None
        self.unplaced: dict[bytes, bytes | None] = {}

    def take(self, record: ConsumerRecord) -> None:
        if record.key is None:
            raise SetupError(
                f"{self.place.topic}/{self.place.partition} offset {record.offset}: a changelog record without a key; "
                "only workers may write to this topic"
            )
        self.unplaced[record.key] = record.value
        worked = worked_in(record.headers)
        if worked is not None:
            self.settle(worked)

    def settle(self, worked: Worked | None) -> None:
        for key, value in self.unplaced.items():
            # what broke a worker is the worker's own, and no part of what a log comes to
            if value is None or key == BROKE:
                self.table.pop(key, None)
            else:
                self.table[key] = value
        self.unplaced = {}
        self.worked = worked


def _consumer(kafka: KafkaSettings, isolation: str) -> Consumer:
    return Consumer(
        **client_options(kafka),
        enable_auto_commit=False,
        auto_offset_reset="none",
        isolation_level=isolation,
        max_partition_fetch_bytes=_FETCH_BYTES,
        fetch_max_wait_ms=_POLL_MS,
    )

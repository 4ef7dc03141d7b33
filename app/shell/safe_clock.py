"""The clock that ticks are made of: it never runs ahead of unread input by more than a grace (decision 0009).

A probe notes the time, then the end of every input partition; once the group has committed past those ends, all that
was known by that time has been passed on. So is what intake wrote to the directory once the directory stage has
committed past the end that its log had then. Only where no noted end has been reached yet (a worker just started, a
long backlog) is the oldest unread record itself looked at.
"""

import logging
from collections import deque
from collections.abc import Iterable, Mapping
from time import time_ns
from typing import Any, Final, NamedTuple, Protocol

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from app.clock import Instant
from app.shell.consumer import Consumer

log = logging.getLogger(__name__)

_REMEMBERED_PROBES: Final = 64
_REMEMBERED_BARRIERS: Final = 256
_LOOK_MS: Final = 300
_WATCHED_STANDS_MS: Final = 5_000
"""A log that is only watched is looked into once its place has stood for so long: the rest of it may be no records."""

Offsets = Mapping[TopicPartition, int]


def wall_clock() -> Instant:
    """Return the real time; the only place where the shell reads it."""
    return Instant(time_ns() // 1_000_000)


class ClusterView(Protocol):
    """What the clock asks the cluster."""

    async def partitions(self, topics: Iterable[str]) -> list[TopicPartition]:
        """Return all partitions of the topics."""
        ...

    async def ends(self, partitions: list[TopicPartition]) -> Offsets:
        """Return the ends of logs, as far as they can be read."""
        ...

    async def committed(self) -> Offsets:
        """Return the group's committed offsets; partitions never committed are missing."""
        ...

    async def oldest(self, starts: Offsets, ends: Offsets) -> Mapping[TopicPartition, Instant | None]:
        """Return the time of the first record from each start, None if there is none before the end.

        A partition that did not answer in time is missing.
        """
        ...


class Cluster:
    """The real cluster, seen through one consumer without a group and one admin client."""

    def __init__(self, connection: Mapping[str, Any], group_id: str) -> None:
        self._connection = connection
        self._group_id = group_id
        self._consumer: Consumer | None = None
        self._admin: AIOKafkaAdminClient | None = None

    async def start(self) -> None:
        """Connect."""
        self._consumer = Consumer(
            **self._connection,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            fetch_max_wait_ms=_LOOK_MS // 3,
            max_partition_fetch_bytes=64 * 1024,
        )
        await self._consumer.start()
        self._admin = AIOKafkaAdminClient(**self._connection)
        await self._admin.start()

    async def stop(self) -> None:
        """Disconnect."""
        if self._consumer is not None:
            await self._consumer.stop()
        if self._admin is not None:
            await self._admin.close()

    async def partitions(self, topics: Iterable[str]) -> list[TopicPartition]:
        """Return all partitions of the topics."""
        assert self._admin is not None
        described = await self._admin.describe_topics(list(topics))
        return [
            TopicPartition(topic["topic"], partition["partition"])
            for topic in described
            for partition in topic["partitions"]
        ]

    async def ends(self, partitions: list[TopicPartition]) -> Offsets:
        """Return the last stable offsets: what lies behind them nobody can read yet."""
        assert self._consumer is not None
        return await self._consumer.end_offsets(partitions) if partitions else {}

    async def committed(self) -> Offsets:
        """Return the group's committed offsets; partitions never committed are missing."""
        assert self._admin is not None
        offsets = await self._admin.list_consumer_group_offsets(self._group_id)
        return {tp: offset.offset for tp, offset in offsets.items() if offset.offset >= 0}

    async def oldest(self, starts: Offsets, ends: Offsets) -> dict[TopicPartition, Instant | None]:
        """Read on from each start until there is a record, or the end."""
        consumer = self._consumer
        assert consumer is not None
        consumer.assign(list(starts))
        for tp, offset in starts.items():
            consumer.seek(tp, offset)
        answers: dict[TopicPartition, Instant | None] = {}
        for _ in range(3):
            waiting = [tp for tp in starts if tp not in answers]
            if not waiting:
                break
            for tp, records in (await consumer.getmany(*waiting, timeout_ms=_LOOK_MS, max_records=None)).items():
                answers[tp] = Instant(records[0].timestamp)
            for tp in waiting:
                if tp not in answers and await consumer.position(tp) >= ends[tp]:
                    answers[tp] = None
        return answers


class Probe(NamedTuple):
    """The input partitions' ends, noted after `at`."""

    at: Instant
    ends: Offsets


class Barrier(NamedTuple):
    """All facts known before `clear_to` are in the directory's log before these ends, noted after `at`."""

    at: Instant
    clear_to: Instant
    ends: Offsets


class SafeClock:
    """`now` is the latest instant that ticks may name, in ms; None before all that is unread has been found.

    `lags` are the offsets still unread, of the `watched` logs too, which the clock does not wait for.
    """

    def __init__(
        self,
        cluster: ClusterView,
        inputs: Iterable[str],
        directory: Iterable[str],
        grace_ms: int,
        watched: Iterable[str] = (),
    ) -> None:
        self._cluster = cluster
        self._topics = (list(inputs), list(directory), list(watched))
        self._grace_ms = grace_ms
        self._inputs: list[TopicPartition] = []
        self._directory: list[TopicPartition] = []
        self._watched: list[TopicPartition] = []
        self._stands: dict[TopicPartition, tuple[int, Instant]] = {}
        self._probes: deque[Probe] = deque(maxlen=_REMEMBERED_PROBES)
        self._barriers: deque[Barrier] = deque()
        self._empty_to: dict[TopicPartition, int] = {}
        self._oldest: dict[TopicPartition, tuple[int, Instant]] = {}
        self.now: Instant | None = None
        self.lags: dict[TopicPartition, int] = {}

    async def start(self) -> None:
        """Learn which partitions there are."""
        inputs, directory, watched = self._topics
        self._watched = await self._cluster.partitions(watched) if watched else []
        self._inputs = await self._cluster.partitions(inputs)
        self._directory = await self._cluster.partitions(directory)

    async def probe(self, at: Instant) -> Instant | None:
        """Ask the cluster how far everything has been read, and return the clock; `at` is the real time."""
        probe = Probe(at, await self._cluster.ends(self._inputs))
        committed = await self._cluster.committed()
        late = [tp for tp in self._inputs if (self._clear_to(tp, probe, committed) or 0) < at - self._grace_ms]
        await self._look(late, probe.ends, committed)
        clear = [self._clear_to(tp, probe, committed) for tp in self._inputs]
        log_ends = await self._cluster.ends([*self._directory, *self._watched])
        directory_ends = {tp: log_ends[tp] for tp in self._directory}
        known = [instant for instant in clear if instant is not None]
        if len(known) == len(clear):
            self._add(Barrier(at, min(known, default=at), directory_ends))
        self._probes.append(probe)
        committed = await self._cluster.committed()
        if self._barriers and self._barriers[0].at < at - self._grace_ms:
            await self._look(
                [tp for tp in self._directory if not self._passed(tp, directory_ends, committed)],
                directory_ends,
                committed,
            )
        self._advance(at, committed)
        await self._look_into_watched(at, log_ends, committed)
        ends = {**probe.ends, **log_ends}
        self.lags = {tp: max(0, end - self._read_to(tp, committed)) for tp, end in ends.items()}
        return self.now

    def lag_seconds(self, at: Instant) -> float:
        """Return how far the clock stands behind the real time `at`; infinity before the first successful probe."""
        return float("inf") if self.now is None else max(0, at - self.now) / 1000

    def _read_to(self, tp: TopicPartition, committed: Offsets) -> int:
        return max(committed.get(tp, 0), self._empty_to.get(tp, 0))

    def _passed(self, tp: TopicPartition, ends: Offsets, committed: Offsets) -> bool:
        return self._read_to(tp, committed) >= ends[tp]

    def _clear_to(self, tp: TopicPartition, probe: Probe, committed: Offsets) -> Instant | None:
        """Return an instant before which all records of an input partition have been passed on, as late as is known."""
        if self._passed(tp, probe.ends, committed):
            return probe.at
        seen = next((old.at for old in reversed(self._probes) if self._passed(tp, old.ends, committed)), None)
        offset, oldest = self._oldest.get(tp, (-1, Instant(0)))
        if offset != self._read_to(tp, committed):
            return seen
        return oldest if seen is None else max(seen, oldest)

    async def _look(self, partitions: list[TopicPartition], ends: Offsets, committed: Offsets) -> None:
        """Look at the oldest unread record; control records of transactions at a log's end are not unread input."""
        starts = {tp: self._read_to(tp, committed) for tp in partitions}
        unknown = {tp: start for tp, start in starts.items() if self._oldest.get(tp, (-1, 0))[0] != start}
        for tp, oldest in (await self._cluster.oldest(unknown, ends) if unknown else {}).items():
            if oldest is None:
                self._empty_to[tp] = ends[tp]
            else:
                self._oldest[tp] = (starts[tp], oldest)

    async def _look_into_watched(self, at: Instant, ends: Offsets, committed: Offsets) -> None:
        """Find out whether what follows a place that stands still is records, or control records alone."""
        standing = []
        for tp in self._watched:
            read_to = self._read_to(tp, committed)
            offset, since = self._stands.get(tp, (-1, at))
            if offset != read_to:
                self._stands[tp] = (read_to, at)
            elif read_to < ends[tp] and at - since >= _WATCHED_STANDS_MS:
                standing.append(tp)
        await self._look(standing, ends, committed)

    def _add(self, barrier: Barrier) -> None:
        """Remember a barrier; when there are too many, the latest is replaced, because the earliest is passed first."""
        if len(self._barriers) >= _REMEMBERED_BARRIERS:
            self._barriers.pop()
        self._barriers.append(barrier)

    def _advance(self, at: Instant, committed: Offsets) -> None:
        while self._barriers and all(self._passed(tp, self._barriers[0].ends, committed) for tp in self._directory):
            clear_to = self._barriers.popleft().clear_to
            self.now = max(self.now or Instant(0), Instant(min(at, clear_to + self._grace_ms)))

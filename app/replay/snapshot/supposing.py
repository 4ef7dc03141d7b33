"""A snapshot and its window under another policy: what would have happened (`makegood replay snapshot --policy`).

The directory knows no policy, so what it found out stands. What customers' journeys and the register said to each other
does not: those records are left out, and what they say under the other policy is handed over at once instead. The ticks
of every partition move the clocks of all, for each names a time up to which all input had been passed on.
"""

import heapq
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from operator import itemgetter
from typing import Final, NamedTuple

from app.clock import Instant
from app.journey.activation import activation
from app.replay.live_log import NOWHERE, LiveLog
from app.replay.session import Policy
from app.replay.snapshot.folder import Opened, read_window
from app.replay.snapshot.playing import Hear, Played, begun, worked
from app.shell.batching import partition_of
from app.stage import KeyedStage, LogRecord, OutRecord, tick_of
from app.topics import Topic

TALKING: Final = (Topic.JOURNEY_LOG, Topic.REGISTER_LOG)
"""Logs that the stages which decide write to each other."""
_DIGEST: Final = 16

Words = Counter[bytes]
"""Records by a digest of log, key and value: what was said is too much to keep."""


class Live(NamedTuple):
    """What live's stages said to the logs: what stands in the windows, and what the states had taken in before."""

    there: Words
    before: Words


def words_of(said: Iterable[OutRecord]) -> Words:
    """Return what was said to logs that talk to each other."""
    return Counter(_digest(each.topic, each.key, each.value) for each in said if each.topic in TALKING)


def split(opened: Opened, said: Words) -> Live:
    """Tell what stands in the windows from what had been taken in by the states already."""
    there: Words = Counter()
    for log in TALKING:
        for partition in range(len(opened.snapshot.starts[log])):
            for record in read_window(opened, log, partition):
                digest = _digest(log, record.key, record.value)
                if there[digest] < said[digest]:
                    there[digest] += 1
    return Live(+there, said - there)


class Supposed:
    """The logs that talk, under another policy from the snapshot's place on."""

    def __init__(self, opened: Opened, stages: Sequence[KeyedStage], policy: Policy, live: Live, hear: Hear) -> None:
        self._opened = opened
        self._live = live
        self._hear = hear
        self._to_hand: deque[tuple[OutRecord, Instant]] = deque()
        self._stages = stages
        self.logs: dict[Topic, list[LiveLog]] = {}
        for stage in stages:
            number = len(opened.snapshot.starts[stage.log])
            self.logs[stage.log] = [begun(opened, stage, partition) for partition in range(number)]
            for partition, log in enumerate(self.logs[stage.log]):
                record = activation(policy.version, policy.files, Instant(0), partition, stage.log)
                log.take(_handed(record, stage.log, partition, log.clock))
        self._settle()

    def play(self, played: Played) -> None:
        """Play what live's stages did not say themselves, in the order of the broker's times."""
        timed = [self._timed(stage, number) for stage in self._stages for number in self._of(stage)]
        for at, record in heapq.merge(*timed, key=itemgetter(0)):
            tick = tick_of(record)
            if tick is not None:
                for log in (log for logs in self.logs.values() for log in logs):
                    log.fire(Instant(min(tick, at)))
            elif record.key is not None and not self._was_said(record):
                self.logs[record.topic][record.partition].take(record)
            self._settle()
            played(record)

    def _of(self, stage: KeyedStage) -> range:
        return range(len(self.logs[stage.log]))

    def _timed(self, stage: KeyedStage, partition: int) -> Iterator[tuple[Instant, LogRecord]]:
        newest = Instant(0)
        for record in worked(self._opened, stage, partition):
            newest = max(newest, record.timestamp)
            yield newest, record

    def _was_said(self, record: LogRecord) -> bool:
        return _take_one(self._live.there, _digest(record.topic, record.key, record.value))

    def _settle(self) -> None:
        """Hand over what was said, and what that leads to, until nobody has anything to say."""
        self._hear_all()
        while self._to_hand:
            record, at = self._to_hand.popleft()
            if record.key is None or _take_one(self._live.before, _digest(record.topic, record.key, record.value)):
                continue
            logs = self.logs[record.topic]
            partition = partition_of(record.key, len(logs))
            logs[partition].take(_handed(record, record.topic, partition, at))
            self._hear_all()

    def _hear_all(self) -> None:
        for log in (log for logs in self.logs.values() for log in logs):
            said, log.said = log.said, []
            for output in said:
                if output.topic in TALKING:
                    self._to_hand.append((output, log.clock))
                else:
                    self._hear(output, log.clock)


def _handed(record: OutRecord, log: Topic, partition: int, at: Instant) -> LogRecord:
    return LogRecord(record.key, record.value, at, log, partition, NOWHERE, record.headers)


def _digest(log: Topic, key: bytes | None, value: bytes | None) -> bytes:
    content = b"\x00".join((log.encode(), b"" if key is None else key, b"" if value is None else value))
    return blake2b(content, digest_size=_DIGEST).digest()


def _take_one(words: Words, digest: bytes) -> bool:
    if words[digest] <= 0:
        return False
    words[digest] -= 1
    return True

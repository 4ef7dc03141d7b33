"""What an offline and a Kafka replay have in common: what is played, under which policy, and who is told."""

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from app.clock import Instant
from app.ids import PolicyVersion
from app.journey.activation import activation
from app.replay.recording import Recording
from app.replay.source import InputEvent, Malformed
from app.replay.wire import InputRecord, records, stretches
from app.stage import OutRecord
from app.topics import Topic

STRETCH: Final = 2_000
"""Input events between two ticks."""

Advance = Callable[[int], None]
"""Told how many more events have been worked."""


class Policy(NamedTuple):
    """A checked policy folder: its content address and its files."""

    version: PolicyVersion
    files: dict[str, bytes]


class Played(NamedTuple):
    """A stretch as it is written to the input topics, and the tick after it; `spans` as in `wire.Stretch`."""

    records: tuple[OutRecord, ...]
    until: Instant
    spans: bool = False


class Session:
    """One replay: its events in stretches, with what is malformed reported and what is played counted.

    `until` None: the clock stops at the source's own end or its last event.
    """

    def __init__(
        self,
        events: Iterator[InputEvent],
        policy: Policy,
        recording: Recording,
        *,
        until: Instant | None,
        report: Callable[[Malformed], None],
        advance: Advance,
        said: Callable[[OutRecord], None],
        size: int = STRETCH,
    ) -> None:
        self.policy = policy
        self._recording = recording
        self._events = events
        self._until = until
        self._report = report
        self._advance = advance
        self._said = said
        self._size = size
        self.stopped_at: Instant | None = None

    def stretches(self) -> Iterator[Played]:
        """Yield the stretches, then an empty one when the clock goes on after the last event."""
        for stretch in stretches(records(self._events, self._until, self._malformed), self._size):
            for record in stretch.records:
                self._recording.played(record)
            self.stopped_at = stretch.until
            yield Played(tuple(map(_input_of, stretch.records)), stretch.until, stretch.spans)
            self._advance(len(stretch.records))
        if self._until is not None and (self.stopped_at is None or self._until > self.stopped_at):
            self.stopped_at = self._until
            yield Played((), self._until)

    def activation(self, log: Topic, partition: int) -> OutRecord:
        """Return the record that activates the policy on a partition of a log, before any event."""
        return activation(self.policy.version, self.policy.files, Instant(0), partition, log)

    def said(self, output: OutRecord) -> None:
        """Record an output of the cluster, and tell it."""
        self._recording.said(output)
        self._said(output)

    def _malformed(self, row: Malformed) -> None:
        self._recording.malformed(row)
        self._report(row)


def _input_of(record: InputRecord) -> OutRecord:
    return OutRecord(record.topic, record.key, record.value, record.headers)

"""What the shell tells whoever watches it. The shell knows no metrics library; this is all it says.

Every method is called from the worker's event loop, must return at once and must not raise. Durations are seconds,
sizes are counts. `topic` is the logical name, without a namespace's prefix. None of the arguments is personal.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Literal, Protocol

from app.stage import LogRecord, OutRecord
from app.topics import Topic

Outcome = Literal["admitted", "dead_letter", "ignored"]
"""What an input record came to: facts, a dead letter, or nothing at all."""


class Telemetry(Protocol):
    """The hooks that the shell calls; `NoTelemetry` is the default, the metrics are another."""

    def events_in(self, topic: Topic, outcome: Outcome, records: int) -> None:
        """Count input records whose facts or dead letters have been acknowledged by the broker."""
        ...

    def refused(self, stage: str, letters: Sequence[OutRecord]) -> None:
        """Observe dead letters that the broker has acknowledged outside of a round; values must not be logged."""
        ...

    def repeats(self, stage: str, facts: int) -> None:
        """Count facts of a committed round that were dropped because they had been taken before."""
        ...

    def batch(self, stage: str, records: int, due: int) -> None:
        """Observe a round: how many records of the log and how many due keys it worked on."""
        ...

    def round_seconds(self, stage: str, compute: float, commit: float) -> None:
        """Observe how long a round computed (the event loop stood still) and how long its transaction took."""
        ...

    def outputs_committed(self, stage: str, outputs: Sequence[OutRecord]) -> None:
        """Observe the outputs of a committed round; values are encoded and must not be logged."""
        ...

    def event_to_commit(self, stage: str, records: Sequence[LogRecord], now_ms: int) -> None:
        """Observe committed records; latency of each is `now_ms` less its `timestamp` (broker's time)."""
        ...

    def timer_lateness(self, stage: str, seconds: float, keys: int) -> None:
        """Observe deadlines of a committed round: how late the earliest of them was, and how many keys were due."""
        ...

    def state_bytes(self, stage: str, largest: int, over_limit: int) -> None:
        """Observe the states written in a round: the largest in bytes, and how many exceed 256 KiB."""
        ...

    def recovery(self, stage: str, partition: int, restored: int, remaining: int) -> None:
        """Observe a changelog being read back: records so far, and offsets still to be read (0: done)."""
        ...

    def consumer_lag(self, topic: Topic, partition: int, records: int) -> None:
        """Set how many offsets of a partition have not been passed on yet (all partitions of the cluster)."""
        ...

    def standing(self, topic: Topic, partition: int, offset: int | None) -> None:
        """Tell that a log's partition stands still at an offset that has stopped workers; None: no more."""
        ...

    def intake_stopped(self, topic: Topic) -> None:
        """Tell that this worker reads no more of an input topic, which came to too many dead letters."""
        ...

    def clock_lag(self, seconds: float) -> None:
        """Set how far the safe clock stands behind real time; near 0 when everything has been read."""
        ...

    def clock_off(self, seconds: float) -> None:
        """Set how far this machine's clock is behind the broker's, at least; negative when it is ahead."""
        ...

    def open_deadlines(self, stage: str, partition: int, keys: int) -> None:
        """Set how many keys of a partition wait for a deadline; 0 when the partition has been given up."""
        ...

    def table_size(self, stage: str, partition: int, keys: int, size_bytes: int) -> None:
        """Set how many keys and bytes of state a partition holds; 0 when it has been given up."""
        ...

    def copies(self, stage: str, keys: int) -> None:
        """Set how many keys of a stage are kept as copies of what other workers have."""
        ...

    def states(self, stage: str, partition: int, table: Mapping[bytes, bytes]) -> None:
        """Let a partition's states be looked at, about once a second; empty when it has been given up."""
        ...

    def owns(self, places: Collection[tuple[Topic, int]]) -> None:
        """Set which partitions this worker has been given; it answers for their progress only."""
        ...

    def ready(self, is_ready: bool) -> None:
        """Set whether every partition of this worker has been recovered and is being worked."""
        ...

    def alive(self) -> None:
        """Say that the event loop turns; called about once a second (silence means: stuck)."""
        ...


class NoTelemetry:
    """Says nothing to nobody."""

    def events_in(self, topic: Topic, outcome: Outcome, records: int) -> None:
        """Ignore."""

    def refused(self, stage: str, letters: Sequence[OutRecord]) -> None:
        """Ignore."""

    def repeats(self, stage: str, facts: int) -> None:
        """Ignore."""

    def batch(self, stage: str, records: int, due: int) -> None:
        """Ignore."""

    def round_seconds(self, stage: str, compute: float, commit: float) -> None:
        """Ignore."""

    def outputs_committed(self, stage: str, outputs: Sequence[OutRecord]) -> None:
        """Ignore."""

    def event_to_commit(self, stage: str, records: Sequence[LogRecord], now_ms: int) -> None:
        """Ignore."""

    def timer_lateness(self, stage: str, seconds: float, keys: int) -> None:
        """Ignore."""

    def state_bytes(self, stage: str, largest: int, over_limit: int) -> None:
        """Ignore."""

    def recovery(self, stage: str, partition: int, restored: int, remaining: int) -> None:
        """Ignore."""

    def consumer_lag(self, topic: Topic, partition: int, records: int) -> None:
        """Ignore."""

    def standing(self, topic: Topic, partition: int, offset: int | None) -> None:
        """Ignore."""

    def intake_stopped(self, topic: Topic) -> None:
        """Ignore."""

    def clock_lag(self, seconds: float) -> None:
        """Ignore."""

    def clock_off(self, seconds: float) -> None:
        """Ignore."""

    def open_deadlines(self, stage: str, partition: int, keys: int) -> None:
        """Ignore."""

    def table_size(self, stage: str, partition: int, keys: int, size_bytes: int) -> None:
        """Ignore."""

    def copies(self, stage: str, keys: int) -> None:
        """Ignore."""

    def states(self, stage: str, partition: int, table: Mapping[bytes, bytes]) -> None:
        """Ignore."""

    def owns(self, places: Collection[tuple[Topic, int]]) -> None:
        """Ignore."""

    def ready(self, is_ready: bool) -> None:
        """Ignore."""

    def alive(self) -> None:
        """Ignore."""

"""The shell's telemetry in Prometheus' form: metric_list.py says what there is, here it moves."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final, get_args

import structlog

from app.clock import Instant
from app.outputs import DeadLetter, DeadLetterReason, Decision, Output, Remedy, Suppression
from app.shell import metric_list as listed
from app.shell.bulk_histogram import AgeHistogram
from app.shell.census import Census, Open, Tally, open_in
from app.shell.health import Health
from app.shell.meters import Meters
from app.shell.output_counts import READ_BACK, counted
from app.shell.telemetry_protocol import Outcome
from app.stage import LogRecord, OutRecord
from app.topics import INPUTS, Topic

Decode = Callable[[Topic, bytes], Output | None]
"""How an output is read back for counting: `Emit.decode`."""

_READ_BACK: Final = (*sorted(READ_BACK), Topic.DECISIONS, Topic.JOURNEY_CHANGELOG)
_AFTER_INTAKE: Final = frozenset({DeadLetterReason.UNRESOLVED, DeadLetterReason.UNKNOWN_KIND})
"""Reasons that intake never gives: it knows no customers and no policy."""
_INTAKE: Final = "intake"
_DIRECTORY: Final = "directory"
_JOURNEY: Final = "journey"
_LOGS: Final = {_DIRECTORY: Topic.DIRECTORY, _JOURNEY: Topic.JOURNEY_LOG, "register": Topic.REGISTER_LOG}
_log = structlog.get_logger(__name__)


class PrometheusTelemetry:
    """Implements `telemetry_protocol.Telemetry`.

    `now` is real time, `monotonic` seconds that never go back; `data_clock`: latencies against real time mean nothing
    (replay) and are not observed. `tally` says what is open in a state of the journey stage. `committed` hears of each
    round that took records: the stage and the partition; `decided` of each committed erasure. `registry` holds all of
    it, `health` what `/healthz` and `/readyz` answer.
    """

    def __init__(
        self,
        decode: Decode,
        *,
        now: Callable[[], Instant],
        monotonic: Callable[[], float],
        data_clock: bool = False,
        tally: Tally = open_in,
        committed: Callable[[str, int], None] | None = None,
        decided: Callable[[Decision], None] | None = None,
    ) -> None:
        self._meters = Meters(metric for metric in listed.METRICS if metric is not listed.EVENT_TO_COMMIT)
        self.registry = self._meters.registry
        self.health = Health(monotonic)
        self._decode = decode
        self._now = now
        self._data_clock = data_clock
        self._committed = committed
        self._decided = decided
        self._ages = AgeHistogram(listed.EVENT_TO_COMMIT)
        self.registry.register(self._ages)
        self._largest: dict[str, int] = {}
        self._census = Census(tally)
        self._open: set[Open] = set()
        self._begin()

    def _begin(self) -> None:
        """Let what alerts wait for appear at 0: a counter that begins at 6,500 is none that has risen."""
        for topic in INPUTS:
            for outcome in get_args(Outcome):
                self._meters.count(listed.EVENTS, topic, outcome, by=0)
            for reason in sorted(set(DeadLetterReason) - _AFTER_INTAKE):
                self._meters.count(listed.DEAD_LETTERS, _INTAKE, topic, reason, by=0)
            for stage in (_DIRECTORY, _JOURNEY):
                self._meters.count(listed.DEAD_LETTERS, stage, topic, DeadLetterReason.UNRESOLVED, by=0)
        for read in _READ_BACK:
            self._meters.count(listed.UNREADABLE, read, by=0)

    def events_in(self, topic: Topic, outcome: Outcome, records: int) -> None:
        """Count input records by what they came to."""
        self._meters.count(listed.EVENTS, topic, outcome, by=records)
        self.health.progressed(topic)

    def refused(self, stage: str, letters: Sequence[OutRecord]) -> None:
        """Count dead letters by their reason."""
        for letter in letters:
            if letter.value is not None:
                self._read(stage, letter.topic, letter.value)

    def repeats(self, stage: str, facts: int) -> None:
        """Count facts that were dropped as repeats."""
        self._meters.count(listed.REPEATS, stage, by=facts)

    def batch(self, stage: str, records: int, due: int) -> None:
        """Observe a round's size."""
        self._meters.observe(listed.BATCH_RECORDS, records, stage)
        self._meters.observe(listed.BATCH_DUE, due, stage)
        if stage in _LOGS:
            self.health.progressed(_LOGS[stage])

    def round_seconds(self, stage: str, compute: float, commit: float) -> None:
        """Observe how long a round took."""
        self._meters.observe(listed.COMPUTE, compute, stage)
        self._meters.observe(listed.COMMIT, commit, stage)

    def outputs_committed(self, stage: str, outputs: Sequence[OutRecord]) -> None:
        """Count what was written, and read back the few that say more."""
        counts, telling = counted(outputs)
        for topic, count in counts.items():
            self._meters.count(listed.OUTPUTS, stage, topic, by=count)
        for output in telling:
            assert output.value is not None, "a removal tells nothing"
            self._read(stage, output.topic, output.value)

    def event_to_commit(self, stage: str, records: Sequence[LogRecord], now_ms: int) -> None:
        """Observe how old the records of a round were when it was committed."""
        if not self._data_clock:
            self._ages.observe(stage, records, now_ms)
        if self._committed is not None:
            self._committed(stage, records[0].partition)

    def timer_lateness(self, stage: str, seconds: float, keys: int) -> None:
        """Observe how late a round's earliest deadline was."""
        self._meters.count(listed.DEADLINES_FIRED, stage, by=keys)
        if not self._data_clock:
            self._meters.observe(listed.TIMER_LATENESS, seconds, stage)

    def state_bytes(self, stage: str, largest: int, over_limit: int) -> None:
        """Keep the largest state written, count those over the limit."""
        if largest > self._largest.get(stage, 0):
            self._largest[stage] = largest
            self._meters.set(listed.STATE_LARGEST, largest, stage)
        self._meters.count(listed.STATE_OVER_LIMIT, stage, by=over_limit)

    def recovery(self, stage: str, partition: int, restored: int, remaining: int) -> None:
        """Set how far a partition's recovery has got."""
        self._meters.set(listed.RECOVERY_RESTORED, restored, stage, partition)
        self._meters.set(listed.RECOVERY_REMAINING, remaining, stage, partition)
        self.health.recovery(stage, partition, remaining)

    def consumer_lag(self, topic: Topic, partition: int, records: int) -> None:
        """Set what is unread of a partition."""
        self._meters.set(listed.CONSUMER_LAG, records, topic, partition)
        self.health.lag(topic, partition, records)

    def standing(self, topic: Topic, partition: int, offset: int | None) -> None:
        """Set whether a partition stands still, and name it on /healthz."""
        self._meters.set(listed.STANDING, int(offset is not None), topic, partition)
        self.health.stands(topic, partition, offset)

    def intake_stopped(self, topic: Topic) -> None:
        """Set that an input topic is not read any more, and name it on /healthz."""
        self._meters.set(listed.INTAKE_STOPPED, 1, topic)
        self.health.intake_stopped(topic)

    def clock_lag(self, seconds: float) -> None:
        """Set how far the safe clock stands behind."""
        self._meters.set(listed.CLOCK_LAG, seconds)

    def clock_off(self, seconds: float) -> None:
        """Set how far our clock is behind the broker's."""
        self._meters.set(listed.CLOCK_OFF, seconds)

    def open_deadlines(self, stage: str, partition: int, keys: int) -> None:
        """Set how many keys wait for a deadline."""
        self._meters.set(listed.OPEN_DEADLINES, keys, stage, partition)

    def table_size(self, stage: str, partition: int, keys: int, size_bytes: int) -> None:
        """Set how much state a partition holds."""
        self._meters.set(listed.TABLE_KEYS, keys, stage, partition)
        self._meters.set(listed.TABLE_BYTES, size_bytes, stage, partition)

    def copies(self, stage: str, keys: int) -> None:
        """Set how much is kept for other workers."""
        self._meters.set(listed.STANDBY_KEYS, keys, stage)

    def ready(self, is_ready: bool) -> None:
        """Set whether the worker has caught up."""
        self._meters.set(listed.READY, int(is_ready))
        self.health.ready(is_ready)

    def alive(self) -> None:
        """Note a turn of the event loop."""
        self._meters.set(listed.LAST_BEAT, self._now() / 1000)
        self.health.beat()

    def owns(self, places: Collection[tuple[Topic, int]]) -> None:
        """Say which partitions this worker has been given: unread records elsewhere do not make it stuck."""
        self.health.owns(places)

    def states(self, stage: str, partition: int, table: Mapping[bytes, bytes]) -> None:
        """Go on counting what is open in a partition of the journey stage."""
        if stage != _JOURNEY:
            return
        try:
            swept = self._census.look(partition, table)
        except Exception as error:  # noqa: BLE001 - watching must never stop what is watched; counted and logged
            self._unreadable(Topic.JOURNEY_CHANGELOG, error)
        else:
            if swept:
                self._open_now(self._census.counts())

    def _open_now(self, counts: Mapping[Open, int]) -> None:
        for labels, count in counts.items():
            self._meters.set(listed.OPEN_NOW, count, *labels)
        for labels in self._open - set(counts):
            self._meters.remove(listed.OPEN_NOW, *labels)
        self._open = set(counts)

    def _read(self, stage: str, topic: Topic, value: bytes) -> None:
        try:
            output = self._decode(topic, value)
        except Exception as error:  # noqa: BLE001 - watching must never stop what is watched; counted and logged
            self._unreadable(topic, error)
            return
        if isinstance(output, Suppression):
            self._held(output)
        elif isinstance(output, Remedy):
            self._made_good(output)
        elif isinstance(output, Decision) and self._decided is not None:
            self._decided(output)
        elif isinstance(output, DeadLetter):
            self._meters.count(listed.DEAD_LETTERS, stage, output.topic, output.reason)

    def _unreadable(self, topic: Topic, error: Exception) -> None:
        self._meters.count(listed.UNREADABLE, topic)
        _log.error("record_unreadable", topic=str(topic), error=type(error).__name__)

    def _held(self, ledger: Suppression) -> None:
        if not self._data_clock and any(hold.since == ledger.at for hold in ledger.holds):
            self._meters.observe(listed.EVENT_TO_HOLD, max(0, self._now() - ledger.at) / 1000)

    def _made_good(self, remedy: Remedy) -> None:
        self._meters.count(listed.REMEDIES, remedy.occasion)
        for gesture in remedy.gestures:
            cost = gesture.cost
            self._meters.count(
                listed.REMEDY_COST, gesture.kind, gesture.cost_centre, cost.currency, by=float(cost.amount)
            )

"""The logs of a dozen made-up lives, as three stages over one partition each wrote them, and snapshots of them."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from app.clock import DAY, HOUR, SECOND, Instant, after, from_iso, to_iso
from app.decide.folder import load_folder, version_of
from app.journey.activation import activation
from app.main import Stages, stages
from app.replay.live_log import LiveLog
from app.replay.snapshot import folder as files_of
from app.settings import WorkerSettings
from app.stage import KeyedStage, LogRecord, OutRecord, tick_value
from app.topics import LOGS, OUTPUTS, Topic
from app.wire.codec import bundled_codec
from app.wire.payload import encode_event
from chaos.lives import life, terms
from chaos.undisturbed import admitted
from tests.fuzz.target import seeded

_BEGINS: Final = from_iso("2026-03-02T10:00:00Z")
_CUSTOMERS: Final = 12
_AFTERWARDS: Final = 6 * DAY
_ERASED_AFTER: Final = HOUR


class _Live:
    """Three stages over one partition each; what one says to a log is read at once."""

    def __init__(self, made: Stages) -> None:
        self.logs: dict[Topic, list[LogRecord]] = {topic: [] for topic in LOGS}
        self._intake = made
        self._stages = {stage.log: LiveLog(stage, 0) for stage in (made.directory, made.journeys, made.register)}

    def takes(self, record: OutRecord, at: Instant, offset: int) -> None:
        known = LogRecord(record.key, record.value, at, record.topic, 0, offset)
        for said in admitted(self._intake, record.topic, 0, [known]):
            self.append(said, at)

    def append(self, record: OutRecord, at: Instant) -> None:
        if record.topic in OUTPUTS:
            return
        log, stage = self.logs[record.topic], self._stages[record.topic]
        log.append(LogRecord(record.key, record.value, at, record.topic, 0, len(log), record.headers))
        stage.replay(log[-1:])
        said, stage.said = stage.said, []
        for each in said:
            self.append(each, at)

    def ticks(self, at: Instant) -> None:
        for log in LOGS:
            self.append(OutRecord(log, None, tick_value(at)), at)


@cache
def made() -> Stages:
    return stages(bundled_codec(), data_clock=False)


def stage_of(log: Topic) -> KeyedStage:
    return next(stage for stage in (made().directory, made().journeys, made().register) if stage.log is log)


@cache
def logs(erased: str | None = None) -> dict[Topic, list[LogRecord]]:
    """Return the logs of a dozen lives, with a tick after each record and on every hour of the days that follow.

    `erased`: a customer (C0 to C11) whose erasure is the last record.
    """
    live, rng = _Live(made()), seeded(7, "lives", 0)
    files = load_folder(WorkerSettings().policy_dir)
    for log in (Topic.JOURNEY_LOG, Topic.REGISTER_LOG):
        live.append(activation(version_of(files), files, _BEGINS, 0, log), _BEGINS)
    sent = [(0, record) for record in terms(_BEGINS)]
    for number in range(_CUSTOMERS):
        begun = number * SECOND
        sent += [(begun + each.after, each.record) for each in life(rng, f"C{number}", after(_BEGINS, begun))]
    if erased is not None:
        sent.append((_ERASED_AFTER, _erasure(erased)))
    now = _BEGINS
    for offset, (since, record) in enumerate(sorted(sent, key=lambda each: each[0])):
        now = after(_BEGINS, since)
        live.takes(record, now, offset)
        live.ticks(now)
    for at in range(now, after(now, _AFTERWARDS), HOUR):
        live.ticks(Instant(at))
    return live.logs


def _erasure(customer: str) -> OutRecord:
    payload = {"occurred_at": to_iso(after(_BEGINS, _ERASED_AFTER)), "customer_id": customer}
    return OutRecord(Topic.CUSTOMERS, customer.encode(), encode_event(Topic.CUSTOMERS, "customer_erased", payload))


def replayed(log: Topic, records: list[LogRecord]) -> LiveLog:
    """Return a log that has taken these records in."""
    one = LiveLog(stage_of(log), 0)
    one.replay(records)
    return one


def snapshot_of(folder: Path, kept: Mapping[Topic, list[LogRecord]], cuts: Mapping[Topic, int]) -> None:
    """Write a snapshot of logs that were cut after so many records, and the window with what follows."""
    files_of.new_folder(folder)
    starts: dict[str, tuple[files_of.Start, ...]] = {}
    spans: dict[str, tuple[files_of.Span, ...]] = {}
    states, windows = {}, {}
    for log, records in kept.items():
        before = replayed(log, records[: cuts[log]])
        starts[str(log)] = (files_of.Start(cuts[log], before.clock),)
        spans[str(log)] = (files_of.Span(len(records), len(records)),)
        name = files_of.states_file(log, 0)
        states[name] = files_of.write_states(folder, name, before.table)
        name = files_of.window_file(log, 0)
        with files_of.Appending(folder / name) as file:
            for record in records[cuts[log] :]:
                file.add_record(record)
            windows[name] = file.part()
    files_of.write_whole(folder, files_of.Snapshot(files_of.FORMAT, "2026-03-02T10:00:00.000Z", "", starts, states))
    files_of.write_whole(folder, files_of.Window(files_of.FORMAT, "2026-03-09T10:00:00.000Z", spans, windows))

"""A copy of the changelog and the log after it come to what the whole log comes to, wherever the copy was made.

So logs need not be kept for ever: what is older than their retention stands in the states.
"""

from functools import cache
from typing import Final

import pytest

from app.clock import DAY, HOUR, SECOND, Instant, from_iso
from app.decide.folder import load_folder, version_of
from app.journey.activation import activation
from app.main import Stages, stages
from app.replay.live_log import LiveLog
from app.settings import WorkerSettings
from app.stage import KeyedStage, LogRecord, OutRecord, tick_value
from app.topics import LOGS, OUTPUTS, Topic
from app.wire.codec import bundled_codec
from chaos.lives import life, terms
from chaos.undisturbed import admitted
from tests.fuzz.target import seeded

_BEGINS: Final = from_iso("2026-03-02T10:00:00Z")
_CUSTOMERS: Final = 12
_AFTERWARDS: Final = 6 * DAY


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
def logs() -> dict[Topic, list[LogRecord]]:
    """Return the logs of a dozen lives, with a tick after each record and on every hour of the days that follow."""
    live, rng = _Live(made()), seeded(7, "lives", 0)
    files = load_folder(WorkerSettings().policy_dir)
    for log in (Topic.JOURNEY_LOG, Topic.REGISTER_LOG):
        live.append(activation(version_of(files), files, _BEGINS, 0, log), _BEGINS)
    sent = [(0, record) for record in terms(_BEGINS)]
    for number in range(_CUSTOMERS):
        after = number * SECOND
        sent += [(after + each.after, each.record) for each in life(rng, f"C{number}", Instant(_BEGINS + after))]
    now = _BEGINS
    for offset, (after, record) in enumerate(sorted(sent, key=lambda each: each[0])):
        now = Instant(_BEGINS + after)
        live.takes(record, now, offset)
        live.ticks(now)
    for at in range(now, now + _AFTERWARDS, HOUR):
        live.ticks(Instant(at))
    return live.logs


@pytest.mark.parametrize("log", LOGS)
@pytest.mark.parametrize("share", [0.01, 0.2, 0.5, 0.8, 0.99])
def test_a_snapshot_and_the_log_after_it_come_to_what_the_whole_log_comes_to(log: Topic, share: float) -> None:
    records = logs()[log]
    whole = LiveLog(stage_of(log), 0)
    whole.replay(records)
    cut = int(len(records) * share)
    before = LiveLog(stage_of(log), 0)
    before.replay(records[:cut])
    after = LiveLog(stage_of(log), 0, snapshot=before.table)
    after.replay(records[cut:])
    assert after.table == whole.table
    assert [*before.said, *after.said] == whole.said


def test_the_lives_fill_every_log_and_their_deadlines_fire() -> None:
    whole = LiveLog(stage_of(Topic.JOURNEY_LOG), 0)
    whole.replay(logs()[Topic.JOURNEY_LOG])
    said = {each.topic for each in whole.said}
    assert {Topic.SUPPRESSIONS, Topic.NOTICES, Topic.DECISIONS, Topic.REMEDIES} <= said
    assert all(any(record.key is not None for record in records) for records in logs().values())

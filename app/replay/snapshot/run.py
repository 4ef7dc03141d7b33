"""One replay from a snapshot to result files: what `makegood replay snapshot` does."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from app.clock import Instant, Millis
from app.decide import compile_policy, load_folder
from app.errors import SetupError
from app.facts import decode_fact
from app.journey.rows import case_rows, journey_rows
from app.journey.state import POLICY_KEY, is_reserved
from app.journey.stored import decode_policy, decode_state
from app.main import Stages, stages
from app.replay.recording import Recording
from app.replay.session import Advance, Policy
from app.replay.snapshot.folder import Opened, open_snapshot
from app.replay.snapshot.playing import play_log
from app.replay.snapshot.supposing import Supposed, Words, split, words_of
from app.replay.wire import InputRecord
from app.stage import KeyedStage, LogRecord, OutRecord
from app.topics import OUTPUTS, Topic
from app.wire.codec import bundled_codec

NAME: Final = "snapshot"
_NO_POLICY: Final = "none"

Ended = Callable[[Topic, Mapping[bytes, bytes]], None]
"""Told the states that a partition of a log ends with."""


def open_with_window(folder: Path) -> Opened:
    """Read what a folder says of itself; SetupError when no window was taken."""
    opened = open_snapshot(folder)
    if opened.window is None:
        raise SetupError(f"{folder} has no window yet: take what followed with `makegood snapshot window {folder}`")
    return opened


def length_of(opened: Opened) -> int:
    """Return how many records the windows hold."""
    assert opened.window is not None
    return sum(part.records for part in opened.window.parts.values())


def replay_snapshot(
    opened: Opened, out: Path, advance: Advance, *, policy: Path | None = None, ended: Ended | None = None
) -> dict[str, Any]:
    """Play a snapshot's window and write the result files to `out`; return the summary.

    `policy` None: what live said from the snapshot's places on, decided by the policies that live was under. Else what
    would have been said. `ended` is told the states at the end. PolicyError, SetupError.
    """
    supposed = None
    if policy is not None:
        files = load_folder(policy)
        supposed = Policy(compile_policy(files).version, files)
    with Recording(out, bundled_codec(), Millis(0)) as recording:
        play = _Play(opened, recording, advance, ended)
        version = play.as_it_was() if supposed is None else play.as_if(supposed)
        return recording.finish(NAME, version, play.newest)


class _Play:
    """One replay; `newest` is the time of the newest record played."""

    def __init__(self, opened: Opened, recording: Recording, advance: Advance, ended: Ended | None) -> None:
        self.newest: Instant | None = None
        self._opened = opened
        self._recording = recording
        self._advance = advance
        self._ended = ended
        self._stages: Stages = stages(bundled_codec(), data_clock=False)

    def as_it_was(self) -> Any:
        """Play every log as live did; return the version that decides at the end."""
        version: Any = _NO_POLICY
        for stage in self._keyed():
            for partition in range(len(self._opened.snapshot.starts[stage.log])):
                end = play_log(self._opened, stage, partition, self._hear, self._played).table
                self._end(stage.log, end)
                if stage.log is Topic.JOURNEY_LOG and POLICY_KEY in end:
                    version = decode_policy(end[POLICY_KEY]).version
        return version

    def as_if(self, policy: Policy) -> Any:
        """Play the directory as live did and what decides under another policy; return its version."""
        said: Words = words_of(())

        def count(output: OutRecord, _: Instant) -> None:
            said.update(words_of((output,)))

        directory, *deciding = self._keyed()
        for partition in range(len(self._opened.snapshot.starts[directory.log])):
            self._end(directory.log, play_log(self._opened, directory, partition, self._hear, self._played).table)
        for stage in deciding:
            for partition in range(len(self._opened.snapshot.starts[stage.log])):
                play_log(self._opened, stage, partition, count, lambda _: None)
        other = Supposed(self._opened, deciding, policy, split(self._opened, said), self._hear)
        other.play(self._played)
        for log, partitions in other.logs.items():
            for one in partitions:
                self._end(log, one.table)
        return policy.version

    def _keyed(self) -> tuple[KeyedStage, ...]:
        return (self._stages.directory, self._stages.journeys, self._stages.register)

    def _hear(self, output: OutRecord, at: Instant) -> None:
        if output.topic in OUTPUTS:
            self._recording.said(output, at)

    def _played(self, record: LogRecord) -> None:
        self.newest = max(self.newest or record.timestamp, record.timestamp)
        if record.topic is Topic.JOURNEY_LOG and record.key is not None and record.value is not None:
            self._recording.played(_counted(record, record.value))
        self._advance(1)

    def _end(self, log: Topic, table: Mapping[bytes, bytes]) -> None:
        if self._ended is not None:
            self._ended(log, table)
        if log is not Topic.JOURNEY_LOG:
            return
        for key, value in table.items():
            if not is_reserved(key):
                state = decode_state(value)
                self._recording.ended(journey_rows(state), case_rows(state))


def _counted(record: LogRecord, value: bytes) -> InputRecord:
    kind = type(decode_fact(value).what).__struct_config__.tag
    return InputRecord(record.topic, record.key, value, (), record.timestamp, str(kind))

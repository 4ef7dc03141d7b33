"""A snapshot and its window played again: each log record by record, in its own order, as live worked it.

No log waits for another here: what one stage said to another's log stands in that log's window.
"""

from collections.abc import Callable, Iterator

from app.clock import Instant
from app.replay.live_log import LiveLog
from app.replay.snapshot.folder import Opened, Span, Start, read_states, read_window
from app.stage import KeyedStage, LogRecord, OutRecord

Hear = Callable[[OutRecord, Instant], None]
"""Hears what is said, and what the partition's clock was then."""
Played = Callable[[LogRecord], None]
"""Told each record that has been played."""


def play_log(opened: Opened, stage: KeyedStage, partition: int, hear: Hear, played: Played) -> LiveLog:
    """Play a partition of a stage to the end of what live had worked; return it as it then stands."""
    log = begun(opened, stage, partition)
    _tell(log, hear)
    for record in worked(opened, stage, partition):
        log.take(record)
        _tell(log, hear)
        played(record)
    return log


def begun(opened: Opened, stage: KeyedStage, partition: int) -> LiveLog:
    """Return a partition as the snapshot has it, what had run out by its clock fired."""
    start: Start = opened.snapshot.starts[stage.log][partition]
    states = read_states(opened, stage.log, partition)
    log = LiveLog(stage, partition, states, begins=start.offset, clock=start.clock)
    log.look_ahead(worked(opened, stage, partition))
    log.fire(start.clock, start.offset)
    return log


def worked(opened: Opened, stage: KeyedStage, partition: int) -> Iterator[LogRecord]:
    """Yield the records of a partition's window that live had worked."""
    assert opened.window is not None
    span: Span = opened.window.spans[stage.log][partition]
    for record in read_window(opened, stage.log, partition):
        if record.offset >= span.worked:
            return
        yield record


def _tell(log: LiveLog, hear: Hear) -> None:
    said, log.said = log.said, []
    for output in said:
        hear(output, log.clock)

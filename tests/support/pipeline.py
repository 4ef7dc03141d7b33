"""Play timelines through the real stages in one process, entry by entry, with the driver of an offline replay."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from app.clock import Instant
from app.decide.folder import version_of
from app.emit.records import decode_output
from app.ids import CustomerId
from app.journey.activation import activation
from app.main import stages
from app.replay.memory import MemoryStage
from app.replay.source import InputEvent, Malformed, Position
from app.replay.timeline import Event, Story
from app.replay.wire import InputRecord, records
from app.stage import LogRecord, OutRecord
from app.topics import LOGS, Topic
from app.wire.codec import bundled_codec
from tests.support.verdict import Emitted, Tombstone

PARTITIONS: Final = 2


class Front:
    """Intake and directory: events become facts of customers, or dead letters. No policy decides here."""

    def __init__(self) -> None:
        self._intake, directory, _ = stages(bundled_codec(), data_clock=True)
        self._directory = MemoryStage(directory, PARTITIONS)
        self._offset = 0

    def admit(self, found: Iterable[InputRecord], until: Instant) -> list[OutRecord]:
        """Return what the records come to once the clock stands at `until`: journey-log records and outputs."""
        admitted = [output for record in found for output in self._intake.admit(self._record(record))]
        self._directory.append(output for output in admitted if output.topic is Topic.DIRECTORY)
        onward = [output for output in admitted if output.topic is not Topic.DIRECTORY]
        return onward + self._directory.tick(until)

    def _record(self, found: InputRecord) -> LogRecord:
        self._offset += 1
        return LogRecord(found.key, found.value, found.known_at, found.topic, 0, self._offset, found.headers)


class Core:
    """The journey stage under one policy: facts and the clock become outputs."""

    def __init__(self, policy: Mapping[str, bytes]) -> None:
        _, _, journeys = stages(bundled_codec(), data_clock=True)
        self.journeys = MemoryStage(journeys, PARTITIONS)
        self.version = version_of(policy)
        self.journeys.append(
            activation(self.version, dict(policy), Instant(0), partition) for partition in range(PARTITIONS)
        )

    def work(self, admitted: Iterable[OutRecord], until: Instant) -> list[OutRecord]:
        """Return the outputs of these facts and of every deadline up to `until`."""
        passed = list(admitted)
        self.journeys.append(record for record in passed if record.topic is Topic.JOURNEY_LOG)
        return [record for record in passed if record.topic not in LOGS] + self.journeys.tick(until)


Admitted = Sequence[tuple[Instant, Sequence[OutRecord]]]
"""Per entry of a timeline: its instant and what its event came to before the journey stage."""


def admitted(story: Story) -> Admitted:
    """Take a story's events through intake and directory; a payload that fits no schema is an AssertionError."""
    front = Front()
    return [
        (entry.at, front.admit(encoded(story.name, entry.line, place, entry.at, entry.event), entry.at))
        for place, entry in enumerate(story.timeline)
    ]


def decided(found: Admitted, policy: Mapping[str, bytes]) -> Iterator[list[Emitted]]:
    """Yield what comes out of each entry under a policy."""
    core = Core(policy)
    for until, passed in found:
        yield [decoded(record) for record in core.work(passed, until)]


def encoded(name: str, line: int, place: int, at: Instant, event: Event | None) -> list[InputRecord]:
    """Return an event as its input record, none for a move of the clock."""
    if event is None:
        return []
    where = Position(f"{name}.yaml", line)
    one = InputEvent(event.topic, event.key, at, place, where, event.type, dict(event.payload))
    return list(records([one], None, _refuse))


def decoded(record: OutRecord) -> Emitted:
    """Read an output record back, as its consumers do."""
    output = decode_output(record.topic, record.value)
    if output is not None:
        return output
    assert record.key is not None, f"a removal on {record.topic} without a key"
    return Tombstone(CustomerId(record.key.decode()))


def _refuse(row: Malformed) -> None:
    message = f"{row.file}:{row.line}: {row.reason}"
    raise AssertionError(message)

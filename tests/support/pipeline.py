"""Play timelines in memory with the offline replay's own player, and hear what comes out step by step."""

from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final, NamedTuple, TypeVar

from app.clock import Instant
from app.decide.folder import version_of
from app.emit.records import decode_output
from app.ids import CustomerId
from app.main import Stages, stages
from app.replay.memory import MemoryCluster
from app.replay.player import play
from app.replay.recording import Recording
from app.replay.session import Played, Policy, Session
from app.replay.source import InputEvent, Malformed, Position
from app.replay.timeline import Event, Story
from app.replay.wire import InputRecord, records
from app.stage import OutRecord
from app.topics import Topic
from app.wire.codec import bundled_codec
from tests.support.verdict import Emitted, Tombstone

PARTITIONS: Final = 2

Value = TypeVar("Value")


class Step(NamedTuple):
    """Events, and the tick that follows them. `jumbled`: they arrive in this order, whatever their times."""

    events: Sequence[InputEvent]
    until: Instant
    jumbled: bool = False


class Heard(NamedTuple):
    """What came out of a step, and every customer's state after it, as stored."""

    step: Step
    records: list[OutRecord]
    states: Mapping[bytes, bytes]

    def outputs(self) -> list[Emitted]:
        """Return what came out, read back as consumers do."""
        return [decoded(record) for record in self.records]


class Stop(Exception):  # noqa: N818 - it is no error: the listener has heard enough
    """Raised by a listener that has heard enough."""


def run(steps: Sequence[Step], policy: Mapping[str, bytes], listen: Callable[[Heard], None]) -> None:
    """Play steps through the real stages under a policy; `listen` hears each step, and may raise Stop."""
    cluster = MemoryCluster(*_stages(), partitions=PARTITIONS)
    try:
        at_once(play(_Steps(steps, policy, cluster, listen), cluster))
    except Stop:
        return


def steps_of(story: Story) -> list[Step]:
    """Return a step for each entry of a timeline."""
    return [
        Step(() if entry.event is None else (event_at(story.name, entry.line, place, entry.at, entry.event),), entry.at)
        for place, entry in enumerate(story.timeline)
    ]


def event_at(name: str, line: int, place: int, at: Instant, event: Event) -> InputEvent:
    """Return an event as a replay's source gives it; `place` is its order among equal times."""
    origin = Position(f"{name}.yaml", line)
    return InputEvent(event.topic, event.key, at, place, origin, event.type, dict(event.payload))


class _Steps(Session):
    """A session that plays given steps. After each it hands on what came out."""

    def __init__(
        self,
        steps: Sequence[Step],
        policy: Mapping[str, bytes],
        cluster: MemoryCluster,
        listen: Callable[[Heard], None],
    ) -> None:
        identity = Policy(version_of(policy), dict(policy))
        super().__init__(
            iter(()), identity, _Unrecorded(), until=None, report=_refuse, advance=_ignore, said=self._hear
        )
        self._steps = steps
        self._cluster = cluster
        self._listen = listen
        self._heard: list[OutRecord] = []

    def stretches(self) -> Iterator[Played]:
        for step in self._steps:
            if step.jumbled:
                yield Played(tuple(_input_of(record) for record in records(step.events, None, _refuse)), step.until)
            else:
                self._events, self._until = iter(step.events), step.until
                yield from super().stretches()
            heard, self._heard = self._heard, []
            self._listen(Heard(step, heard, at_once(self._cluster.states(Topic.JOURNEY_CHANGELOG))))

    def _hear(self, output: OutRecord) -> None:
        self._heard.append(output)


class _Unrecorded(Recording):
    """A recording of nothing: the listener hears the outputs."""

    def __init__(self) -> None:
        pass

    def played(self, record: InputRecord) -> None:
        pass

    def said(self, output: OutRecord, now: Instant | None = None) -> None:
        pass


@cache
def _stages() -> Stages:
    """Return the stages; they keep no state of their own, so all plays share them."""
    return stages(bundled_codec(), data_clock=True)


def at_once(coroutine: Coroutine[Any, Any, Value]) -> Value:
    """Run what never waits: in memory everything is there at once."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        value: Value = done.value
        return value
    message = "a play in memory waited for something"
    raise AssertionError(message)


def _input_of(record: InputRecord) -> OutRecord:
    return OutRecord(record.topic, record.key, record.value, record.headers)


def decoded(record: OutRecord) -> Emitted:
    """Return an output as a consumer reads it."""
    output = decode_output(record.topic, record.value)
    if output is not None:
        return output
    assert record.key is not None, f"a removal on {record.topic} without a key"
    return Tombstone(CustomerId(record.key.decode()))


def _refuse(row: Malformed) -> None:
    message = f"{row.file}:{row.line}: {row.reason}"
    raise AssertionError(message)


def _ignore(_: int) -> None:
    pass

"""A small real stage for tests of the shell: it counts events per customer and may set a deadline that speaks up.

An event is `id`, or `id@due` to set the customer's deadline; `poison` raises, as a bug would.
"""

import struct
from collections.abc import Mapping, Sequence

from app.clock import Instant
from app.stage import Effects, LogRecord, OutRecord, Round
from app.topics import Topic

_STATE = struct.Struct(">qq")
_PADDING = b"x" * 200


class PoisonError(Exception):
    """The bug."""


def encode(count: int, due: int) -> bytes:
    return _STATE.pack(count, due) + _PADDING


def decode(value: bytes) -> tuple[int, int]:
    count, due = _STATE.unpack_from(value)
    return count, due


def known_at(record: LogRecord) -> Instant:
    """When we learnt of the event: as intake noted it, or the log's own time."""
    return Instant(int(dict(record.headers).get("known_at") or record.timestamp))


class CountingStage:
    """Says every event in `notices` (key: customer, value: id) and every deadline in `escalations` (value: due).

    As the contract has it, a deadline fires before the event that became known after it, and not if one known in time
    has lifted it.
    """

    def __init__(
        self, name: str = "journey", log: Topic = Topic.JOURNEY_LOG, changelog: Topic = Topic.JOURNEY_CHANGELOG
    ) -> None:
        self.name = name
        self.log = log
        self.changelog = changelog

    def work(self, round_: Round, table: Mapping[bytes, bytes]) -> Effects:
        states: dict[bytes, tuple[int, int]] = {}
        outputs: list[OutRecord] = []

        def state_of(key: bytes) -> tuple[int, int]:
            if key not in states:
                states[key] = decode(table[key]) if key in table else (0, 0)
            return states[key]

        def fire(key: bytes, until: Instant) -> None:
            count, due = state_of(key)
            if due and due <= until:
                outputs.append(OutRecord(Topic.ESCALATIONS, key, str(due).encode()))
                states[key] = (count, 0)

        for record in round_.records:
            assert record.key is not None
            assert record.value is not None
            if record.value == b"poison":
                raise PoisonError
            fire(record.key, known_at(record))
            count, due = state_of(record.key)
            event, _, wanted = record.value.partition(b"@")
            states[record.key] = (count + 1, int(wanted) if wanted else due)
            outputs.append(self.output(record.key, event, record))
        for key in round_.due:
            fire(key, round_.until)
        changes: dict[bytes, bytes | None] = {key: encode(*state) for key, state in states.items()}
        return Effects(outputs, changes, {key: Instant(due) or None for key, (_, due) in states.items()})

    def output(self, key: bytes, event: bytes, record: LogRecord) -> OutRecord:
        return OutRecord(Topic.NOTICES, key, event)

    def next_due(self, value: bytes) -> Instant | None:
        return Instant(decode(value)[1]) or None


class ForwardingStage(CountingStage):
    """A first hop without deadlines of its own, as the directory mostly is: it passes every event on."""

    def __init__(self) -> None:
        super().__init__("directory", Topic.DIRECTORY, Topic.DIRECTORY_CHANGELOG)

    def work(self, round_: Round, table: Mapping[bytes, bytes]) -> Effects:
        return Effects([OutRecord(Topic.JOURNEY_LOG, r.key, r.value, r.headers) for r in round_.records], {}, {})


class CountingIntake:
    """Passes an event on to the log of the first stage; `rubbish` becomes a dead letter."""

    def __init__(self, to: Topic = Topic.JOURNEY_LOG) -> None:
        self._to = to

    def admit(self, record: LogRecord) -> Sequence[OutRecord]:
        if record.value == b"rubbish":
            return [OutRecord(Topic.DEAD_LETTERS, record.key, record.value)]
        return [OutRecord(self._to, record.key, record.value, (("known_at", str(record.timestamp).encode()),))]

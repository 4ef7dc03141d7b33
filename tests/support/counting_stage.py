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


class Poison(Exception):
    """The bug."""


def encode(count: int, due: int) -> bytes:
    return _STATE.pack(count, due) + _PADDING


def decode(value: bytes) -> tuple[int, int]:
    count, due = _STATE.unpack_from(value)
    return count, due


class CountingStage:
    """Says every event in `notices` (key: customer, value: id) and every deadline in `escalations` (value: due)."""

    def __init__(
        self, name: str = "journey", log: Topic = Topic.JOURNEY_LOG, changelog: Topic = Topic.JOURNEY_CHANGELOG
    ) -> None:
        self.name = name
        self.log = log
        self.changelog = changelog

    def work(self, round_: Round, table: Mapping[bytes, bytes]) -> Effects:
        changes: dict[bytes, bytes | None] = {}
        outputs: list[OutRecord] = []

        def state_of(key: bytes) -> tuple[int, int]:
            value = changes.get(key) or table.get(key)
            return decode(value) if value is not None else (0, 0)

        for key in round_.due:
            count, due = state_of(key)
            outputs.append(OutRecord(Topic.ESCALATIONS, key, str(due).encode()))
            changes[key] = encode(count, 0)
        for record in round_.records:
            assert record.key is not None
            assert record.value is not None
            if record.value == b"poison":
                raise Poison
            count, due = state_of(record.key)
            event, _, wanted = record.value.partition(b"@")
            changes[record.key] = encode(count + 1, int(wanted) if wanted else due)
            outputs.append(self.output(record.key, event, record))
        next_due = {key: Instant(decode(value)[1]) or None for key, value in changes.items() if value is not None}
        return Effects(outputs, changes, next_due)

    def output(self, key: bytes, event: bytes, record: LogRecord) -> OutRecord:
        return OutRecord(Topic.NOTICES, key, event)

    def next_due(self, value: bytes) -> Instant | None:
        return Instant(decode(value)[1]) or None


class ForwardingStage(CountingStage):
    """A first hop, as the directory is: it passes every event on to the journey log."""

    def __init__(self) -> None:
        super().__init__("directory", Topic.DIRECTORY, Topic.DIRECTORY_CHANGELOG)

    def output(self, key: bytes, event: bytes, record: LogRecord) -> OutRecord:
        return OutRecord(Topic.JOURNEY_LOG, key, record.value)


class CountingIntake:
    """Passes an event on to the log of the first stage; `rubbish` becomes a dead letter."""

    def __init__(self, to: Topic = Topic.JOURNEY_LOG) -> None:
        self._to = to

    def admit(self, record: LogRecord) -> Sequence[OutRecord]:
        if record.value == b"rubbish":
            return [OutRecord(Topic.DEAD_LETTERS, record.key, record.value)]
        return [OutRecord(self._to, record.key, record.value)]

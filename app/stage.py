"""The contract between the pure stages and what drives them: the Faust shell live, the offline runner in replay."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple, Protocol

from app.clock import Instant
from app.records import Headers, LogRecord, OutRecord
from app.topics import Topic

__all__ = [
    "Effects",
    "Headers",
    "IntakeStage",
    "KeyedStage",
    "LogRecord",
    "OutRecord",
    "Round",
    "clocks",
    "tick_of",
    "tick_value",
]


class Round(NamedTuple):
    """What a keyed stage works on at once: facts of one partition, and the keys whose deadlines have run out.

    `until` is the partition's clock (the newest tick seen); `due` are keys whose earliest deadline is at or before
    it. A key may be in both. Under the data clock (decision 0007) `records` are all those up to a tick, in any order,
    and the stage puts them in the order of (known_at, sequence); live they are in log order.

    `parking` maps keys that are to be kept back to the offset from which on, and to the record that asked for it:
    it stands further on in the log than what it is about (decision 0021).

    `ticks` says where in the log the clock went on: before `records[place]` it had come to `instant`. What is due by
    then fires before that record, so that nothing depends on how the log is cut into rounds. Empty: the data clock.
    """

    partition: int
    records: Sequence[LogRecord]
    due: Sequence[bytes]
    until: Instant
    parking: Mapping[bytes, tuple[int, bytes]] = MappingProxyType({})
    ticks: Sequence[tuple[int, Instant]] = ()


def clocks(round_: Round) -> list[Instant]:
    """Return for each record of a round how far the partition's clock had come before it; 0 where no tick says."""
    found: list[Instant] = []
    now, place = _START, 0
    for tick_place, instant in round_.ticks:
        found.extend([now] * (tick_place - place))
        now, place = max(now, instant), tick_place
    found.extend([now] * (len(round_.records) - place))
    return found


class Effects(NamedTuple):
    """What a round comes to; nothing has been done yet.

    `changes` maps each changed key to its new state (None: remove), exactly as it goes to table and changelog;
    `next_due` maps each changed key to its new earliest deadline (None: it waits for nothing). `repeats` counts facts
    that changed nothing because they had been taken before.
    """

    outputs: Sequence[OutRecord]
    changes: Mapping[bytes, bytes | None]
    next_due: Mapping[bytes, Instant | None]
    repeats: int = 0


class KeyedStage(Protocol):
    """A stage with state: one writer per key, the log its ordered truth (decision 0002)."""

    name: str
    log: Topic
    changelog: Topic

    def work(self, round_: Round, table: Mapping[bytes, bytes]) -> Effects:
        """Compute a round over the table, not in it. Any exception is a bug and must stop the worker."""
        ...

    def next_due(self, value: bytes) -> Instant | None:
        """Return the earliest deadline in a stored state; the time index is rebuilt from it."""
        ...


class IntakeStage(Protocol):
    """The stateless first stage: an input record becomes facts on the internal logs, or a dead letter."""

    def admit(self, record: LogRecord) -> Sequence[OutRecord]:
        """Return what the record comes to; invalid input is an answer (a dead letter), never an exception."""
        ...


_START: Final = Instant(0)
_TICK: Final = b"tick:"


def tick_value(at: Instant) -> bytes:
    """Encode a tick; it is written with no key to every partition it is meant for."""
    return _TICK + str(at).encode()


def tick_of(record: LogRecord) -> Instant | None:
    """Return the instant of a tick record, None for any other record."""
    if record.key is not None or record.value is None or not record.value.startswith(_TICK):
        return None
    return Instant(int(record.value[len(_TICK) :]))

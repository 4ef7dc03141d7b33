"""The directory stage: facts that do not know their customer find it by an alias, or wait."""

from collections.abc import Callable, Iterable, Mapping

from app.clock import Instant
from app.directory.changes import Step, bind, expire, forget, next_due, waited
from app.directory.state import AliasState
from app.directory.stored import decode_state, encode_state, stored_due
from app.facts import (
    AliasBound,
    DirectoryEntry,
    Fact,
    FactWaiting,
    decode_entry,
    encode_entry,
    encode_fact,
)
from app.intake.aliases import bindings
from app.outputs import DeadLetter
from app.stage import Effects, LogRecord, OutRecord, Round, clocks, tick_of
from app.topics import Topic

WriteDeadLetter = Callable[[DeadLetter], OutRecord]
"""How a dead letter becomes a record: `DeadLetters.record`."""


class Directory:
    """Implements `stage.KeyedStage`, keyed by `Alias.key()`.

    `data_clock`: a round's records come in any order and are worked in that of (known_at, sequence, rank), bindings
    before facts (decision 0007). Otherwise the order of the log stands.

    A resolved fact may bring aliases of its own (a dispatch that waited for its order names parcels): they are written
    back to the directory's log, where their keys' partitions find them.
    """

    name = "directory"
    log = Topic.DIRECTORY
    changelog = Topic.DIRECTORY_CHANGELOG

    def __init__(self, write_dead_letter: WriteDeadLetter, *, data_clock: bool = False) -> None:
        self._write_dead_letter = write_dead_letter
        self._data_clock = data_clock

    def work(self, round_: Round, table: Mapping[bytes, bytes]) -> Effects:
        """Bind, pass on, keep or refuse; before each record the alias's own deadlines up to its time fire first."""
        session = _Session(table, self._write_dead_letter)
        for (key, entry), clock in zip(self._ordered(round_.records), clocks(round_), strict=False):
            session.fire(key, max(_known_at(entry), clock))
            session.apply(key, entry)
        for key in (*round_.due, *session.touched()):
            session.fire(key, round_.until)
        return session.effects()

    def next_due(self, value: bytes) -> Instant | None:
        """Return the earliest deadline in a stored state."""
        return stored_due(value)

    def _ordered(self, records: Iterable[LogRecord]) -> list[tuple[bytes, DirectoryEntry]]:
        entries = [_entry(record) for record in records if tick_of(record) is None]
        return sorted(entries, key=lambda item: _order(item[1])) if self._data_clock else entries


class _Session:
    """One round over the table, not in it. Deadlines stand beside the states, so that each is worked out once."""

    def __init__(self, table: Mapping[bytes, bytes], write_dead_letter: WriteDeadLetter) -> None:
        self._table = table
        self._write_dead_letter = write_dead_letter
        self._states: dict[bytes, AliasState] = {}
        self._dues: dict[bytes, Instant | None] = {}
        self._changed: dict[bytes, None] = {}
        self._outputs: list[OutRecord] = []

    def touched(self) -> tuple[bytes, ...]:
        return tuple(self._states)

    def fire(self, key: bytes, until: Instant) -> None:
        """Fire the alias's deadlines at or before `until`, each with `now` = its due time, until none is left."""
        state = self._state(key)
        while (due := self._dues[key]) is not None and due <= until:
            self._take(key, expire(state, due))
            state = self._states[key]

    def apply(self, key: bytes, entry: DirectoryEntry) -> None:
        state = self._state(key)
        self._take(key, _step(state, entry))

    def effects(self) -> Effects:
        changes = {key: encode_state(self._states[key], self._dues[key]) for key in self._changed}
        kept = {key: value for key, value in changes.items() if value is not None or key in self._table}
        return Effects(self._outputs, kept, {key: self._dues[key] for key in kept})

    def _state(self, key: bytes) -> AliasState:
        state = self._states.get(key)
        if state is None:
            value = self._table.get(key)
            state = self._states[key] = decode_state(value)
            self._dues[key] = None if value is None else stored_due(value)
        return state

    def _take(self, key: bytes, step: Step) -> None:
        if step.state is not self._states[key]:
            self._states[key] = step.state
            self._dues[key] = next_due(step.state)
            self._changed[key] = None
        for fact in step.found:
            self._pass_on(key, fact)
        for letter in step.refused:
            self._outputs.append(self._write_dead_letter(letter))

    def _pass_on(self, key: bytes, fact: Fact) -> None:
        """Say a fact to its customer's log, and the aliases it brings now that its customer is known by this one."""
        customer = fact.subject.customer
        assert customer is not None, "a binding names its customer"
        self._outputs.append(OutRecord(Topic.JOURNEY_LOG, customer.encode(), encode_fact(fact)))
        for brought in bindings(fact):
            if (alias := brought.alias.key()) != key:
                self._outputs.append(OutRecord(Topic.DIRECTORY, alias, encode_entry(brought)))


def _step(state: AliasState, entry: DirectoryEntry) -> Step:
    # the commonest first: that a struct is not of a class takes ten times as long to say as that it is
    if isinstance(entry, FactWaiting):
        return waited(state, entry)
    return bind(state, entry) if isinstance(entry, AliasBound) else forget(state, entry)


def _entry(record: LogRecord) -> tuple[bytes, DirectoryEntry]:
    if record.key is None or record.value is None:
        msg = f"record without key or value at {record.topic}/{record.partition}/{record.offset}: only ticks have none"
        raise ValueError(msg)
    return record.key, decode_entry(record.value)


def _known_at(entry: DirectoryEntry) -> Instant:
    return entry.fact.known_at if isinstance(entry, FactWaiting) else entry.known_at


def _order(entry: DirectoryEntry) -> tuple[int, int, int, bool]:
    if isinstance(entry, FactWaiting):
        return (*entry.fact.order, True)
    return (entry.known_at, entry.sequence, 0, False)

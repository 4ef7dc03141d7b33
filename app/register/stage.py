"""The register stage: one writer per campaign, offer, budget, playlist or shard over the register log."""

from collections.abc import Iterable, Mapping
from typing import Protocol

from app.clock import Instant
from app.decide.loading import compile_policy
from app.decide.policy import Policy
from app.facts import Fact, PolicyActivated, encode_fact
from app.journey.governing import PartitionPolicies, fact_in, required
from app.journey.state import POLICY_KEY
from app.journey.stored import encode_policy
from app.outputs import Output
from app.register.state import Entry, decode_entry, encode_entry, stored_due
from app.register.step import Stepped, fire, next_due, step
from app.stage import Effects, LogRecord, OutRecord, Round, clocks, tick_of
from app.topics import Topic


class Write(Protocol):
    """How outputs become records; given by emit."""

    def record(self, output: Output) -> OutRecord:
        """Return an output as a record."""
        ...


class Register:
    """Implements `stage.KeyedStage`, keyed by what spans customers (see `app.facts`: `campaign_key` and the others).

    Live, facts are taken in log order. `data_clock`: a fact known later than the tick waits under its key, and all are
    taken in their total order, deadlines between them (decision 0007): a request of a later time must not draw on a
    budget before one of an earlier time that is still on its way.
    """

    name = "register"
    log = Topic.REGISTER_LOG
    changelog = Topic.REGISTER_CHANGELOG

    def __init__(self, write: Write, *, data_clock: bool = False) -> None:
        self._write = write
        self._data_clock = data_clock
        self._policies = PartitionPolicies()

    def work(self, round_: Round, table: Mapping[bytes, bytes]) -> Effects:
        """Take the facts in, each after its key's deadlines up to its time; then fire what is due by `until`."""
        session = _Session(table, self._write, self._policies.active(round_.partition, table))
        for (key, fact), clock in zip(self._ordered(round_.records), clocks(round_), strict=False):
            if isinstance(fact.what, PolicyActivated):
                # what had run out before goes by the policy before
                for due in (*round_.due, *session.touched()):
                    session.advance(due, clock)
                session.activate(fact.what)
            elif key is None:
                msg = f"fact {fact.id} without a key on the register log: only ticks and policies have none"
                raise ValueError(msg)
            elif self._data_clock:
                session.keep(key, fact)
            else:
                session.advance(key, max(fact.known_at, clock))
                session.take(key, fact)
        for key in (*round_.due, *session.touched()):
            session.advance(key, round_.until)
        effects = session.effects()
        if session.activated is not None:
            self._policies.activated(round_.partition, session.activated, effects)
        return effects

    def next_due(self, value: bytes) -> Instant | None:
        """Return the earliest deadline in a stored entry, without decoding it."""
        return stored_due(value)

    def _ordered(self, records: Iterable[LogRecord]) -> list[tuple[bytes | None, Fact]]:
        facts = [(record.key, fact_in(record)) for record in records if tick_of(record) is None]
        return (
            sorted(facts, key=lambda item: not isinstance(item[1].what, PolicyActivated)) if self._data_clock else facts
        )


def _order(fact: Fact) -> tuple[tuple[int, int, int], str]:
    return (fact.order, fact.id)


class _Session:
    """One round over the table, not in it: each key is decoded once and encoded once."""

    def __init__(self, table: Mapping[bytes, bytes], write: Write, policy: Policy | None) -> None:
        self._table = table
        self._write = write
        self._policy = policy
        self._entries: dict[bytes, Entry] = {}
        self._changed: dict[bytes, None] = {}
        self._outputs: list[OutRecord] = []
        self._policy_value: bytes | None = None
        self.activated: Policy | None = None

    def touched(self) -> tuple[bytes, ...]:
        return tuple(self._entries)

    def activate(self, what: PolicyActivated) -> None:
        self._policy = self.activated = compile_policy(what.files)
        self._policy_value = encode_policy(what)

    def keep(self, key: bytes, fact: Fact) -> None:
        """Let a fact wait for its time."""
        entry = self._entry(key)
        self._put(key, Entry(entry.body, tuple(sorted((*entry.ahead, fact), key=_order))))

    def advance(self, key: bytes, until: Instant) -> None:
        """Fire the key's deadlines and take the facts that waited, up to `until`; a deadline comes before its time."""
        while True:
            entry = self._entry(key)
            due = next_due(self._decides(), entry.body)
            ahead = entry.ahead[0].known_at if entry.ahead else None
            if due is not None and due <= until and (ahead is None or due <= ahead):
                assert entry.body is not None
                self._take(key, entry, fire(self._decides(), key.decode(), entry.body, due))
            elif ahead is not None and ahead <= until:
                rest = Entry(entry.body, entry.ahead[1:])
                self._take(key, rest, step(self._decides(), key.decode(), entry.body, entry.ahead[0]))
            else:
                return

    def take(self, key: bytes, fact: Fact) -> None:
        """Take a fact at once."""
        entry = self._entry(key)
        self._take(key, entry, step(self._decides(), key.decode(), entry.body, fact))

    def effects(self) -> Effects:
        dues = {key: self._due(self._entries[key]) for key in self._changed}
        changes = {key: encode_entry(self._entries[key], dues[key]) for key in self._changed}
        kept = {key: value for key, value in changes.items() if value is not None or key in self._table}
        if self._policy_value is not None:
            kept[POLICY_KEY] = self._policy_value
            dues[POLICY_KEY] = None
        return Effects(self._outputs, kept, {key: dues[key] for key in kept})

    def _due(self, entry: Entry) -> Instant | None:
        due = next_due(self._decides(), entry.body)
        ahead = entry.ahead[0].known_at if entry.ahead else None
        return min((moment for moment in (due, ahead) if moment is not None), default=None)

    def _decides(self) -> Policy:
        return required(self._policy)

    def _entry(self, key: bytes) -> Entry:
        entry = self._entries.get(key)
        if entry is None:
            entry = self._entries[key] = decode_entry(self._table.get(key))
        return entry

    def _put(self, key: bytes, entry: Entry) -> None:
        self._entries[key] = entry
        self._changed[key] = None

    def _take(self, key: bytes, entry: Entry, stepped: Stepped) -> None:
        self._put(key, Entry(stepped.body, entry.ahead))
        self._outputs.extend(self._write.record(said) for said in stepped.said)
        self._outputs.extend(OutRecord(topic, to, encode_fact(fact)) for topic, to, fact in stepped.passed)

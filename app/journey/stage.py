"""The journey stage: one writer per customer over the journey log (decision 0002)."""

from collections.abc import Iterable, Mapping
from typing import Protocol

from msgspec.structs import replace

from app.clock import Instant
from app.decide.loading import compile_policy
from app.decide.policy import Policy
from app.facts import CustomerParked, Fact, PolicyActivated, encode_fact
from app.ids import CustomerId
from app.journey import accounts, deadlines, known_by
from app.journey.asking import is_taken_at_once
from app.journey.governing import PartitionPolicies, fact_in, required
from app.journey.parking import Parking
from app.journey.state import POLICY_KEY, CustomerState
from app.journey.step import Stepped, fire, step
from app.journey.stored import decode_state, encode_policy, encode_state, stored_due
from app.journey.turn import Forget, Handed, Spoken, Told
from app.outputs import Output
from app.stage import Effects, LogRecord, OutRecord, Round, clocks, tick_of
from app.topics import Topic


class Write(Protocol):
    """How outputs become records; given by emit."""

    def record(self, output: Output) -> OutRecord:
        """Return an output as a record."""
        ...

    def tombstone(self, customer: CustomerId) -> OutRecord:
        """Return the record after which a customer's suppression is forgotten."""
        ...


class Journeys:
    """Implements `stage.KeyedStage`, keyed by customer.

    `data_clock`: a round's records come in any order and are worked in that of `Fact.order` (decision 0007), and a
    customer whom the register owes an answer stands still until it is there; otherwise the order of the log stands.
    The policy is the partition's own, kept in the table under `POLICY_KEY`.
    """

    name = "journey"
    log = Topic.JOURNEY_LOG
    changelog = Topic.JOURNEY_CHANGELOG

    def __init__(self, write: Write, *, data_clock: bool = False) -> None:
        self._write = write
        self._data_clock = data_clock
        self._policies = PartitionPolicies()

    def work(self, round_: Round, table: Mapping[bytes, bytes]) -> Effects:
        """Take the facts in, each after its customer's deadlines up to its time; then fire what is due by `until`.

        SetupError when facts come before any policy was activated on the partition.
        """
        session = _Session(table, self._write, self._policies.active(round_.partition, table), self._data_clock)
        parking = Parking(table, round_.parking, session)
        for (record, read), clock in zip(self._ordered(round_.records), clocks(round_), strict=False):
            if parking.keeps(record, clock):
                continue
            fact = read or fact_in(record)
            if record.key is not None and clock > fact.known_at:
                session.fire(record.key, clock)
            if type(fact.what) is PolicyActivated:
                # what had run out before goes by the policy before
                session.fire_all(round_.due, clock, parking)
                session.activate(fact.what)
            elif record.key is None:
                msg = f"fact {fact.id} without a customer on the journey log: only ticks and policies have no key"
                raise ValueError(msg)
            elif not (type(fact.what) is CustomerParked or parking.parks(record, fact)):
                session.take(record.key, fact)
        session.fire_all(round_.due, round_.until, parking)
        effects = session.effects(parking.changes)
        if session.activated is not None:
            self._policies.activated(round_.partition, session.activated, effects)
        return effects

    def next_due(self, value: bytes) -> Instant | None:
        """Return the earliest deadline in a stored state, without decoding it."""
        return stored_due(value)

    def _ordered(self, records: Iterable[LogRecord]) -> list[tuple[LogRecord, Fact | None]]:
        """Return the records in the order they are worked; live not read yet, because one of them may break us."""
        found = [record for record in records if tick_of(record) is None]
        if not self._data_clock:
            return [(record, None) for record in found]
        facts = [(record, fact_in(record)) for record in found]
        return [*sorted(facts, key=lambda item: _order(item[1]))]


def _order(fact: Fact) -> tuple[tuple[int, int, int], bool]:
    """Put a policy before the facts of its own instant."""
    return (fact.order, not isinstance(fact.what, PolicyActivated))


class _Session:
    """One round over the table, not in it: each customer is decoded once and encoded once."""

    def __init__(self, table: Mapping[bytes, bytes], write: Write, policy: Policy | None, stands_still: bool) -> None:
        self._table = table
        self._write = write
        self._policy = policy
        self._stands_still = stands_still
        self._states: dict[bytes, CustomerState] = {}
        self._dues: dict[bytes, Instant | None] = {}
        self._changed: dict[bytes, None] = {}
        self._outputs: list[OutRecord] = []
        self._repeats = 0
        self._policy_value: bytes | None = None
        self.activated: Policy | None = None

    def touched(self) -> tuple[bytes, ...]:
        return tuple(self._states)

    def activate(self, what: PolicyActivated) -> None:
        self._policy = self.activated = compile_policy(what.files)
        self._policy_value = encode_policy(what)

    def take(self, key: bytes, fact: Fact) -> None:
        state = self._state(key)
        if self._waits(key) and not is_taken_at_once(state, fact):
            queued = tuple(sorted((*state.queued, fact), key=lambda each: each.order))
            self._put(key, replace(state, queued=queued))
            return
        self._go(key, fact)
        while (queued := self._states[key].queued) and not self._waits(key):
            self._put(key, replace(self._states[key], queued=queued[1:]))
            self._go(key, queued[0])

    def _go(self, key: bytes, fact: Fact) -> None:
        self.fire(key, fact.known_at)
        if self._stands_still and not is_taken_at_once(self._states[key], fact):
            if not self._waits(key):
                self._ask_account(key, fact.known_at)
            if self._waits(key):
                self.take(key, fact)
                return
        stepped = step(self._decides(), self._states[key], fact)
        # whatever is not a repeat is at least remembered, or handed on
        self._repeats += stepped.state is self._states[key] and not stepped.spoken
        state = known_by.remembering(stepped.state, fact)
        self._take(key, stepped if state is stepped.state else Stepped(state, stepped.spoken))
        self.fire(key, self._states[key].last_now)

    def _waits(self, key: bytes) -> bool:
        """Say whether a customer stands still until the register has answered."""
        return self._stands_still and bool(self._states[key].questions)

    def fire(self, key: bytes, until: Instant) -> None:
        """Fire the customer's deadlines at or before `until`, each with `now` = its due time, until none is left."""
        self._state(key)
        while (due := self._dues[key]) is not None and due <= until:
            if self._ask_account(key, due):
                return
            self._take(key, fire(self._decides(), self._states[key], due))

    def _ask_account(self, key: bytes, at: Instant) -> bool:
        """Let a customer of an account stand still until it has told all there is up to `at`; say whether they do."""
        behind = self._stands_still and accounts.is_behind(self._states[key], at)
        if behind:
            state, told = accounts.ask_until(self._states[key], at)
            self._put(key, state)
            self._outputs.append(self._record(told))
        return behind

    def fire_all(self, due: Iterable[bytes], until: Instant, parking: Parking) -> None:
        """Fire what is due of all customers of the round by an instant, but for those who are parked."""
        for key in (*due, *self.touched()):
            if not parking.keeps_due(key):
                self.fire(key, until)

    def policy(self) -> Policy:
        """Return the policy that decides now."""
        return required(self._policy)

    def hush(self, key: bytes) -> bool:
        """Let no deadline of the customer fire; False when this round has not touched them."""
        if key not in self._states:
            return False
        self._dues[key] = None
        self._changed[key] = None
        return True

    def seen(self, key: bytes) -> CustomerState:
        """Return the customer's state, read."""
        return self._state(key)

    def rejoin(self, key: bytes, state: CustomerState) -> None:
        """Take the customer's state, deadlines and all, as it was when they were parked."""
        self._put(key, state)

    def say(self, spoken: Spoken) -> None:
        """Say something."""
        self._outputs.append(self._record(spoken))

    def effects(self, ours: Mapping[bytes, bytes | None]) -> Effects:
        """Return what the round comes to; `ours` are changes of the table that are no customer's state as read."""
        changes: dict[bytes, bytes | None] = {
            key: None if state.is_empty else encode_state(state, self._dues[key])
            for key, state in ((key, self._states[key]) for key in self._changed)
        } | dict(ours)
        kept = {key: value for key, value in changes.items() if value is not None or key in self._table}
        dues = {key: self._dues[key] if key in self._changed else None for key in kept}
        if self._policy_value is not None:
            kept[POLICY_KEY] = self._policy_value
            dues[POLICY_KEY] = None
        return Effects(self._outputs, kept, dues, self._repeats)

    def _decides(self) -> Policy:
        return required(self._policy)

    def _state(self, key: bytes) -> CustomerState:
        state = self._states.get(key)
        if state is None:
            value = self._table.get(key)
            state = CustomerState(CustomerId(key.decode())) if value is None else decode_state(value)
            self._states[key] = state
            self._dues[key] = None if value is None else stored_due(value)
        return state

    def _take(self, key: bytes, stepped: Stepped) -> None:
        if stepped.state is not self._states[key]:
            self._put(key, stepped.state)
        for spoken in stepped.spoken:
            self._outputs.append(self._record(spoken))

    def _put(self, key: bytes, state: CustomerState) -> None:
        self._states[key] = state
        self._dues[key] = None if self._waits(key) else deadlines.next_due(self._decides(), state)
        self._changed[key] = None

    def _record(self, spoken: Spoken) -> OutRecord:
        if type(spoken) is Forget:
            return self._write.tombstone(spoken.customer)
        if type(spoken) is Told:
            return OutRecord(Topic.REGISTER_LOG, spoken.key, encode_fact(spoken.fact))
        if type(spoken) is Handed:
            return OutRecord(*spoken)
        return self._write.record(spoken)

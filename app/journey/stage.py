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
        ordered = self._ordered(round_.records)
        last = {record.key: record for record, _ in ordered}
        for (record, read), clock in zip(ordered, clocks(round_), strict=False):
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
                if last[record.key] is record:
                    session.put_by(record.key)
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


class _Customer:
    """A customer in a round: read once it is needed, written once."""

    def __init__(self, key: bytes, value: bytes | None) -> None:
        self.due = None if value is None else stored_due(value)
        self.changed = False
        self._key = key
        self._value = value
        self._state: CustomerState | None = None

    @property
    def is_read(self) -> bool:
        """Say whether the state has been needed; one that nobody has read may be what breaks us."""
        return self.changed or self._state is not None

    def state(self) -> CustomerState:
        """Return the newest state."""
        state = self._state
        if state is None:
            value = self._value
            state = CustomerState(CustomerId(self._key.decode())) if value is None else decode_state(value)
            self._state = state
        return state

    def put(self, state: CustomerState, due: Instant | None) -> None:
        """Take a new state and when its first deadline fires."""
        self._state = state
        self.due = due
        self.changed = True

    def write(self) -> bytes | None:
        """Let go of the state, read anew if need be; return its stored form, None when nothing is left to know."""
        state = self._state
        if state is not None:
            if self.changed:
                self._value = None if state.is_empty else encode_state(state, self.due)
            self._state = None
        return self._value


class _Session:
    """One round over the table, not in it."""

    def __init__(self, table: Mapping[bytes, bytes], write: Write, policy: Policy | None, stands_still: bool) -> None:
        self._table = table
        self._write = write
        self._policy = policy
        self._stands_still = stands_still
        self._customers: dict[bytes, _Customer] = {}
        self._outputs: list[OutRecord] = []
        self._repeats = 0
        self._policy_value: bytes | None = None
        self.activated: Policy | None = None

    def touched(self) -> tuple[bytes, ...]:
        return tuple(self._customers)

    def activate(self, what: PolicyActivated) -> None:
        self._policy = self.activated = compile_policy(what.files)
        self._policy_value = encode_policy(what)

    def take(self, key: bytes, fact: Fact) -> None:
        customer = self._customer(key)
        state = customer.state()
        if self._waits(state) and not is_taken_at_once(state, fact):
            queued = tuple(sorted((*state.queued, fact), key=lambda each: each.order))
            self._put(customer, replace(state, queued=queued))
            return
        self._go(key, customer, fact)
        while (queued := customer.state().queued) and not self._waits(customer.state()):
            self._put(customer, replace(customer.state(), queued=queued[1:]))
            self._go(key, customer, queued[0])

    def _go(self, key: bytes, customer: _Customer, fact: Fact) -> None:
        self._fire(customer, fact.known_at)
        if self._stands_still and not is_taken_at_once(customer.state(), fact):
            if not self._waits(customer.state()):
                self._ask_account(customer, fact.known_at)
            if self._waits(customer.state()):
                self.take(key, fact)
                return
        before = customer.state()
        stepped = step(self._decides(), before, fact)
        # whatever is not a repeat is at least remembered, or handed on
        self._repeats += stepped.state is before and not stepped.spoken
        state = known_by.remembering(stepped.state, fact)
        self._take(customer, stepped if state is stepped.state else Stepped(state, stepped.spoken))
        self._fire(customer, customer.state().last_now)

    def _waits(self, state: CustomerState) -> bool:
        """Say whether a customer stands still until the register has answered."""
        return self._stands_still and bool(state.questions)

    def fire(self, key: bytes, until: Instant) -> None:
        """Fire the customer's deadlines at or before `until`, each with `now` = its due time, until none is left."""
        self._fire(self._customer(key), until)

    def _fire(self, customer: _Customer, until: Instant) -> None:
        while (due := customer.due) is not None and due <= until:
            if self._ask_account(customer, due):
                return
            self._take(customer, fire(self._decides(), customer.state(), due))

    def _ask_account(self, customer: _Customer, at: Instant) -> bool:
        """Let a customer of an account stand still until it has told all there is up to `at`; say whether they do."""
        behind = self._stands_still and accounts.is_behind(customer.state(), at)
        if behind:
            state, told = accounts.ask_until(customer.state(), at)
            self._put(customer, state)
            self._outputs.append(self._record(told))
        return behind

    def fire_all(self, due: Iterable[bytes], until: Instant, parking: Parking) -> None:
        """Fire what is due of all customers of the round by an instant, but for those who are parked."""
        for key in (*due, *self.touched()):
            if not parking.keeps_due(key):
                self.fire(key, until)

    def put_by(self, key: bytes) -> None:
        """Write a customer whom no other record of the round is about, while the state is still in the caches."""
        if (customer := self._customers.get(key)) is not None:
            customer.write()

    def policy(self) -> Policy:
        """Return the policy that decides now."""
        return required(self._policy)

    def hush(self, key: bytes) -> bool:
        """Let no deadline of the customer fire; False when this round has not read them."""
        customer = self._customers.get(key)
        if customer is None or not customer.is_read:
            return False
        customer.put(customer.state(), None)
        return True

    def seen(self, key: bytes) -> CustomerState:
        """Return the customer's state, read."""
        return self._customer(key).state()

    def rejoin(self, key: bytes, state: CustomerState) -> None:
        """Take the customer's state, deadlines and all, as it was when they were parked."""
        self._put(self._customer(key), state)

    def say(self, spoken: Spoken) -> None:
        """Say something."""
        self._outputs.append(self._record(spoken))

    def effects(self, ours: Mapping[bytes, bytes | None]) -> Effects:
        """Return what the round comes to; `ours` are changes of the table that are no customer's state as read."""
        changes, dues = dict(ours), dict[bytes, Instant | None].fromkeys(ours)
        for key, customer in self._customers.items():
            if customer.changed:
                changes[key] = customer.write()
                dues[key] = customer.due
        for key in [key for key, value in changes.items() if value is None and key not in self._table]:
            del changes[key], dues[key]
        if self._policy_value is not None:
            changes[POLICY_KEY] = self._policy_value
            dues[POLICY_KEY] = None
        return Effects(self._outputs, changes, dues, self._repeats)

    def _decides(self) -> Policy:
        return required(self._policy)

    def _customer(self, key: bytes) -> _Customer:
        customer = self._customers.get(key)
        if customer is None:
            customer = self._customers[key] = _Customer(key, self._table.get(key))
        return customer

    def _take(self, customer: _Customer, stepped: Stepped) -> None:
        if stepped.state is not customer.state():
            self._put(customer, stepped.state)
        for spoken in stepped.spoken:
            self._outputs.append(self._record(spoken))

    def _put(self, customer: _Customer, state: CustomerState) -> None:
        customer.put(state, None if self._waits(state) else deadlines.next_due(self._decides(), state))

    def _record(self, spoken: Spoken) -> OutRecord:
        if type(spoken) is Forget:
            return self._write.tombstone(spoken.customer)
        if type(spoken) is Told:
            return OutRecord(Topic.REGISTER_LOG, spoken.key, encode_fact(spoken.fact))
        if type(spoken) is Handed:
            return OutRecord(*spoken)
        return self._write.record(spoken)

"""A parked customer: held from everything, all that comes about them kept in order, until an operator lets them rejoin.

Nothing here reads or steps the customer's state: it may be what breaks us (decision 0021).
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Final, Protocol

import msgspec

from app.clock import Instant
from app.decide.policy import Policy
from app.facts import CustomerParked, Fact, OperatorDecided, Subject, decode_fact, encode_fact
from app.ids import CustomerId, FactId, output_id
from app.journey.ledger import QUARANTINE, listed, under_former_names
from app.journey.parked import PARKED, Parked, decode_parked, encode_parked, kept_place
from app.journey.state import CustomerState
from app.journey.stored import content_of, decode_state, waiting_for_nothing, without_due
from app.journey.trouble import Hold
from app.journey.turn import Handed, Spoken
from app.outputs import ALL, Cause, Decision, HoldEntry, RowFired, Scope, Suppression
from app.stage import LogRecord
from app.topics import Topic

_REASON: Final = "quarantine"


class Customers(Protocol):
    """What parking needs of the round it takes place in."""

    def policy(self) -> Policy:
        """Return the policy that decides now."""
        ...

    def hush(self, key: bytes) -> bool:
        """Let no deadline of the customer fire; False when this round has not touched them."""
        ...

    def seen(self, key: bytes) -> CustomerState:
        """Return the customer's state, read."""
        ...

    def rejoin(self, key: bytes, state: CustomerState) -> None:
        """Take the customer's state, deadlines and all, as it was when they were parked."""
        ...

    def take(self, key: bytes, fact: Fact) -> None:
        """Work a fact."""
        ...

    def fire(self, key: bytes, until: Instant) -> None:
        """Fire the customer's deadlines up to an instant."""
        ...

    def say(self, spoken: Spoken) -> None:
        """Say something."""
        ...


class Parking:
    """Who is parked on a partition, through one round; `changes` are those of the table."""

    def __init__(
        self, table: Mapping[bytes, bytes], asked: Mapping[bytes, tuple[int, bytes]], customers: Customers
    ) -> None:
        self.changes: dict[bytes, bytes | None] = {}
        self._table = table
        self._asked = asked
        self._begun: set[bytes] = set()
        self._customers = customers

    def keeps(self, record: LogRecord, clock: Instant) -> bool:
        """Keep a record of a parked customer, or park one who is to be from here on; False: work it as usual.

        `clock` is how far the partition's clock had come before the record: what was due by then has still fired.
        """
        key = record.key
        if key is None:
            return False
        parked = self._parked(key)
        if parked is None:
            if key in self._asked and self._asked[key][0] == record.offset:
                self._customers.fire(key, clock)
            if not self._begins(key, record.offset):
                return False
            parked = self._parked(key)
            assert parked is not None
            self._keep(key, parked, record)
            return True
        fact = _read(record)
        if fact is not None and isinstance(fact.what, CustomerParked):
            return True
        if fact is not None and isinstance(fact.what, OperatorDecided) and self._decided(key, parked, record, fact):
            return True
        self._keep(key, parked, record)
        return True

    def keeps_due(self, key: bytes) -> bool:
        """Say whether a customer's deadlines must not fire; one who is to be parked is parked now."""
        return self._parked(key) is not None or self._begins(key, None)

    def parks(self, record: LogRecord, fact: Fact) -> bool:
        """Park a customer if that is what the fact says; False when it does not, or the policy does not let them.

        Whoever has become another is parked as that one, who is held under both names: the fact is forwarded.
        """
        what, key = fact.what, record.key
        if key is None or type(what) is not OperatorDecided or what.action != "quarantine":
            return False
        if not self._customers.policy().may(what.role, what.action):
            return False
        state = _if_read(lambda: self._customers.seen(key))
        if state is not None and state.merged_into is not None:
            return False
        self._begin(key, fact, what, record.offset)
        return True

    def _begins(self, key: bytes, offset: int | None) -> bool:
        asked = self._asked.get(key)
        if asked is None or key in self._begun or (offset is not None and offset < asked[0]):
            return False
        fact = decode_fact(asked[1])
        what = fact.what
        if not isinstance(what, OperatorDecided) or not self._customers.policy().may(what.role, "quarantine"):
            return False
        self._begun.add(key)
        self._begin(key, fact, what, asked[0])
        parked = Fact(
            id=FactId(f"parked:{asked[0]}:{fact.id}"),
            what=CustomerParked(*asked),
            subject=Subject(CustomerId(key.decode())),
            occurred_at=fact.known_at,
            known_at=fact.known_at,
            source=fact.source,
        )
        self._customers.say(Handed(Topic.JOURNEY_LOG, key, encode_fact(parked)))
        return True

    def _begin(self, key: bytes, fact: Fact, what: OperatorDecided, since: int) -> None:
        if not self._customers.hush(key) and key in self._table:
            self.changes[key] = without_due(self._table[key])
        self._put(key, Parked(fact.known_at, since, what.operator, what.reason))
        stored = self._table.get(key)
        state = None if stored is None else _if_read(lambda: decode_state(stored))
        for said in _said(CustomerId(key.decode()), fact, what, self._customers.policy(), state):
            self._customers.say(said)

    def _decided(self, key: bytes, parked: Parked, record: LogRecord, fact: Fact) -> bool:
        """Act on what an operator decided about a parked customer; False: it is kept like everything else."""
        assert isinstance(fact.what, OperatorDecided)
        if fact.what.action == "quarantine":
            return True
        if fact.what.problem_id != QUARANTINE or not self._customers.policy().may(fact.what.role, "quarantine"):
            return False
        asked = self._asked.get(key)
        if asked is not None and asked[0] == record.offset:
            # letting them in broke us again: they stay where they are
            return True
        self._rejoin(key, parked, fact)
        return True

    def _rejoin(self, key: bytes, parked: Parked, release: Fact) -> None:
        """Work what was kept, at its own times, while still held; then end the hold."""
        self.changes[PARKED + key] = None
        state = self._customers.seen(key)
        hold = Hold(QUARANTINE, Scope((ALL,)), _REASON, parked.at)
        self._customers.rejoin(key, msgspec.structs.replace(state, holds=(*state.holds, hold)))
        for number in range(parked.kept):
            place = kept_place(key, number)
            value = self.changes.get(place) or self._table[place]
            self.changes[place] = None
            self._customers.take(key, decode_fact(content_of(value)))
        # whoever was erased meanwhile is not begun anew by their own release
        if not self._customers.seen(key).is_empty:
            self._customers.take(key, release)

    def _keep(self, key: bytes, parked: Parked, record: LogRecord) -> None:
        self.changes[kept_place(key, parked.kept)] = waiting_for_nothing(record.value or b"")
        self._put(key, msgspec.structs.replace(parked, kept=parked.kept + 1))

    def _parked(self, key: bytes) -> Parked | None:
        place = PARKED + key
        value = self.changes[place] if place in self.changes else self._table.get(place)
        return None if value is None else decode_parked(value)

    def _put(self, key: bytes, parked: Parked) -> None:
        self.changes[PARKED + key] = encode_parked(parked)


def _read(record: LogRecord) -> Fact | None:
    """Return a record's fact, None when it cannot be read: that may be why the customer is parked."""
    try:
        return decode_fact(record.value or b"")
    except (ValueError, msgspec.MsgspecError):
        return None


def _if_read(read: Callable[[], CustomerState]) -> CustomerState | None:
    """Return a state, None when it cannot be read: that may be why the customer is parked."""
    try:
        return read()
    except (ValueError, msgspec.MsgspecError):
        return None


def _said(
    customer: CustomerId, fact: Fact, what: OperatorDecided, policy: Policy, state: CustomerState | None
) -> Iterator[Suppression | Decision]:
    """Yield the hold on everything, and why; under all names that marketing knows the customer by, if they are read."""
    profile = None if state is None else state.profile
    entry = HoldEntry(Scope((ALL,)), _REASON, QUARANTINE, fact.known_at, "an operator lets them rejoin")
    suppression = Suppression(
        id=output_id(customer, fact.id, "suppression"),
        at=fact.known_at,
        customer=customer,
        suppressed=True,
        holds=(entry,),
        identities=listed(policy, None if profile is None else profile.identities),
        hold_audio=policy.hold_audio.plain,
    )
    former = () if state is None else tuple(under_former_names(policy, state, suppression, fact.id))
    yield from (suppression, *former)
    yield Decision(
        id=output_id(customer, fact.id, "decision"),
        at=fact.known_at,
        customer=customer,
        journey=None,
        case=None,
        cause=Cause("fact", "operator_decided", fact.id, fact.source, fact.occurred_at),
        policy=policy.version,
        rules=(RowFired("operators", "quarantine", {"role": what.role}),),
        changes=(
            f"quarantine by {what.role} {what.operator}: {what.reason}",
            "everything about them is kept from here on",
        ),
        outputs=tuple(said.id for said in (suppression, *former)),
    )

"""The intake stage: an input record becomes facts, or a dead letter. No state, no clock of its own."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

from app.clock import Instant
from app.errors import InvalidRecord, SetupError
from app.facts import Alias, Fact, FactWaiting, Origin, encode_entry, encode_fact
from app.ids import FactId
from app.intake import campaigns, cases, customers, operator_decisions, orders, remedy_outcomes, scans
from app.intake.aliases import bindings
from app.intake.checks import Check, compile_checks, invalid
from app.intake.limits import MAX_RECORD_BYTES
from app.intake.reading import SHAPES, Fields, Read, Reading
from app.intake.stamp import Stamp, live_stamp, replay_stamp
from app.stage import LogRecord, OutRecord
from app.topics import INPUTS, Topic
from app.wire.catalog import Catalog, EventSchema
from app.wire.codec import Codec
from app.wire.dead_letters import DeadLetters

_READ: Final[dict[Topic, dict[str, Read]]] = {
    Topic.ORDERS: orders.READ,
    Topic.CASE_EVENTS: cases.READ,
    Topic.CUSTOMERS: customers.READ,
    Topic.REMEDY_OUTCOMES: remedy_outcomes.READ,
    Topic.OPERATOR_DECISIONS: operator_decisions.READ,
    Topic.CAMPAIGNS: campaigns.READ,
}


class _Event(NamedTuple):
    """How one event's records are worked: checked, then read."""

    schema: EventSchema
    check: Check
    read: Callable[[Fields, Instant], Reading]


class Intake:
    """Implements `stage.IntakeStage`.

    `replay`: times and places come from the player's headers, which live records are never asked for (decision 0007).
    """

    def __init__(self, codec: Codec, *, replay: bool = False) -> None:
        self._codec = codec
        self._letters = DeadLetters(codec)
        self._stamp = replay_stamp if replay else live_stamp
        self._events = _events(codec.catalog)

    def admit(self, record: LogRecord) -> Sequence[OutRecord]:
        """Return the facts and bindings of a record, or its dead letter: always at least one record."""
        stamp = self._stamp(record)
        try:
            event, reading = self._understood(record, stamp.known_at)
            alias = _finder(reading)
        except InvalidRecord as error:
            return (self._letters.refuse(record, error, stamp.known_at, stamp.source),)
        facts = _facts(reading, stamp, event)
        if alias is not None:
            return _waiting(facts, alias, record, stamp)
        return (*map(_onward, facts), *_bindings(facts))

    def _understood(self, record: LogRecord, known_at: Instant) -> tuple[str, Reading]:
        """Return the name of the record's event and id (see `_facts`) and what it says."""
        value = record.value
        if not value:
            raise InvalidRecord("undecodable", "the value is empty; an input record must hold an event")
        if len(value) + len(record.key or b"") > MAX_RECORD_BYTES:
            raise InvalidRecord("too_large", f"key and value may have {MAX_RECORD_BYTES // 1024} KiB together")
        schema, payload = self._codec.decode(value)
        event = self._events.get(schema.fullname)
        if event is None or schema.topic is not record.topic:
            raise InvalidRecord("unknown_event", f"{schema.label} is no event of the topic {record.topic}")
        fields = event.check(payload, known_at)
        given = fields["event_id"]
        reading = event.read(fields, known_at)
        if given is not None:
            return f"{schema.topic}/{schema.event}:id={given}", reading
        if reading.natural is not None:
            return f"{schema.topic}/{schema.event}:of={reading.natural}", reading
        return "", reading


def _events(catalog: Catalog) -> dict[str, _Event]:
    return {
        schema.fullname: _Event(schema, compile_checks(schema, SHAPES), _reader(schema))
        for schema in catalog.all()
        if schema.topic in INPUTS
    }


def _reader(schema: EventSchema) -> Callable[[Fields, Instant], Reading]:
    if schema.topic is Topic.TRACKING_SCANS:
        return scans.parcel_scanned
    read = _READ[schema.topic].get(schema.event)
    if read is None:
        msg = f"{schema.path}: no function reads {schema.label}: add it to READ of app/intake for {schema.topic}"
        raise SetupError(msg)
    return lambda fields, _: read(fields)


def _finder(reading: Reading) -> Alias | None:
    """Return the alias that may find the customer, None when none is needed; InvalidRecord when there is none."""
    subject, what = reading.happened[0]
    if subject.customer is not None or campaigns.register_key(what) is not None:
        return None
    if reading.alias is None:
        raise invalid("must be given, or an id that leads to it (journey, case, requester)", "customer_id")
    return reading.alias


def _facts(reading: Reading, stamp: Stamp, name: str) -> tuple[Fact, ...]:
    """Return the reading's facts. Those of one record keep their order by rank, the last of them 0.

    So they stay together whatever the sorting, and facts that waited for a binding this record brings come after.
    """
    source = stamp.source
    name = name or f"{source.topic}:at={source.partition}:{source.offset}"
    last = len(reading.happened) - 1
    return tuple(
        Fact(
            id=FactId(f"{name}#{index}" if index else name),
            what=what,
            subject=subject,
            occurred_at=reading.occurred_at,
            known_at=stamp.known_at,
            source=source,
            sequence=stamp.sequence,
            rank=index - last,
        )
        for index, (subject, what) in enumerate(reading.happened)
    )


def _onward(fact: Fact) -> OutRecord:
    """Return a fact for the log it belongs to: its customer's, or the register's when it spans customers."""
    key = campaigns.register_key(fact.what)
    if key is not None:
        return OutRecord(Topic.REGISTER_LOG, key, encode_fact(fact))
    assert fact.subject.customer is not None, "facts of unknown customers go to the directory"
    return OutRecord(Topic.JOURNEY_LOG, fact.subject.customer.encode(), encode_fact(fact))


def _bindings(facts: Sequence[Fact]) -> Iterator[OutRecord]:
    for fact in facts:
        for bound in bindings(fact):
            yield OutRecord(Topic.DIRECTORY, bound.alias.key(), encode_entry(bound))


def _waiting(facts: Sequence[Fact], alias: Alias, record: LogRecord, stamp: Stamp) -> tuple[OutRecord, ...]:
    """Return the facts for the directory, each with its input record, for the dead letter if nobody is ever found."""
    source = stamp.source
    origin = Origin(record.topic, source.partition, source.offset, record.key, record.value, stamp.known_at)
    key = alias.key()
    return tuple(OutRecord(Topic.DIRECTORY, key, encode_entry(FactWaiting(alias, fact, origin))) for fact in facts)

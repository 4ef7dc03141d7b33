"""The intake stage: an input record becomes facts, or a dead letter. No state, no clock of its own."""

from collections.abc import Sequence
from typing import Final, final

from app.clock import Instant
from app.errors import InvalidRecord, SetupError
from app.facts import Alias, Fact, FactWaiting, Origin, encode_entry, encode_fact
from app.ids import FactId
from app.intake import campaigns, cases, customers, operator_decisions, orders, remedy_outcomes, scans
from app.intake.aliases import bindings
from app.intake.campaigns import register_key
from app.intake.checks import invalid
from app.intake.limits import MAX_RECORD_BYTES
from app.intake.reading import SHAPES, Fields, Read, Reading
from app.intake.record_checks import compile_checks
from app.intake.stamp import Stamp, live_stamp, replay_stamp
from app.stage import LogRecord, OutRecord
from app.topics import INPUTS, Topic
from app.wire.catalog import EventSchema
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


@final
class _Event:
    """How one event's records are worked: checked, then read. `read` None: a scan, which is read with our time."""

    def __init__(self, schema: EventSchema) -> None:
        self.topic = schema.topic
        self.name = f"{schema.topic}/{schema.event}"
        self.check = compile_checks(schema, SHAPES)
        self.read = None if schema.topic is Topic.TRACKING_SCANS else _reader(schema)


class Intake:
    """Implements `stage.IntakeStage`.

    `replay`: times and places come from the player's headers, which live records are never asked for (decision 0007).
    """

    def __init__(self, codec: Codec, *, replay: bool = False) -> None:
        self._codec = codec
        self._letters = DeadLetters(codec)
        self._stamp = replay_stamp if replay else live_stamp
        self._events = {schema: _Event(schema) for schema in codec.catalog.all() if schema.topic in INPUTS}

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
        return [*[_onward(fact) for fact in facts], *_bindings(facts)]

    def _understood(self, record: LogRecord, known_at: Instant) -> tuple[str, Reading]:
        """Return the name of the record's event and id (see `_facts`) and what it says."""
        value = record.value
        if not value:
            raise InvalidRecord("undecodable", "the value is empty; an input record must hold an event")
        if len(value) + len(record.key or b"") > MAX_RECORD_BYTES:
            raise InvalidRecord("too_large", f"key and value may have {MAX_RECORD_BYTES // 1024} KiB together")
        decoded = self._codec.decode(value)
        event = self._events.get(decoded.schema)
        if event is None or event.topic is not record.topic:
            raise InvalidRecord("unknown_event", f"{decoded.schema.label} is no event of the topic {record.topic}")
        fields: Fields = event.check.check(decoded.payload, known_at)
        given: str | None = fields["event_id"]
        reading = scans.parcel_scanned(fields, known_at) if event.read is None else event.read(fields)
        if given is not None:
            return f"{event.name}:id={given}", reading
        if reading.natural is not None:
            return f"{event.name}:of={reading.natural}", reading
        return "", reading


def _reader(schema: EventSchema) -> Read:
    read = _READ[schema.topic].get(schema.event)
    if read is None:
        msg = f"{schema.path}: no function reads {schema.label}: add it to READ of app/intake for {schema.topic}"
        raise SetupError(msg)
    return read


def _finder(reading: Reading) -> Alias | None:
    """Return the alias that may find the customer, None when none is needed; InvalidRecord when there is none."""
    subject, what = reading.happened[0]
    if subject.customer is not None or register_key(what) is not None:
        return None
    if reading.alias is None:
        raise invalid("must be given, or an id that leads to it (journey, case, requester)", "customer_id")
    return reading.alias


def _facts(reading: Reading, stamp: Stamp, name: str) -> list[Fact]:
    """Return the reading's facts. Those of one record keep their order by rank, the last of them 0.

    So they stay together whatever the sorting, and facts that waited for a binding this record brings come after.
    """
    source = stamp.source
    name = name or f"{source.topic}:at={source.partition}:{source.offset}"
    last = len(reading.happened) - 1
    return [
        Fact(
            FactId(f"{name}#{index}" if index else name),
            what,
            subject,
            reading.occurred_at,
            stamp.known_at,
            source,
            stamp.sequence,
            index - last,
        )
        for index, (subject, what) in enumerate(reading.happened)
    ]


def _onward(fact: Fact) -> OutRecord:
    """Return a fact for the log it belongs to: its customer's, or the register's when it spans customers."""
    key = register_key(fact.what)
    if key is not None:
        return OutRecord(Topic.REGISTER_LOG, key, encode_fact(fact))
    assert fact.subject.customer is not None, "facts of unknown customers go to the directory"
    return OutRecord(Topic.JOURNEY_LOG, fact.subject.customer.encode(), encode_fact(fact))


def _bindings(facts: list[Fact]) -> list[OutRecord]:
    return [
        OutRecord(Topic.DIRECTORY, bound.alias.key(), encode_entry(bound)) for fact in facts for bound in bindings(fact)
    ]


def _waiting(facts: list[Fact], alias: Alias, record: LogRecord, stamp: Stamp) -> list[OutRecord]:
    """Return the facts for the directory, each with its input record, for the dead letter if nobody is ever found."""
    source = stamp.source
    origin = Origin(record.topic, source.partition, source.offset, record.key, record.value, stamp.known_at)
    key = alias.key()
    return [OutRecord(Topic.DIRECTORY, key, encode_entry(FactWaiting(alias, fact, origin))) for fact in facts]

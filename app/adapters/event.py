"""What a webhook comes to: input events of ours, and how they become records."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from app.clock import Instant
from app.errors import InvalidRecord
from app.intake.reading import SHAPES
from app.intake.record_checks import compile_checks
from app.stage import OutRecord
from app.topics import INPUTS, Topic
from app.wire.codec import Codec
from app.wire.payload import to_avro

Payload = dict[str, Any]

_KEYS: Final = ("order_id", "journey_id", "reservation_id", "trade_in_id", "tracking_number", "case_id", "customer_id")


class InputEvent(NamedTuple):
    """One event of ours as docs/events.md has it."""

    topic: Topic
    event: str
    payload: Payload

    @property
    def key(self) -> str:
        """Return the record's key: the journey, else the parcel, the case or the customer it is about."""
        return next((value for name in _KEYS if isinstance(value := self.payload.get(name), str)), "")


class Encoder:
    """Encodes events, after the same checks that intake makes: what would become a dead letter is refused here."""

    def __init__(self, codec: Codec) -> None:
        self._codec = codec
        self._checks = {
            schema.fullname: compile_checks(schema, SHAPES) for schema in codec.catalog.all() if schema.topic in INPUTS
        }

    def records(self, events: Sequence[InputEvent], now: Instant) -> list[OutRecord]:
        """Return the events as records; InvalidRecord names the event and its field, SetupError an unknown event."""
        return [self._record(event, now) for event in events]

    def _record(self, event: InputEvent, now: Instant) -> OutRecord:
        schema = self._codec.catalog.event(event.topic, event.event)
        try:
            payload = to_avro(schema, event.payload)
            value = self._codec.encode(schema, payload)
            # last: a check turns the payload into the core's types
            self._checks[schema.fullname].check(payload, now)
        except InvalidRecord as error:
            raise error.under(event.event) from None
        return OutRecord(event.topic, event.key.encode(), value)


def scan(payload: Payload) -> InputEvent:
    """Return a parcel's scan."""
    return InputEvent(Topic.TRACKING_SCANS, "parcel_scanned", payload)


def order(event: str, payload: Payload) -> InputEvent:
    """Return an event of a journey."""
    return InputEvent(Topic.ORDERS, event, payload)


def case(event: str, payload: Payload) -> InputEvent:
    """Return an event of a case."""
    return InputEvent(Topic.CASE_EVENTS, event, payload)

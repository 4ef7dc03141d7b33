"""A timeline: what upstream publishes and when, and what must come out of it. The bundled stories are timelines."""

from decimal import Decimal
from typing import Any

from msgspec import Struct

from app.clock import Instant
from app.topics import Topic


class Event(Struct, frozen=True, kw_only=True):
    """An input event as upstream publishes it: `type` is the event's name in its schema, `payload` its fields.

    Times in `payload` are ISO 8601 with an offset, amounts are text; `key` is the record's key.
    """

    topic: Topic
    type: str
    payload: dict[str, Any]
    key: str | None = None


class ExpectedHold(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A lease in the ledger: `reason` is the problem's type, `journey` or `case` its matter, `until` its end."""

    reason: str
    classes: tuple[str, ...]
    since: Instant
    channels: tuple[str, ...] = ("*",)
    journey: str | None = None
    case: str | None = None
    until: str | None = None


class ExpectedRamp(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A step of the ramp after a release, `from` at an instant."""

    classes: tuple[str, ...]
    from_: Instant
    per_week: int | None = None


class ExpectedGesture(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One gesture to the penny; `terms` not named are not asserted."""

    kind: str
    amount: Decimal | None = None
    currency: str | None = None
    cost: Decimal
    cost_centre: str | None = None
    terms: dict[str, str] = {}


class Expected(Struct, frozen=True, kw_only=True):
    """One output that must come out.

    `customer` need not be given when the story has only one. `at` is its computed time, `rules` the rows (`table/row`)
    that must stand in its decision, `because` the computation in words.
    """

    line: int
    customer: str | None
    at: Instant
    rules: tuple[str, ...]
    because: str


class ExpectedLedger(Expected, frozen=True, kw_only=True, tag="suppressed"):
    """The customer's whole hold ledger as it must stand now; `hold_audio`, when named, what callers may hear."""

    holds: tuple[ExpectedHold, ...]
    hold_audio: tuple[str, ...] = ()


class ExpectedRelease(Expected, frozen=True, kw_only=True, tag="released"):
    """The end of the last hold, with its ramp."""

    ramp: tuple[ExpectedRamp, ...]


class ExpectedTombstone(Expected, frozen=True, kw_only=True, tag="forgotten"):
    """The removal of a customer's release that has been readable for long enough."""


class ExpectedNotice(Expected, frozen=True, kw_only=True, tag="notice"):
    """A notice; `fields` not named are not asserted, `text` are pieces of its plain text."""

    template: str
    to: str
    fields: dict[str, str]
    text: tuple[str, ...]
    ordinal: int


class ExpectedRemedy(Expected, frozen=True, kw_only=True, tag="remedy"):
    """A remedy with all its gestures; `remedy` is its id, when a later event speaks of it."""

    occasion: str
    apology: str | None
    gestures: tuple[ExpectedGesture, ...]
    remedy: str | None
    attempt: int


class ExpectedEscalation(Expected, frozen=True, kw_only=True, tag="escalation"):
    """An escalation to a named owner; `freeze`, when named: whether no desk may hand it on."""

    reason: str
    owner: str
    authority: str | None
    act_by: Instant | None
    budget: Decimal | None
    freeze: bool | None = None


class ExpectedBriefing(Expected, frozen=True, kw_only=True, tag="briefing"):
    """A briefing for the service desk."""

    summary: tuple[str, ...]


class ExpectedDecision(Expected, frozen=True, kw_only=True, tag="decided"):
    """A decision that says nothing to anybody: `changes` are pieces of what it must say changed."""

    changes: tuple[str, ...]


class ExpectedDeadLetter(Expected, frozen=True, kw_only=True, tag="dead_letter"):
    """A refused input record."""

    reason: str
    field: str | None


AnyExpected = (
    ExpectedLedger
    | ExpectedRelease
    | ExpectedTombstone
    | ExpectedNotice
    | ExpectedRemedy
    | ExpectedEscalation
    | ExpectedBriefing
    | ExpectedDecision
    | ExpectedDeadLetter
)


class Entry(Struct, frozen=True, kw_only=True):
    """A moment of the timeline: an event becomes known (`event`), or only the clock moves on to `at` (`event` None).

    `expect` is everything that comes out from the entry before up to this one: deadlines due meanwhile come first.
    """

    line: int
    at: Instant
    say: str
    event: Event | None
    expect: tuple[AnyExpected, ...]


class Story(Struct, frozen=True, kw_only=True):
    """A titled timeline. `zone` is where its times are read and shown, `customers` says who is who.

    `all_decisions`: decisions that say nothing to anybody are expected too; otherwise they are not looked at.
    """

    name: str
    title: str
    narrative: str
    brand: str
    zone: str
    policy: str
    all_decisions: bool
    customers: dict[str, str]
    timeline: tuple[Entry, ...]

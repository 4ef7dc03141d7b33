"""What the gate reads and answers, as types: JSON on the wire, and the OpenAPI document, are made from them."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from app.clock import to_iso
from app.outputs import HoldEntry, RampStep
from app.web.freshness import Freshness
from app.web.gate import Answer

Word = Annotated[str, Meta(max_length=200)]
Id = Annotated[str, Meta(min_length=1, max_length=200)]


class Question(Struct, frozen=True, forbid_unknown_fields=True, rename={"message_class": "class"}):
    """Who is asked about: exactly one of `customer` and the names other systems have; and what would be sent."""

    message_class: Annotated[Word, Meta(description="Message class; the call's default if absent.")] = ""
    channel: Annotated[Word, Meta(description="Channel, `*` for any; the call's default if absent.")] = ""
    customer: Id | None = None
    email: Id | None = None
    phone: Id | None = None
    loyalty_number: Id | None = None
    helpdesk_id: Id | None = None
    marketing_id: Id | None = None


class Batch(Struct, frozen=True, forbid_unknown_fields=True, rename={"message_class": "class"}):
    """Many questions at once; `class` and `channel` stand for those that name none."""

    questions: tuple[Question, ...]
    message_class: Word = ""
    channel: Word = "*"


class HoldShown(Struct, frozen=True):
    """A hold that covers what was asked about."""

    reason: str
    since: str
    until: str
    owner: str
    classes: tuple[str, ...]
    channels: tuple[str, ...]
    journey: str | None = None
    case: str | None = None


class RampShown(Struct, frozen=True, rename={"from_": "from"}):
    """After a release: these classes may go out from then on, at most `per_week` messages a week (null: any)."""

    classes: tuple[str, ...]
    from_: str
    per_week: int | None


class FreshnessShown(Struct, frozen=True):
    """The answer holds for all that was committed at `as_of`; null: not caught up since the start."""

    as_of: str | None
    age_ms: int | None
    stale: bool


class MaySend(Struct, frozen=True, rename={"message_class": "class"}):
    """Whether it may go, and why. `known`: the customer has a ledger; nobody else is held."""

    allowed: bool
    why: Literal["free", "never_held", "hold", "ramp", "stale", "unreadable"]
    message_class: str
    channel: str
    known: bool
    holds: tuple[HoldShown, ...] = ()
    ramp: RampShown | None = None
    customer: str | None = None
    freshness: FreshnessShown | None = None


class BatchAnswer(Struct, frozen=True):
    """The answers in the order of the questions."""

    answers: tuple[MaySend, ...]
    freshness: FreshnessShown


class HoldAudio(Struct, frozen=True):
    """Which classes of audio may play while this caller waits."""

    customer: str
    may_play: tuple[str, ...]
    must_not_play: tuple[str, ...]
    freshness: FreshnessShown


class Refusal(Struct, frozen=True):
    """What is wrong with a call, and where."""

    error: str
    field: str | None = None


class SevereCase(Struct, frozen=True):
    """A customer whom no campaign should meet now: their worst open problem."""

    customer: str
    severity: int
    problem: str
    since: str
    journey: str | None
    case: str | None
    open_problems: int


class Exclusion(Struct, frozen=True):
    """A customer whom a campaign must leave out, and why."""

    customer: str
    why: str
    reasons: str
    since: str | None
    until: str


def freshness_shown(freshness: Freshness) -> FreshnessShown:
    """Return freshness as it is answered."""
    as_of = None if freshness.as_of is None else to_iso(freshness.as_of)
    return FreshnessShown(as_of, freshness.age_ms, freshness.stale)


def hold_shown(hold: HoldEntry) -> HoldShown:
    """Return a hold as it is answered."""
    return HoldShown(
        hold.reason,
        to_iso(hold.since),
        hold.until_what,
        hold.owner,
        hold.scope.classes,
        hold.scope.channels,
        hold.journey,
        hold.case,
    )


def ramp_shown(step: RampStep) -> RampShown:
    """Return a step of the ramp as it is answered."""
    return RampShown(step.classes, to_iso(step.from_), step.per_week)


def may_send_shown(answer: Answer, message_class: str, channel: str, customer: str | None, *, known: bool) -> MaySend:
    """Return an answer as it goes out, without freshness."""
    return MaySend(
        allowed=answer.allowed,
        why=answer.why,
        message_class=message_class,
        channel=channel,
        known=known,
        holds=tuple(hold_shown(hold) for hold in answer.holds),
        ramp=None if answer.ramp is None else ramp_shown(answer.ramp),
        customer=customer,
    )

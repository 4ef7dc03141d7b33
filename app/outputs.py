"""What Makegood can say. Each output has a deterministic id; the content under an id never changes.

Nothing here can refer back to what holds it, so the garbage collector need not know of it (`gc=False`).
"""

from enum import StrEnum
from typing import final

from msgspec import Struct

from app.clock import Instant
from app.facts import Identities, Money, Source
from app.ids import (
    CaseId,
    ConsignmentId,
    CustomerId,
    JourneyId,
    OutputId,
    PolicyVersion,
    ProblemId,
    RemedyId,
)

ALL = "*"
"""In a scope: every message class, or every channel."""


class Scope(Struct, frozen=True, order=True, gc=False):
    """Which marketing a hold covers. Transactional and recovery messages are never held."""

    classes: tuple[str, ...]
    channels: tuple[str, ...] = (ALL,)


class HoldEntry(Struct, frozen=True, gc=False):
    """One open problem's or case's lease on a customer's marketing; it lasts until `until` is said."""

    scope: Scope
    reason: str
    owner: str
    since: Instant
    until_what: str
    journey: JourneyId | None = None
    case: CaseId | None = None


class RampStep(Struct, frozen=True, rename={"from_": "from"}, gc=False):
    """After a release: these classes may go out again from `from_`, at most `per_week` messages a week (None: any)."""

    classes: tuple[str, ...]
    from_: Instant
    per_week: int | None = None


class Suppression(Struct, frozen=True, tag="suppression", gc=False):
    """The hold ledger of one customer as it stands now; `suppressed` False with no holds is the release.

    `hold_audio` answers the telephony system: which audio classes this customer may hear while on hold.
    """

    id: OutputId
    at: Instant
    customer: CustomerId
    suppressed: bool
    holds: tuple[HoldEntry, ...]
    ramp: tuple[RampStep, ...] = ()
    identities: Identities | None = None
    hold_audio: tuple[str, ...] = (ALL,)


class Gesture(Struct, frozen=True, gc=False):
    """One thing we give. `amount` is what the customer gets, `cost` what it costs us; `terms` are words and numbers.

    `kind`: refund, store_credit, free_shipping, expedited_replacement, discount_code, ...
    """

    kind: str
    amount: Money | None
    cost: Money
    cost_centre: str
    terms: dict[str, str] = {}


class Arithmetic(Struct, frozen=True, gc=False):
    """One line of a receipt: `result` is `formula` with the named inputs put in, to the penny."""

    what: str
    formula: str
    inputs: dict[str, str]
    result: str


class Receipt(Struct, frozen=True, gc=False):
    """How a remedy's amounts came to be; enough to recompute each of them."""

    arithmetic: tuple[Arithmetic, ...]


class Remedy(Struct, frozen=True, tag="remedy", gc=False):
    """An apology with zero or more gestures. `occasion` is recovery, exception (approved by a person) or thank_you.

    A later `attempt` asks again for a gesture that failed; one that is replaced is asked for under the same `remedy`.
    """

    id: OutputId
    at: Instant
    customer: CustomerId
    remedy: RemedyId
    occasion: str
    problem: ProblemId
    journey: JourneyId | None
    cause: str
    apology: str
    gestures: tuple[Gesture, ...]
    receipt: Receipt
    attempt: int = 1


class Notice(Struct, frozen=True, tag="notice", gc=False):
    """Something to tell `recipient` (customer, retailer, carrier, merchant, desk, support_staff, campaign_planner).

    `fields` are the facts a template needs; `text` is a plain default in English made from them.
    """

    id: OutputId
    at: Instant
    customer: CustomerId
    recipient: str
    template: str
    problem: ProblemId | None
    journey: JourneyId | None
    case: CaseId | None
    fields: dict[str, str]
    text: str
    ordinal: int = 1


class Escalation(Struct, frozen=True, tag="escalation", gc=False):
    """One named owner role with the authority to act, and the reason.

    `budget` is what it may spend on this without asking; `freeze_hand_offs`: no desk hands it on from here; `history`
    are the decisions about the problems of its journey or case, problem by problem, each the oldest first, this last.
    """

    id: OutputId
    at: Instant
    customer: CustomerId
    owner: str
    authority: str
    reason: str
    problem: ProblemId | None
    journey: JourneyId | None
    case: CaseId | None
    act_by: Instant | None = None
    budget: Money | None = None
    freeze_hand_offs: bool = True
    history: tuple[OutputId, ...] = ()


class Briefing(Struct, frozen=True, tag="briefing", gc=False):
    """What the service desk should know about a customer before it speaks to them."""

    id: OutputId
    at: Instant
    customer: CustomerId
    summary: str
    open_problems: tuple[ProblemId, ...]
    fields: dict[str, str]


class RowFired(Struct, frozen=True, gc=False):
    """A rule row that fired: the table, the row's name in it and the inputs it read."""

    table: str
    row: str
    inputs: dict[str, str]


class Cause(Struct, frozen=True, gc=False):
    """What made us decide: a fact (its id and where it stands) or a deadline of ours."""

    kind: str
    what: str
    id: str
    source: Source | None
    occurred_at: Instant


class JourneyStanding(Struct, frozen=True, gc=False):
    """Where a journey stands: `milestones` are the words that all of it has reached, with when they were reached."""

    journey: JourneyId
    kind: str
    brand: str
    status: str
    began_at: Instant
    milestones: dict[str, Instant]
    carriers: tuple[str, ...] = ()
    country: str | None = None
    value: Money | None = None


class CaseStanding(Struct, frozen=True, gc=False):
    """Where a case stands: who has it, how often it was handed on and reopened, whether it is still open."""

    case: CaseId
    open: bool
    hand_offs: int
    reopened: int
    journey: JourneyId | None = None
    desk: str | None = None
    opened_at: Instant | None = None
    ping_pong_at: Instant | None = None


class ProblemStanding(Struct, frozen=True, gc=False):
    """Where a problem stands in its life."""

    problem: ProblemId
    type: str
    status: str
    severity: int
    fault: str
    opened_at: Instant
    reopened: int = 0
    resolved_at: Instant | None = None
    journey: JourneyId | None = None
    consignment: ConsignmentId | None = None
    case: CaseId | None = None


class PromiseStanding(Struct, frozen=True, gc=False):
    """Where a promise to the customer stands: open, kept, broken, or ended (nothing is waited for any longer)."""

    promise: str
    milestone: str
    outcome: str
    first_due: Instant
    due: Instant
    journey: JourneyId | None = None
    case: CaseId | None = None


class ComebackStanding(Struct, frozen=True, gc=False):
    """Whether a customer came back after `problem`, the newest that held their marketing.

    `outcome` is awaited, came_back, lost, or withdrawn (there was no such problem). `recovered`: it was made good.
    `lifetime_value` is what the profile says they are worth (None: nobody knows), `bought` what they have set out to
    buy, by currency.
    """

    outcome: str
    problem: ProblemId
    type: str
    severity: int
    since: Instant
    recovered: bool
    at: Instant | None = None
    lifetime_value: Money | None = None
    bought: tuple[Money, ...] = ()


class Standing(Struct, frozen=True, gc=False):
    """How everything that a decision changed stands after it; what did not change is left out."""

    journeys: tuple[JourneyStanding, ...] = ()
    cases: tuple[CaseStanding, ...] = ()
    problems: tuple[ProblemStanding, ...] = ()
    promises: tuple[PromiseStanding, ...] = ()
    comeback: ComebackStanding | None = None


class Decision(Struct, frozen=True, tag="decision", gc=False):
    """Why: the cause, the rows that fired, the policy's version, and what came out of it. Explained from itself alone.

    `changes` says in domain words what changed in the customer's state, `standing` as data how it stands now;
    `outputs` are the ids of what was said.
    """

    id: OutputId
    at: Instant
    customer: CustomerId
    journey: JourneyId | None
    case: CaseId | None
    cause: Cause
    policy: PolicyVersion
    rules: tuple[RowFired, ...]
    changes: tuple[str, ...]
    outputs: tuple[str, ...]
    standing: Standing = Standing()


class DeadLetterReason(StrEnum):
    """The closed list of reasons for refusing an input record."""

    UNDECODABLE = "undecodable"
    UNKNOWN_SCHEMA = "unknown_schema"
    UNKNOWN_EVENT = "unknown_event"
    INVALID_FIELD = "invalid_field"
    TOO_LARGE = "too_large"
    NOT_SUPPORTED = "not_supported"
    UNRESOLVED = "unresolved"
    UNKNOWN_KIND = "unknown_kind"


@final
class DeadLetter(Struct, frozen=True, tag="dead_letter", gc=False):
    """An input record that was refused: why, where, and the record itself, so that it can be redriven."""

    id: OutputId
    at: Instant
    reason: DeadLetterReason
    detail: str
    field: str | None
    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    timestamp: Instant


Said = Suppression | Remedy | Notice | Escalation | Briefing
Output = Said | Decision | DeadLetter

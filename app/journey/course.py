"""What a customer set out to get, and how far it has come: journeys, consignments, cases, expectations.

Everything here is a value: a change makes a new one. Times of words (`steps`) are when they happened, earliest first;
what was expected is derived from them and from the promises, so facts that come late or in another order lead to the
same course (decision 0003).
"""

from decimal import Decimal
from typing import Final

from msgspec import Struct

from app.clock import Instant
from app.facts import Fact, Line, Money, ParcelRef, Party
from app.ids import CaseId, ConsignmentId, Desk, JourneyId, LineId

MOVEMENT: Final = "movement"
"""Stands in rules for any scan that shows the parcel moving."""

WHOLE: Final = ConsignmentId("")
"""The consignment of a journey that has not been split: all of it."""


class Promise(Struct, frozen=True, array_like=True, gc=False):
    """What somebody promised at `at`: the milestone is reached before `due`."""

    milestone: str
    due: Instant
    by: Party
    at: Instant
    reason: str | None = None


class Revision(Struct, frozen=True, array_like=True, gc=False):
    """A later promise of the same milestone; lateness is still measured against the first one."""

    due: Instant
    by: Party
    at: Instant
    reason: str | None = None


class Expectation(Struct, frozen=True, array_like=True, gc=False):
    """A milestone and a deadline.

    `id` is `<consignment>/<milestone>/<basis>/<rule>`, stable in its journey or case; with `first_due` it is unique.
    `basis` is promised or expected. `problem` is the type its breach opens ("" : recorded, but no problem).
    It is kept when `met_at` or `ended_at` lies before `first_due` (`steps.was_kept`). `lapses` counts accusations that
    were withdrawn and turned out right after all.
    """

    id: str
    milestone: str
    basis: str
    rule: str
    problem: str
    start: Instant
    first_due: Instant
    due: Instant
    revisions: tuple[Revision, ...] = ()
    met_at: Instant | None = None
    ended_at: Instant | None = None
    breached_at: Instant | None = None
    withdrawn_at: Instant | None = None
    lapses: int = 0

    @property
    def key(self) -> tuple[str, Instant]:
        """Return what tells this expectation from others of its journey or case."""
        return (self.id, self.first_due)

    @property
    def running(self) -> bool:
        """Say whether it is neither met nor ended."""
        return self.met_at is None and self.ended_at is None and self.withdrawn_at is None


Steps = dict[str, tuple[Instant, ...]]
"""Word → when it was reached, ascending; the first time and the newest ones are kept."""


class Leg(Struct, frozen=True, array_like=True, gc=False):
    """What one consignment, a journey as such, or a case has reached, was promised and is expected to reach.

    `first_moved` and `last_moved` bound the scans that showed movement; those between them are not kept, the
    expectations they breached are.
    """

    steps: Steps = {}
    promises: tuple[Promise, ...] = ()
    expectations: tuple[Expectation, ...] = ()
    first_moved: Instant | None = None
    last_moved: Instant | None = None


class Parcel(Struct, frozen=True, array_like=True, gc=False):
    """A parcel and the terminal milestones its own scans reached (word → first time).

    `again` are the other times of those that end well: what went to the wrong place is delivered once more.
    """

    ref: ParcelRef
    ended: dict[str, Instant] = {}
    again: Steps = {}


class Consignment(Struct, frozen=True, array_like=True, gc=False):
    """The part of a journey that ships together; `planned` once the merchant has said what is in it.

    `last_seen` is when and where a scan last named a place.
    """

    id: ConsignmentId
    leg: Leg = Leg()
    line_ids: tuple[LineId, ...] = ()
    carrier: str | None = None
    supplier: str | None = None
    parcels: tuple[Parcel, ...] = ()
    planned: bool = False
    last_seen: tuple[Instant, str] | None = None


class Refund(Struct, frozen=True, array_like=True, order=True, gc=False):
    """Money of the journey's currency that was paid back, of one consignment when it names one.

    `known_at` is when we learnt it: what was known when a remedy was worked out is not what the remedy asked for.
    """

    at: Instant
    event: str
    amount: Decimal
    consignment: ConsignmentId | None = None
    known_at: Instant = Instant(0)


class Journey(Struct, frozen=True, array_like=True, gc=False):
    """One journey. Until it is known to have begun (`began_at` None) its facts only wait, in `waiting`.

    `status` is its word at the newest review (`status.py`).
    `unsplit` is the leg of the whole before the first consignment was named: its movements are every consignment's.
    `line_steps` is what some of its lines reached apart from the others (replaced, cancelled).
    """

    id: JourneyId
    kind: str = ""
    brand: str = ""
    status: str = "provisional"
    began_at: Instant | None = None
    value: Money | None = None
    lines: tuple[Line, ...] = ()
    lines_at: Instant | None = None
    needed_by: Instant | None = None
    country: str | None = None
    own: Leg = Leg()
    consignments: dict[ConsignmentId, Consignment] = {}
    unsplit: Leg | None = None
    split_at: Instant | None = None
    refunds: tuple[Refund, ...] = ()
    waiting: tuple[Fact, ...] = ()
    waiting_since: Instant | None = None
    attributes: tuple[tuple[str, str], ...] = ()
    line_steps: dict[LineId, Steps] = {}

    @property
    def provisional(self) -> bool:
        """Say whether it has not been known to begin."""
        return self.began_at is None


class CaseTurn(Struct, frozen=True, array_like=True, order=True, gc=False):
    """A turn in a case's life: `word` is resolved, closed, reopened or message (the customer's).

    Those of one instant stand in the order of their events' ids (`event`): helpdesks tell minutes.
    """

    at: Instant
    event: str
    word: str


class Assignment(Struct, frozen=True, array_like=True, order=True, gc=False):
    """From `at` the case was with this desk. Those of one instant stand in the order of their events' ids (`event`)."""

    at: Instant
    event: str
    desk: Desk


class Wait(Struct, frozen=True, array_like=True, order=True, gc=False):
    """From `at` the case waited for `party` (nobody: no longer). Those of one instant stand in the order of `event`."""

    at: Instant
    event: str
    party: Party


class Case(Struct, frozen=True, array_like=True, gc=False):
    """A customer's contact with the service desk. `opened_at` None: its opening is not known yet."""

    id: CaseId
    opened_at: Instant | None = None
    journey: JourneyId | None = None
    topic: str = ""
    channel: str = ""
    complaint: bool = False
    priority: int | None = None
    priority_at: Instant | None = None
    waits: tuple[Wait, ...] = ()
    leg: Leg = Leg()
    turns: tuple[CaseTurn, ...] = ()
    desks: tuple[Assignment, ...] = ()
    ping_pong_at: Instant | None = None
    evidence: tuple[str, ...] = ()
    score: tuple[int, int] | None = None


class JourneyReceipt(Struct, frozen=True, array_like=True, gc=False):
    """What stays of a journey that is over: enough to know it again, to answer for it, and to know who buys again.

    `completed_at` is when the customer had got all of it; None when they never did. `products` are those of its lines,
    with how many of each.
    """

    journey: JourneyId
    kind: str
    brand: str
    status: str
    began_at: Instant
    closed_at: Instant
    value: Money | None
    problems: int
    remedies: int
    cost: Decimal
    completed_at: Instant | None = None
    products: tuple[tuple[str, int], ...] = ()


class Place(Struct, frozen=True, array_like=True, gc=False):
    """Where in a customer's state something is: a consignment, a journey as such, or a case."""

    journey: JourneyId | None = None
    consignment: ConsignmentId | None = None
    case: CaseId | None = None

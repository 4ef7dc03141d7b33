"""What went wrong, what it holds back, what was given and said for it. All values; a change makes a new one."""

from decimal import Decimal

from msgspec import Struct

from app.clock import Instant
from app.facts import Money, Party
from app.ids import CaseId, ConsignmentId, JourneyId, LineId, OutputId, ProblemId, RemedyId
from app.journey.course import Place
from app.outputs import Gesture, Receipt, RowFired, Scope


class Asked(Struct, frozen=True, array_like=True, gc=False):
    """An owner who was asked to act, and why. `freezes`: it stays with them, no desk hands it on."""

    at: Instant
    owner: str
    reason: str
    freezes: bool = False


class Problem(Struct, frozen=True, array_like=True, gc=False):
    """Something that went wrong for a customer, and its life: open, resolved, recovered or reopened; or withdrawn.

    `cause` joins problems that have one cause: they get one remedy and one notice at a time. `told` are the
    recipients who heard of it. `expectation` and `first_due` name the breach, when it is one;
    `of_case`: it is a case's own, resolved and reopened with it. `location` is where it happened. `shared` are the
    register's keys of what other customers may have in common with it, `incident` that of the mass incident it is in.
    """

    id: ProblemId
    type: str
    cause: str
    fault: Party
    opened_at: Instant
    known_at: Instant
    journey: JourneyId | None = None
    consignment: ConsignmentId | None = None
    case: CaseId | None = None
    line_ids: tuple[LineId, ...] = ()
    of_case: bool = False
    expectation: str | None = None
    first_due: Instant | None = None
    severity: int = 0
    extent: str = ""
    scope: Scope | None = None
    reopened: int = 0
    resolved_at: Instant | None = None
    recovered_at: Instant | None = None
    withdrawn_at: Instant | None = None
    reopened_at: Instant | None = None
    released_at: Instant | None = None
    written_off_at: Instant | None = None
    progress_said: int = 0
    progress_due: Instant | None = None
    told: tuple[str, ...] = ()
    asked: tuple[Asked, ...] = ()
    location: str | None = None
    shared: tuple[str, ...] = ()
    incident: str | None = None

    @property
    def active(self) -> bool:
        """Say whether it may still hold marketing: neither recovered nor withdrawn nor written off."""
        return self.recovered_at is None and self.withdrawn_at is None and self.written_off_at is None

    @property
    def open(self) -> bool:
        """Say whether it still hurts the customer."""
        return self.active and self.resolved_at is None

    @property
    def status(self) -> str:
        """Return the word for where it is in its life."""
        if self.withdrawn_at is not None:
            return "withdrawn"
        if self.written_off_at is not None:
            return "written_off"
        if self.recovered_at is not None:
            return "recovered"
        return "open" if self.resolved_at is None else "resolved"


class Hold(Struct, frozen=True, array_like=True, gc=False):
    """One problem's (or operator's) lease on a customer's marketing; `until` None while it lasts.

    `aged`: its owner was named because it lasted longer than the policy's limit.
    """

    owner: str
    scope: Scope
    reason: str
    since: Instant
    until: Instant | None = None
    aged: bool = False
    journey: JourneyId | None = None
    case: CaseId | None = None


class Drawn(Struct, frozen=True, array_like=True, gc=False):
    """What a remedy's budget pays in a period. `returned`: gestures that came to nothing and are paid for no more."""

    budget: str
    period: str
    currency: str
    returned: tuple[str, ...] = ()


class Reserved(Struct, frozen=True, array_like=True, gc=False):
    """What a remedy needs to be issued once its budget has answered: its words, and the rows that sized it."""

    budget: str
    currency: str
    apology: str
    receipt: Receipt
    rules: tuple[RowFired, ...]
    period: str = ""


class GivenRemedy(Struct, frozen=True, array_like=True, gc=False):
    """A remedy we asked for, until every gesture of it is settled. `overdue`: an owner was named for it.

    `reserved` stands until its budget, or who approves it, has answered; only then is it issued. `tries` counts how
    often a gesture was asked for, once it has failed. `drawn` is the budget that pays for it. `granted` is how much
    of a gesture's amount was given, while that is not all of it.
    """

    id: RemedyId
    cause: str
    occasion: str
    problem: ProblemId
    journey: JourneyId | None
    consignment: ConsignmentId | None
    at: Instant
    gestures: tuple[Gesture, ...]
    settled: dict[str, Instant] = {}
    settled_at: Instant | None = None
    overdue: bool = False
    reserved: Reserved | None = None
    apology: str = ""
    tries: dict[str, int] = {}
    drawn: Drawn | None = None
    granted: dict[str, Decimal] = {}


class ByHand(Struct, frozen=True, array_like=True, gc=False):
    """What an agent gave on their own; it counts against what the policy would give."""

    at: Instant
    gesture: str
    amount: Money | None
    journey: JourneyId | None


class PendingNotice(Struct, frozen=True, array_like=True, gc=False):
    """A notice to the customer that waits for the end of quiet hours: about a problem, or about a new date."""

    due: Instant
    cause: str
    problem: ProblemId | None
    occasion: str
    template: str
    since: Instant
    place: Place | None = None
    milestone: str = ""
    promised: Instant | None = None


class AwaitedOwner(Struct, frozen=True, array_like=True, gc=False):
    """An owner who was asked to act by `act_by`."""

    escalation: OutputId
    problem: ProblemId
    reason: str
    owner: str
    act_by: Instant


class FollowUp(Struct, frozen=True, array_like=True, gc=False):
    """A thank-you that waits for the next purchase until `until`."""

    cause: str
    problem: ProblemId
    severity: int
    armed_at: Instant
    until: Instant


class Contact(Struct, frozen=True, array_like=True, order=True, gc=False):
    """A contact the customer had to make that names neither journey nor case."""

    at: Instant
    word: str


def cost_of(gestures: tuple[Gesture, ...]) -> Decimal:
    """Return what gestures cost us in all, in their currency."""
    return sum((gesture.cost.amount for gesture in gestures), Decimal(0))

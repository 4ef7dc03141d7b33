"""A customer's whole state, and its form in table and changelog."""

from typing import Final

from msgspec import Struct

from app.clock import Instant
from app.facts import Alias, Fact, Identities, Profile, Trouble
from app.ids import CaseId, CustomerId, JourneyId, OutputId, ProblemId, RemedyId
from app.journey.course import Case, Journey, JourneyReceipt
from app.journey.held import Call, HeldCoupon, HeldOffer
from app.journey.trouble import (
    AwaitedOwner,
    ByHand,
    Contact,
    FollowUp,
    GivenRemedy,
    Hold,
    PendingNotice,
    Problem,
)
from app.outputs import RampStep

POLICY_KEY: Final = b"\x00policy"
"""The table's key for the policy that decides on this partition; no customer's id begins with NUL."""


def is_reserved(key: bytes) -> bool:
    """Say whether a key of the table is no customer's but one of ours: the policy, who is parked, what broke us."""
    return key[:1] == b"\x00"


class Exposed(Struct, frozen=True, array_like=True, gc=False):
    """A customer's severe open problems, as the register knows them under a brand: the worst severity, the types.

    `again`: it knows them under another brand too.
    """

    severity: int
    reasons: tuple[str, ...]
    again: bool = False


class Membership(Struct, frozen=True, array_like=True, gc=False):
    """The account a customer belongs to: what they told it of themselves (`own`), and what it told of the others.

    `known_until` is up to when it has told everything (under the data clock; live, what comes is what there is).
    `released` are holds for others that an operator has released.
    """

    account: str
    known_until: Instant
    own: tuple[Trouble, ...] = ()
    version: int = 0
    others: tuple[Trouble, ...] = ()
    released: tuple[str, ...] = ()


class Comeback(Struct, frozen=True, array_like=True, gc=False):
    """What is waited for after the newest problem that held marketing: a purchase.

    `outcome` is empty, came_back or lost, since `at`; `recovered`: the problem was made good.
    """

    problem: ProblemId
    type: str
    since: Instant
    severity: int
    recovered: bool
    outcome: str = ""
    at: Instant | None = None


class CustomerState(Struct, frozen=True, array_like=True, gc=False):
    """Everything about one customer. `last_now` never goes back: it is the time of the newest thing we decided.

    `seen` holds the ids of recent facts (see `seen.py`). `released_at` stands while a release is readable.
    `apologised` is when notices lately said sorry. `former` are identities of the past: the directory knows them still.
    `merged_identities` is who those were that were merged into the customer: marketing may know them by that still.
    `left` are aliases the directory still knows them by though their journey has gone from here (see `known_by.py`).
    `questions` are those the register has not answered; under the data clock facts wait for that in `queued`.
    """

    customer: CustomerId
    last_now: Instant = Instant(0)
    profile: Profile | None = None
    profile_at: Instant | None = None
    journeys: dict[JourneyId, Journey] = {}
    cases: dict[CaseId, Case] = {}
    problems: dict[ProblemId, Problem] = {}
    holds: tuple[Hold, ...] = ()
    ramp: tuple[RampStep, ...] = ()
    released_at: Instant | None = None
    remedies: dict[RemedyId, GivenRemedy] = {}
    by_hand: tuple[ByHand, ...] = ()
    pending: tuple[PendingNotice, ...] = ()
    awaited: tuple[AwaitedOwner, ...] = ()
    follow_ups: tuple[FollowUp, ...] = ()
    contacts: tuple[Contact, ...] = ()
    receipts: dict[JourneyId, JourneyReceipt] = {}
    seen: bytes = b""
    questions: tuple[str, ...] = ()
    queued: tuple[Fact, ...] = ()
    exposed: dict[str, Exposed] = {}
    offers: dict[str, HeldOffer] = {}
    coupons: dict[str, HeldCoupon] = {}
    calls: dict[CaseId, Call] = {}
    history: dict[ProblemId, tuple[OutputId, ...]] = {}
    apologised: tuple[Instant, ...] = ()
    merged_into: CustomerId | None = None
    merged_from: tuple[CustomerId, ...] = ()
    former: tuple[Identities, ...] = ()
    membership: Membership | None = None
    comeback: Comeback | None = None
    left: tuple[Alias, ...] = ()
    merged_identities: dict[CustomerId, Identities] = {}

    @property
    def is_empty(self) -> bool:
        """Say whether nothing is left to know of the customer."""
        return not (
            self.profile
            or self.journeys
            or self.cases
            or self.problems
            or self.holds
            or self.released_at
            or self.remedies
            or self.by_hand
            or self.follow_ups
            or self.contacts
            or self.receipts
            or self.seen
            or self.questions
            or self.queued
            or self.exposed
            or self.membership
            or self.comeback
            or self.offers
            or self.coupons
            or self.calls
            or self.merged_into
            or self.left
        )

"""A fact: what happened, to whom, when, and when we learnt it."""

from msgspec import Struct

from app.clock import Instant
from app.facts.accounts import AccountAsked, AccountLeft, AccountTold, AccountTroubled
from app.facts.cases import (
    CaseAssigned,
    CaseClosed,
    CaseOpened,
    CasePriorityChanged,
    CaseReopened,
    CaseResolved,
    CaseWaiting,
    ContactAttempted,
    EvidenceAttached,
    HoldAudioPlayed,
    MessageReceived,
    MessageSent,
    SatisfactionAnswered,
)
from app.facts.customers import (
    CustomerAbsorbed,
    CustomerErased,
    CustomerMerged,
    CustomerParked,
    OperatorDecided,
    ProfileStated,
    RemedyReported,
)
from app.facts.journeys import (
    ConsignmentsSplit,
    FailureStated,
    JourneyBegan,
    JourneyCancelled,
    LinesChanged,
    MilestoneReached,
    PromiseMade,
    Scanned,
)
from app.facts.spanning import (
    AssetAsked,
    AssetStated,
    AssetTold,
    BudgetAnswered,
    BudgetRequested,
    BudgetReturned,
    CampaignListed,
    CampaignPlanned,
    CodeUsed,
    CouponIssued,
    CouponTermsStated,
    ExposureChanged,
    IncidentLeft,
    IncidentReported,
    IncidentTold,
    OfferAsked,
    OfferLeft,
    OfferShown,
    OfferStated,
    OfferTold,
    PlaylistStated,
)
from app.ids import CaseId, ConsignmentId, CustomerId, FactId, JourneyId, PolicyVersion


class PolicyActivated(Struct, frozen=True, tag="policy_activated", gc=False):
    """From here on this policy decides; `files` is the whole folder, so that a replay needs nothing else."""

    version: PolicyVersion
    files: dict[str, bytes]


What = (
    JourneyBegan
    | LinesChanged
    | ConsignmentsSplit
    | PromiseMade
    | MilestoneReached
    | Scanned
    | FailureStated
    | JourneyCancelled
    | CaseOpened
    | MessageReceived
    | MessageSent
    | CaseAssigned
    | CasePriorityChanged
    | CaseWaiting
    | HoldAudioPlayed
    | ContactAttempted
    | EvidenceAttached
    | CaseResolved
    | CaseClosed
    | CaseReopened
    | SatisfactionAnswered
    | ProfileStated
    | CustomerMerged
    | CustomerAbsorbed
    | CustomerErased
    | RemedyReported
    | OperatorDecided
    | CustomerParked
    | PolicyActivated
    | CampaignPlanned
    | OfferStated
    | CouponTermsStated
    | OfferShown
    | CouponIssued
    | CodeUsed
    | PlaylistStated
    | AssetStated
    | ExposureChanged
    | IncidentReported
    | IncidentTold
    | IncidentLeft
    | CampaignListed
    | BudgetRequested
    | BudgetAnswered
    | BudgetReturned
    | OfferAsked
    | OfferLeft
    | OfferTold
    | AssetAsked
    | AssetTold
    | AccountAsked
    | AccountTroubled
    | AccountLeft
    | AccountTold
)

ToJourney = IncidentTold | BudgetAnswered | OfferTold | AssetTold | AccountTold
"""What the register answers to a customer's question."""

Question = IncidentReported | BudgetRequested | OfferAsked | AssetAsked | AccountAsked
"""What a customer's journey asks the register; it names the `question` that the answer is to."""


class Source(Struct, frozen=True, array_like=True, gc=False):
    """Where the input record stands: broker position live, the data's own position in replay (partition 0)."""

    topic: str
    partition: int
    offset: int


class Subject(Struct, frozen=True, array_like=True, gc=False):
    """Whom and what a fact is about; the directory fills in what the sender did not know."""

    customer: CustomerId | None = None
    journey: JourneyId | None = None
    consignment: ConsignmentId | None = None
    case: CaseId | None = None


class Fact(Struct, frozen=True, omit_defaults=True, gc=False):
    """What happened (`what`), to whom, when (`occurred_at`, the sender's time) and when we learnt it (`known_at`).

    `id` is the natural key: repeats of one event share it. The total order of facts is
    (`known_at`, `sequence`, `rank`): `sequence` is the source's own order among equal times (0 live), `rank` is 0 but
    for facts of one record (an order and its promises), which count up to 0, and for facts that the directory held
    until their alias was bound: those take the binding's known_at and sequence and keep their own order in `rank`,
    from 1 up (decision 0003).
    """

    id: FactId
    what: What
    subject: Subject
    occurred_at: Instant
    known_at: Instant
    source: Source
    sequence: int = 0
    rank: int = 0

    @property
    def order(self) -> tuple[int, int, int]:
        """The total order of facts."""
        return (self.known_at, self.sequence, self.rank)

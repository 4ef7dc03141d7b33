"""The vocabulary of what can happen: every input record becomes one of these facts, or a dead letter.

A fact is past tense. `What` says what happened, `Subject` to whom, `Fact` when it happened and when we learnt it.
Personal data stands only in `Profile` and `Identities`.
"""

from binascii import crc32
from decimal import Decimal
from enum import StrEnum
from typing import Final

import msgspec
from msgspec import Struct

from app.clock import Instant
from app.ids import CaseId, ConsignmentId, CustomerId, Desk, FactId, JourneyId, LineId, PolicyVersion, RemedyId
from app.topics import Topic


class Party(StrEnum):
    """Who did a thing, or whose fault it is. The responsibility towards the customer is always the merchant's."""

    MERCHANT = "merchant"
    SUPPLIER = "supplier"
    PARTNER_LOCATION = "partner_location"
    CARRIER = "carrier"
    CUSTOMER = "customer"
    NOBODY = "nobody"
    UNKNOWN = "unknown"


class ScanStatus(StrEnum):
    """One taxonomy over all carriers (field notes 2.1 to 2.3); the carrier's own code is kept beside it."""

    PRE_TRANSIT = "pre_transit"
    ACCEPTED = "accepted"
    IN_TRANSIT = "in_transit"
    OUT_FOR_DELIVERY = "out_for_delivery"
    AVAILABLE_FOR_PICKUP = "available_for_pickup"
    ATTEMPT_FAILED = "attempt_failed"
    DELIVERED = "delivered"
    PICKED_UP = "picked_up"
    RETURNING = "returning"
    RETURNED = "returned"
    FAILURE = "failure"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


class Money(Struct, frozen=True):
    """A decimal amount in one currency (ISO 4217)."""

    amount: Decimal
    currency: str


class Line(Struct, frozen=True):
    """An order line. `name` is the product's, as the customer knows it."""

    line_id: LineId
    product_id: str
    name: str
    quantity: int
    unit_price: Decimal


class ConsignmentPlan(Struct, frozen=True):
    """The part of an order that ships together; `supplier` is who hands it over, when not the merchant."""

    consignment_id: ConsignmentId
    line_ids: tuple[LineId, ...]
    carrier: str | None = None
    supplier: str | None = None


class ParcelRef(Struct, frozen=True):
    """A parcel as its carrier knows it; tracking numbers are recycled, so a binding also has a start (directory)."""

    carrier: str
    tracking_number: str


class Identities(Struct, frozen=True):
    """Personal: how other systems know a customer."""

    email: str | None = None
    phone: str | None = None
    loyalty_number: str | None = None
    helpdesk_id: str | None = None
    marketing_id: str | None = None


class Profile(Struct, frozen=True):
    """A snapshot of a customer. None is unknown, never zero. `churn_risk` and `advocacy` are from 0 to 1."""

    lifetime_value: Decimal | None = None
    currency: str | None = None
    churn_risk: Decimal | None = None
    advocacy: Decimal | None = None
    customer_since: Instant | None = None
    first_time: bool | None = None
    locale: str | None = None
    time_zone: str | None = None
    country: str | None = None
    account: str | None = None
    identities: Identities = Identities()


class JourneyBegan(Struct, frozen=True, tag="journey_began"):
    """A customer set out to get something: an order placed, a reservation made, a trade-in sent.

    `value` is what the customer pays in all; `needed_by` the date that matters to the customer (a gift's day).
    """

    kind: str
    brand: str
    value: Money | None
    lines: tuple[Line, ...] = ()
    needed_by: Instant | None = None
    country: str | None = None


class LinesChanged(Struct, frozen=True, tag="lines_changed"):
    """The lines of a journey are now these."""

    lines: tuple[Line, ...]
    value: Money | None = None


class ConsignmentsSplit(Struct, frozen=True, tag="consignments_split"):
    """The journey ships as these consignments (all of them; replaces an earlier split)."""

    consignments: tuple[ConsignmentPlan, ...]


class PromiseMade(Struct, frozen=True, tag="promise_made"):
    """Somebody promised that a milestone is reached before `due`; a second one for the same milestone revises it."""

    milestone: str
    due: Instant
    by: Party
    reason: str | None = None


class MilestoneReached(Struct, frozen=True, tag="milestone_reached"):
    """A step of the journey's kind was reached. `parcels` are named when goods are handed to a carrier.

    `amount` is the money moved when the milestone is a refund.
    """

    milestone: str
    by: Party = Party.UNKNOWN
    parcels: tuple[ParcelRef, ...] = ()
    amount: Money | None = None


class Scanned(Struct, frozen=True, tag="scanned"):
    """A carrier saw a parcel. `location` is the place's name, never an address.

    `time_assumed`: the scan gave a local time without its zone, and UTC was taken for it. `fault` is whose
    the carrier's code makes it; UNKNOWN: it does not say.
    """

    carrier: str
    tracking_number: str | None
    status: ScanStatus
    sub_status: str | None = None
    raw_code: str | None = None
    location: str | None = None
    new_estimate: Instant | None = None
    time_assumed: bool = False
    fault: Party = Party.UNKNOWN


class FailureStated(Struct, frozen=True, tag="failure_stated"):
    """An event states that something went wrong: `failure` is a word of the journey kind's policy (`understocked`)."""

    failure: str
    fault: Party
    line_ids: tuple[LineId, ...] = ()
    reason: str | None = None
    location: str | None = None


class JourneyCancelled(Struct, frozen=True, tag="journey_cancelled"):
    """The journey, a consignment of it or some lines are cancelled, by whom."""

    by: Party
    line_ids: tuple[LineId, ...] = ()
    reason: str | None = None


class CaseOpened(Struct, frozen=True, tag="case_opened"):
    """A customer's contact with the service desk began. `complaint`: something went wrong in the customer's words."""

    topic: str
    channel: str
    priority: int | None = None
    complaint: bool = False
    desk: Desk | None = None


class MessageReceived(Struct, frozen=True, tag="message_received"):
    """The customer wrote or called about a case."""

    channel: str


class MessageSent(Struct, frozen=True, tag="message_sent"):
    """Somebody answered the customer (`by`). `automatic`: no person did, so nobody has replied yet."""

    channel: str
    automatic: bool = False
    by: Party = Party.MERCHANT


class CaseAssigned(Struct, frozen=True, tag="case_assigned"):
    """A case is now with this desk; a hand-over when another desk had it. `owner` is an agent's opaque id."""

    desk: Desk
    owner: str | None = None


class CasePriorityChanged(Struct, frozen=True, tag="case_priority_changed"):
    """The desk set a priority, 1 the most urgent."""

    priority: int


class CaseWaiting(Struct, frozen=True, tag="case_waiting"):
    """The case waits for somebody outside the desk; not an answer to the customer. NOBODY: it waits no longer."""

    waiting_for: Party


class HoldAudioPlayed(Struct, frozen=True, tag="hold_audio_played"):
    """What the caller heard while on hold: `state` is started, played or ended, `asset` the audio's id."""

    state: str
    asset: str | None = None


class ContactAttempted(Struct, frozen=True, tag="contact_attempted"):
    """The customer spent effort: a tracking look-up, form, chat, call or an unanswered call (`means`)."""

    means: str
    to: Party = Party.MERCHANT


class EvidenceAttached(Struct, frozen=True, tag="evidence_attached"):
    """A screenshot or document, kept by reference."""

    reference: str


class CaseResolved(Struct, frozen=True, tag="case_resolved"):
    """The desk says that the case is solved. Solved is not recovered."""


class CaseClosed(Struct, frozen=True, tag="case_closed"):
    """The desk closed the case."""


class CaseReopened(Struct, frozen=True, tag="case_reopened"):
    """A solved or closed case is open again."""


class SatisfactionAnswered(Struct, frozen=True, tag="satisfaction_answered"):
    """A survey's answer, from 1 (worst) to `scale`."""

    score: int
    scale: int = 5


class ProfileStated(Struct, frozen=True, tag="profile_stated"):
    """The customer's profile is now this."""

    profile: Profile


class CustomerMerged(Struct, frozen=True, tag="customer_merged"):
    """This customer turned out to be another one, who lives on."""

    into: CustomerId


class CustomerAbsorbed(Struct, frozen=True, tag="customer_absorbed"):
    """Our own: another customer's whole state (as the journey stage stores it), who is this one too."""

    customer: CustomerId
    state: bytes


class CustomerErased(Struct, frozen=True, tag="customer_erased"):
    """Forget this customer everywhere. `swept`: it comes from whom they had been merged into, who is forgotten too."""

    swept: bool = False


class RemedyReported(Struct, frozen=True, tag="remedy_reported"):
    """What became of a remedy (`remedy_id`), or what an agent gave by hand (`remedy_id` None).

    `outcome` is granted, failed, redeemed or refused; `gesture` which part of the remedy it is about.
    """

    outcome: str
    gesture: str
    remedy_id: RemedyId | None = None
    amount: Money | None = None
    reason: str | None = None


class OperatorDecided(Struct, frozen=True, tag="operator_decided"):
    """A named person decided: `action` is hold, release, approve, refuse, write_off or close."""

    action: str
    operator: str
    role: str
    reason: str
    problem_id: str | None = None


class Terms(Struct, frozen=True, array_like=True):
    """What an offer or a coupon grants. `products` empty: all; `valid_until` None: for ever."""

    discount: str
    products: tuple[str, ...] = ()
    valid_until: Instant | None = None
    text: str = ""


class AudioAsset(Struct, frozen=True, array_like=True):
    """What callers on hold hear: its class (music, information, sales, ...) and what it sells, if anything."""

    asset: str
    audio_class: str
    products: tuple[str, ...] = ()


class CampaignPlanned(Struct, frozen=True, tag="campaign_planned"):
    """A send is planned; one planned again under the same id replaces the plan. `brand` None: of every brand."""

    campaign: str
    message_class: str
    channels: tuple[str, ...]
    send_at: Instant
    products: tuple[str, ...] = ()
    offer: str | None = None
    brand: str | None = None


class OfferStated(Struct, frozen=True, tag="offer_stated"):
    """An offer is advertised with these terms from now on."""

    offer: str
    version: int
    terms: Terms


class CouponTermsStated(Struct, frozen=True, tag="coupon_terms_stated"):
    """The coupons issued under an offer grant this from now on."""

    offer: str
    version: int
    terms: Terms


class OfferShown(Struct, frozen=True, tag="offer_shown"):
    """The customer saw an offer."""

    offer: str
    version: int
    channel: str


class CouponIssued(Struct, frozen=True, tag="coupon_issued"):
    """The customer was given a coupon, perhaps under an offer; `expires_at` None: never."""

    coupon: str
    offer: str | None = None
    expires_at: Instant | None = None


class CodeUsed(Struct, frozen=True, tag="code_used"):
    """The customer gave a code with a purchase, and it was honoured or refused."""

    coupon: str
    honoured: bool
    reason: str | None = None


class PlaylistStated(Struct, frozen=True, tag="playlist_stated"):
    """What callers on hold hear from now on."""

    playlist: str
    assets: tuple[AudioAsset, ...]


class AssetStated(Struct, frozen=True, tag="asset_stated"):
    """An audio is in a playlist, and this is what it is."""

    asset: AudioAsset


class ExposureChanged(Struct, frozen=True, tag="exposure_changed"):
    """A customer's severe open problems with a brand are now these (`reasons`, types; none: no more)."""

    brand: str
    severity: int
    reasons: tuple[str, ...]


class IncidentReported(Struct, frozen=True, tag="incident_reported"):
    """A customer has a problem of this type that others may share: `cause` is what they have in common."""

    problem: str
    cause: str
    brand: str


class CampaignListed(Struct, frozen=True, tag="campaign_listed"):
    """A shard has told the planner whom to leave out: how many by reason, in how many parts.

    `occasion` is planned or send; at send time `added` and `removed` count what changed since it was planned.
    """

    campaign: str
    send_at: Instant
    occasion: str
    shard: str
    reasons: dict[str, int]
    customers: int
    parts: int
    added: int = 0
    removed: int = 0


class BudgetRequested(Struct, frozen=True, tag="budget_requested"):
    """A remedy is reserved until its budget grants what it costs."""

    question: str
    budget: str
    period: str
    amount: Money


class BudgetAnswered(Struct, frozen=True, tag="budget_answered"):
    """The budget grants or refuses a reserved remedy; `left` is what it has after that."""

    question: str
    granted: bool
    left: Money


class OfferAsked(Struct, frozen=True, tag="offer_asked"):
    """A customer holds an offer and must know its terms, now and whenever they change."""

    question: str
    offer: str
    version: int


class OfferLeft(Struct, frozen=True, tag="offer_left"):
    """A customer holds an offer no more: they were erased, or have become another one."""


class OfferTold(Struct, frozen=True, tag="offer_told"):
    """An offer's terms: as advertised, as its coupons have them, and in what the coupons grant less (`gap`)."""

    question: str
    offer: str
    version: int
    advertised: Terms | None
    coupon: Terms | None
    gap: tuple[str, ...] = ()


class AssetAsked(Struct, frozen=True, tag="asset_asked"):
    """A caller heard an audio that the journey does not know."""

    question: str
    asset: str


class AssetTold(Struct, frozen=True, tag="asset_told"):
    """What an audio is; None when no playlist has it."""

    question: str
    asset: str
    known: AudioAsset | None


class PolicyActivated(Struct, frozen=True, tag="policy_activated"):
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
    | CampaignListed
    | BudgetRequested
    | BudgetAnswered
    | OfferAsked
    | OfferLeft
    | OfferTold
    | AssetAsked
    | AssetTold
)

ToJourney = BudgetAnswered | OfferTold | AssetTold
"""What the register answers to a customer's question."""

Question = BudgetRequested | OfferAsked | AssetAsked
"""What a customer's journey asks the register; it names the `question` that the answer is to."""


class Source(Struct, frozen=True, array_like=True):
    """Where the input record stands: broker position live, the data's own position in replay (partition 0)."""

    topic: str
    partition: int
    offset: int


class Subject(Struct, frozen=True, array_like=True):
    """Whom and what a fact is about; the directory fills in what the sender did not know."""

    customer: CustomerId | None = None
    journey: JourneyId | None = None
    consignment: ConsignmentId | None = None
    case: CaseId | None = None


class Fact(Struct, frozen=True):
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


class AliasKind(StrEnum):
    """What other systems know a customer, a journey or a parcel by."""

    TRACKING = "tracking"
    ORDER = "order"
    JOURNEY = "journey"
    EMAIL = "email"
    PHONE = "phone"
    LOYALTY = "loyalty"
    HELPDESK = "helpdesk"
    CASE = "case"


class Alias(Struct, frozen=True, array_like=True):
    """The directory's key: `tracking` has the carrier in `scope`, the others none."""

    kind: AliasKind
    value: str
    scope: str = ""

    def key(self) -> bytes:
        """Return the record key under which the directory keeps this alias."""
        return f"{self.kind}\x1f{self.scope}\x1f{self.value}".encode()


class AliasBound(Struct, frozen=True, tag="alias_bound"):
    """From `valid_from` on the alias means this subject, until a newer binding or the consignment's end."""

    alias: Alias
    subject: Subject
    valid_from: Instant
    known_at: Instant
    source: Source
    sequence: int = 0


class AliasForgotten(Struct, frozen=True, tag="alias_forgotten"):
    """The alias means this customer no longer: they were erased. Facts that wait for a customer stay."""

    alias: Alias
    customer: CustomerId
    known_at: Instant
    sequence: int = 0


class FactWaiting(Struct, frozen=True, tag="fact_waiting"):
    """A fact that does not know its customer, under the alias that may find it."""

    alias: Alias
    fact: Fact
    origin: "Origin"


class Origin(Struct, frozen=True):
    """The input record a fact came from, kept until its customer is found, for the dead letter if never."""

    topic: Topic
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    timestamp: Instant


DirectoryEntry = AliasBound | AliasForgotten | FactWaiting

SHARDS: Final = 16
"""What is kept of many customers is kept in so many parts, so that no state grows without bound."""


def severe_key(brand: str, shard: int) -> bytes:
    """Return the register's key of a part of a brand's customers with severe open problems."""
    return f"severe:{brand}:{shard}".encode()


def shard_of(customer: CustomerId) -> int:
    """Return the part that a customer is kept in."""
    return crc32(customer.encode()) % SHARDS


def budget_key(budget: str, period: str) -> bytes:
    """Return the register's key of a budget in one period."""
    return f"budget:{budget}:{period}".encode()


def offer_key(offer: str) -> bytes:
    """Return the register's key of an offer."""
    return f"offer:{offer}".encode()


def holders_key(offer: str, shard: int) -> bytes:
    """Return the register's key of a part of those who hold an offer."""
    return f"holders:{shard}:{offer}".encode()


def campaign_key(campaign: str) -> bytes:
    """Return the register's key of a campaign."""
    return f"campaign:{campaign}".encode()


def incident_key(cause: str) -> bytes:
    """Return the register's key of what many customers may have in common."""
    return f"incident:{cause}".encode()


def playlist_key(playlist: str) -> bytes:
    """Return the register's key of a playlist."""
    return f"playlist:{playlist}".encode()


def asset_key(asset: str) -> bytes:
    """Return the register's key of an audio."""
    return f"asset:{asset}".encode()


_VERSION = b"\x01"
_encoder = msgspec.msgpack.Encoder()
_fact_decoder = msgspec.msgpack.Decoder(Fact)
_entry_decoder = msgspec.msgpack.Decoder(DirectoryEntry)


def encode_fact(fact: Fact) -> bytes:
    """Encode for the journey log: a version byte, then msgpack."""
    return _VERSION + _encoder.encode(fact)


def decode_fact(value: bytes) -> Fact:
    """Decode a journey-log record; a wrong version or shape raises (it is ours: a bug, not bad input)."""
    return _fact_decoder.decode(_checked(value))


def encode_entry(entry: DirectoryEntry) -> bytes:
    """Encode for the directory topic: a version byte, then msgpack."""
    return _VERSION + _encoder.encode(entry)


def decode_entry(value: bytes) -> DirectoryEntry:
    """Decode a directory record; a wrong version or shape raises (it is ours: a bug, not bad input)."""
    entry: DirectoryEntry = _entry_decoder.decode(_checked(value))
    return entry


def _checked(value: bytes) -> memoryview:
    if value[:1] != _VERSION:
        msg = f"internal record of version {value[:1]!r}, this worker reads {_VERSION!r}: upgrade it first"
        raise ValueError(msg)
    return memoryview(value)[1:]

"""What spans customers: campaigns, offers, budgets, playlists, incidents, and the questions and answers about them."""

from msgspec import Struct

from app.clock import Instant
from app.facts.values import Money


class Terms(Struct, frozen=True, array_like=True, gc=False):
    """What an offer or a coupon grants. `products` empty: all; `valid_until` None: for ever."""

    discount: str
    products: tuple[str, ...] = ()
    valid_until: Instant | None = None
    text: str = ""


class AudioAsset(Struct, frozen=True, array_like=True, gc=False):
    """What callers on hold hear: its class (music, information, sales, ...) and what it sells, if anything."""

    asset: str
    audio_class: str
    products: tuple[str, ...] = ()


class CampaignPlanned(Struct, frozen=True, tag="campaign_planned", omit_defaults=True, gc=False):
    """A send is planned; one planned again under the same id replaces the plan. `brand` None: of every brand."""

    campaign: str
    message_class: str
    channels: tuple[str, ...]
    send_at: Instant
    products: tuple[str, ...] = ()
    offer: str | None = None
    brand: str | None = None


class OfferStated(Struct, frozen=True, tag="offer_stated", gc=False):
    """An offer is advertised with these terms from now on."""

    offer: str
    version: int
    terms: Terms


class CouponTermsStated(Struct, frozen=True, tag="coupon_terms_stated", gc=False):
    """The coupons issued under an offer grant this from now on."""

    offer: str
    version: int
    terms: Terms


class OfferShown(Struct, frozen=True, tag="offer_shown", gc=False):
    """The customer saw an offer."""

    offer: str
    version: int
    channel: str


class CouponIssued(Struct, frozen=True, tag="coupon_issued", omit_defaults=True, gc=False):
    """The customer was given a coupon, perhaps under an offer; `expires_at` None: never."""

    coupon: str
    offer: str | None = None
    expires_at: Instant | None = None


class CodeUsed(Struct, frozen=True, tag="code_used", omit_defaults=True, gc=False):
    """The customer gave a code with a purchase, and it was honoured or refused."""

    coupon: str
    honoured: bool
    reason: str | None = None


class PlaylistStated(Struct, frozen=True, tag="playlist_stated", gc=False):
    """What callers on hold hear from now on."""

    playlist: str
    assets: tuple[AudioAsset, ...]


class AssetStated(Struct, frozen=True, tag="asset_stated", gc=False):
    """An audio is in a playlist, and this is what it is."""

    asset: AudioAsset


class ExposureChanged(Struct, frozen=True, tag="exposure_changed", omit_defaults=True, gc=False):
    """The severe open problems of a brand's customer are now these (`reasons`, types; none: no more).

    `again`: they are told under another brand too, and who counts every brand's customers counts this one there.
    `erased`: nobody of this name may be spoken of any more.
    """

    brand: str
    severity: int
    reasons: tuple[str, ...]
    again: bool = False
    erased: bool = False


class IncidentReported(Struct, frozen=True, tag="incident_reported", omit_defaults=True, gc=False):
    """A customer has a problem of this type that others may share: `cause` is what they have in common."""

    problem: str
    cause: str
    brand: str
    question: str = ""


class IncidentTold(Struct, frozen=True, tag="incident_told", omit_defaults=True, gc=False):
    """What a customer reported is a mass incident since `declared_at` (None: it is none so far)."""

    question: str
    incident: str
    declared_at: Instant | None = None


class IncidentLeft(Struct, frozen=True, tag="incident_left", omit_defaults=True, gc=False):
    """All that an incident did to a customer has recovered; `back`: it hurts again, or hurts somebody new."""

    back: bool = False


class CampaignListed(Struct, frozen=True, tag="campaign_listed", omit_defaults=True, gc=False):
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


class BudgetRequested(Struct, frozen=True, tag="budget_requested", gc=False):
    """A remedy is reserved until its budget grants what it costs."""

    question: str
    budget: str
    period: str
    amount: Money


class BudgetAnswered(Struct, frozen=True, tag="budget_answered", gc=False):
    """The budget grants or refuses a reserved remedy; `left` is what it has after that."""

    question: str
    granted: bool
    left: Money


class BudgetReturned(Struct, frozen=True, tag="budget_returned", omit_defaults=True, gc=False):
    """A gesture that a budget has paid for was never given: what it costs is the budget's again.

    `after_all`: it was given all the same, so the budget pays for it once more.
    """

    remedy: str
    gesture: str
    budget: str
    period: str
    amount: Money
    after_all: bool = False


class OfferAsked(Struct, frozen=True, tag="offer_asked", gc=False):
    """A customer holds an offer and must know its terms, now and whenever they change."""

    question: str
    offer: str
    version: int


class OfferLeft(Struct, frozen=True, tag="offer_left", gc=False):
    """A customer holds an offer no more: they were erased, or have become another one."""


class OfferTold(Struct, frozen=True, tag="offer_told", omit_defaults=True, gc=False):
    """An offer's terms: as advertised, as its coupons have them, and in what the coupons grant less (`gap`)."""

    question: str
    offer: str
    version: int
    advertised: Terms | None
    coupon: Terms | None
    gap: tuple[str, ...] = ()


class AssetAsked(Struct, frozen=True, tag="asset_asked", gc=False):
    """A caller heard an audio that the journey does not know."""

    question: str
    asset: str


class AssetTold(Struct, frozen=True, tag="asset_told", gc=False):
    """What an audio is; None when no playlist has it."""

    question: str
    asset: str
    known: AudioAsset | None

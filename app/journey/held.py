"""Offers and coupons that a customer holds, and calls on which they waited. All values; a change makes a new one."""

from msgspec import Struct

from app.clock import Instant
from app.facts import AudioAsset, OfferTold
from app.ids import JourneyId, ProblemId


class Shown(Struct, frozen=True, array_like=True, order=True, gc=False):
    """When and where a customer was shown a version of an offer's terms."""

    at: Instant
    version: int
    channel: str


class HeldOffer(Struct, frozen=True, array_like=True, gc=False):
    """An offer: which version the customer was shown first, when and where; and what the register told of its terms.

    `shown_at` None: it was never shown, a coupon of it was issued. `version` 0: whatever is newest. `shown` is every
    time that it was shown, the earliest first.
    """

    offer: str
    version: int
    shown_at: Instant | None = None
    channel: str = ""
    told: OfferTold | None = None
    shown: tuple[Shown, ...] = ()


class HeldCoupon(Struct, frozen=True, array_like=True, gc=False):
    """A coupon, and what became of it. `paused`: its time stands still while a case about it is open.

    `stood_still` are the times for which it did because of cases that are no longer kept.
    """

    coupon: str
    issued_at: Instant
    offer: str | None = None
    journey: JourneyId | None = None
    expires_at: Instant | None = None
    paused: bool = False
    expired_at: Instant | None = None
    used_at: Instant | None = None
    problems: tuple[ProblemId, ...] = ()
    stood_still: tuple[tuple[Instant, Instant], ...] = ()


class Call(Struct, frozen=True, array_like=True, gc=False):
    """What a caller heard while on hold, in one case: how often each audio, and what it is once it is known."""

    plays: dict[str, int] = {}
    known: dict[str, AudioAsset | None] = {}

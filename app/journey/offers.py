"""Offers and coupons of a customer: the terms they were shown, what coupons grant, and whether these are honoured."""

from typing import Final

from msgspec.structs import replace

from app.clock import Instant, to_iso
from app.facts import (
    CodeUsed,
    CouponIssued,
    Fact,
    OfferAsked,
    OfferLeft,
    OfferShown,
    OfferTold,
    Party,
    holders_key,
    offer_key,
    shard_of,
)
from app.ids import JourneyId, ProblemId
from app.journey import asking, problems
from app.journey.coupon_time import ends_with, expiry_of, stood_still_before
from app.journey.course import Place
from app.journey.held import HeldCoupon, HeldOffer, Shown
from app.journey.items import with_item
from app.journey.state import CustomerState
from app.journey.turn import Turn
from app.outputs import Notice, RowFired

GAP: Final = "offer_terms_gap"
NOT_HONOURED: Final = "offer_not_honoured"
_NEWEST: Final = 0
_MOST: Final = 32
"""Offers, and coupons, that are kept of one customer: the newest."""


def offer_shown(turn: Turn, fact: Fact, what: OfferShown) -> None:
    """Keep which terms the customer was shown when; the first ones are what was promised. Ask what they are."""
    known = turn.state.offers.get(what.offer)
    shown = Shown(fact.occurred_at, what.version, what.channel)
    if known is not None and shown in known.shown:
        return
    turn.note(f"offer {what.offer} shown in version {what.version}")
    times = tuple(sorted((*(known.shown if known is not None else ()), shown)))
    first, *later = times
    kept = (first, *later[-_MOST:])
    if known is not None and known.version == first.version:
        held = replace(known, shown_at=first.at, channel=first.channel, shown=kept)
        turn.state = replace(turn.state, offers=with_item(turn.state.offers, what.offer, held))
    else:
        _hold(turn, HeldOffer(what.offer, first.version, first.at, first.channel, shown=kept))


def _hold(turn: Turn, offer: HeldOffer) -> None:
    kept = dict(list(with_item(turn.state.offers, offer.offer, offer).items())[-_MOST:])
    turn.state = replace(turn.state, offers=kept)
    _ask(turn, offer)


def _ask(turn: Turn, offer: HeldOffer) -> None:
    question = f"offer/{turn.state.customer}/{offer.offer}/{offer.version}"
    asking.ask(turn, offer_key(offer.offer), OfferAsked(question, offer.offer, offer.version))


def coupon_issued(turn: Turn, fact: Fact, what: CouponIssued) -> None:
    """Keep a coupon; under an offer nobody is known to have been shown, the newest terms count."""
    if what.coupon in turn.state.coupons:
        return
    coupon = HeldCoupon(what.coupon, fact.occurred_at, what.offer, fact.subject.journey, what.expires_at)
    _put(turn, replace(coupon, paused=stood_still_before(turn.state, coupon)))
    turn.note(f"coupon {what.coupon} issued")
    if what.offer is not None:
        if what.offer not in turn.state.offers:
            _hold(turn, HeldOffer(what.offer, _NEWEST))
        _meet(turn, what.offer)
    for other in tuple(turn.state.coupons.values()):
        if other.journey == coupon.journey and other.coupon != coupon.coupon:
            _replace(turn, other)


def _put(turn: Turn, coupon: HeldCoupon) -> None:
    kept = dict(list(with_item(turn.state.coupons, coupon.coupon, coupon).items())[-_MOST:])
    turn.state = replace(turn.state, coupons=kept)


def offer_told(turn: Turn, _: Fact, what: OfferTold) -> None:
    """Take the terms of an offer as they stand now."""
    held = turn.state.offers.get(what.offer)
    if held is None or held.version != what.version or held.told == what:
        return
    turn.state = replace(turn.state, offers=with_item(turn.state.offers, what.offer, replace(held, told=what)))
    terms = f"grants less than advertised ({', '.join(what.gap)})" if what.gap else "grants what was advertised"
    turn.note(f"offer {what.offer}: the coupon {terms}")
    _meet(turn, what.offer)


def _meet(turn: Turn, offer: str) -> None:
    """Open the problem of whoever holds a coupon that grants less; resolve it when the terms are mended."""
    told = turn.state.offers[offer].told
    if told is None:
        return
    for coupon in tuple(turn.state.coupons.values()):
        if coupon.offer == offer and coupon.used_at is None:
            if told.gap:
                _open(turn, coupon, GAP, coupon.journey)
                _replace(turn, coupon)
            else:
                _resolve(turn, coupon, GAP)


def _open(turn: Turn, coupon: HeldCoupon, type_: str, journey: JourneyId | None) -> None:
    place = Place(journey)
    name = problems.problem_id(turn.state, place, type_, coupon.coupon)
    problems.open_stated(turn, place, type_, coupon.coupon, at=turn.at, fault=Party.MERCHANT)
    if name not in coupon.problems:
        _put(turn, replace(coupon, problems=(*coupon.problems, name)))


def _resolve(turn: Turn, coupon: HeldCoupon, *types: str) -> None:
    for name in coupon.problems:
        problem = turn.state.problems.get(ProblemId(name))
        if problem is not None and problem.open and problem.type in types:
            problems.resolve(turn, problem.id, max(turn.at, problem.opened_at))


def _replace(turn: Turn, coupon: HeldCoupon) -> None:
    """Resolve what a coupon grants too little, when a later one of its journey has no such gap."""
    better = (
        other.issued_at
        for other in turn.state.coupons.values()
        if other.journey == coupon.journey and other.issued_at > coupon.issued_at and not _gap(turn.state, other)
    )
    at = min(better, default=None)
    if coupon.journey is None or at is None:
        return
    for name in coupon.problems:
        problem = turn.state.problems.get(ProblemId(name))
        if problem is not None and problem.open and problem.type == GAP:
            problems.resolve(turn, problem.id, max(at, problem.opened_at))


def _gap(state: CustomerState, coupon: HeldCoupon) -> bool:
    held = None if coupon.offer is None else state.offers.get(coupon.offer)
    return held is not None and (held.told is None or bool(held.told.gap))


def code_used(turn: Turn, fact: Fact, what: CodeUsed) -> None:
    """Check whether a code was honoured; a refusal is a problem of the purchase it was meant for."""
    coupon = turn.state.coupons.get(what.coupon) or HeldCoupon(what.coupon, fact.occurred_at)
    if what.honoured:
        turn.note(f"coupon {what.coupon} honoured")
        _put(turn, replace(coupon, used_at=fact.occurred_at, paused=False))
        _resolve(turn, coupon, GAP, NOT_HONOURED)
        return
    if (why := _rightly(turn.state, coupon, fact.occurred_at)) is not None:
        turn.note(f"coupon {what.coupon} refused, rightly: {why}")
        return
    turn.note(f"coupon {what.coupon} refused")
    _put(turn, coupon)
    _open(turn, coupon, NOT_HONOURED, fact.subject.journey)


def _rightly(state: CustomerState, coupon: HeldCoupon, at: Instant) -> str | None:
    """Say why a coupon need not be taken at a time; None when it must be: also while its time stands still."""
    if coupon.used_at is not None and coupon.used_at < at:
        return "it had been used"
    ends = expiry_of(state, coupon)
    return None if ends is None or at < ends else "its time had run out"


def review(turn: Turn) -> None:
    """Let the register know who holds which offer; say when a coupon's time begins to stand still, and goes on."""
    if turn.state.offers is not turn.offers_before:
        _tell_register(turn)
    for coupon in tuple(turn.state.coupons.values()):
        if ends_with(turn.state, coupon) is not None and coupon.used_at is None:
            _review(turn, coupon)


def _tell_register(turn: Turn) -> None:
    """Ask about offers that came, and take back those that went: with a merge, or the customer's erasure."""
    for offer in turn.state.offers.values():
        if offer.offer not in turn.offers_before:
            _ask(turn, offer)
    for name in sorted(turn.offers_before.keys() - turn.state.offers.keys()):
        key = holders_key(name, shard_of(turn.state.customer))
        asking.tell(turn, key, OfferLeft(), f"left/{name}")


def _review(turn: Turn, coupon: HeldCoupon) -> None:
    ends = expiry_of(turn.state, coupon)
    lives = coupon.expired_at is not None and (ends is None or ends > turn.now)
    if lives:
        turn.note(f"coupon {coupon.coupon} has not expired after all")
    pauses = (ends is None) != coupon.paused
    if pauses:
        _tell(turn, coupon, ends)
    if lives or pauses:
        _put(turn, replace(coupon, paused=ends is None, expired_at=None if lives else coupon.expired_at))


def _tell(turn: Turn, coupon: HeldCoupon, ends: Instant | None) -> None:
    template = "offer_expiry_paused" if ends is None else "offer_expiry_resumed"
    fields = {"coupon": coupon.coupon}
    if coupon.offer is not None:
        fields["offer"] = coupon.offer
    if ends is None:
        text = f"Coupon {coupon.coupon} does not expire while a case about it is open."
    else:
        fields["expires_at"] = to_iso(ends)
        text = f"Coupon {coupon.coupon} has its time again: it now expires at {fields['expires_at']}."
    turn.rules.append(RowFired("coupons", "paused" if ends is None else "resumed", fields))
    turn.said.append(
        Notice(
            id=turn.id_for(f"notice/{template}", "campaign_planner", coupon.coupon),
            at=turn.now,
            customer=turn.state.customer,
            recipient="campaign_planner",
            template=template,
            problem=None,
            journey=coupon.journey,
            case=turn.case,
            fields=fields,
            text=text,
        )
    )
    turn.note(f"notice {template} to campaign_planner")


def expire(turn: Turn, name: str) -> None:
    """Let a coupon expire."""
    coupon = turn.state.coupons[name]
    _put(turn, replace(coupon, expired_at=turn.now))
    turn.note(f"coupon {name} has expired unused")

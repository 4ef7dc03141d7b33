"""Offers: what is advertised against what the coupons grant, and who must know when it changes."""

import re
from decimal import Decimal
from typing import Final

from msgspec.structs import replace

from app.clock import Instant, to_iso
from app.facts import (
    SHARDS,
    CouponTermsStated,
    Fact,
    OfferAsked,
    OfferStated,
    OfferTold,
    OperatorDecided,
    Terms,
    holders_key,
    shard_of,
)
from app.register import owners
from app.register.doing import Doing
from app.register.limits import HOLDERS_KEPT, OFFER_VERSIONS
from app.register.state import Holder, Holders, Offer
from app.topics import Topic

GAP: Final = "offer_terms_gap"
_PLANNER: Final = "campaign_planner"


def stated(doing: Doing, known: Offer, what: OfferStated | CouponTermsStated) -> Offer:
    """Keep a version's terms; a gap that they open is the planner's, and every holder learns of what changed.

    With the last gap closed no owner need act any more.
    """
    if isinstance(what, OfferStated):
        offer = replace(known, advertised=_with(known.advertised, what.version, what.terms))
    else:
        offer = replace(known, coupons=_with(known.coupons, what.version, what.terms))
    if offer == known:
        return known
    side = "advertised" if isinstance(what, OfferStated) else "coupon"
    doing.note(f"offer {what.offer}: {side} terms of version {what.version}")
    opened = False
    for version in sorted({*offer.advertised, *offer.asked}):
        before, after = told(known, what.offer, version, ""), told(offer, what.offer, version, "")
        known_gap = before.gap if version in known.advertised else ()
        if after.gap and after.gap != known_gap and version in offer.advertised:
            _tell_planner(doing, after)
            opened = True
        if after != before and version in offer.asked:
            for shard in range(SHARDS):
                key = holders_key(what.offer, shard)
                doing.pass_on(Topic.REGISTER_LOG, key, after, part=f"#{version}")
    return _owned(doing, offer, what.offer, opened=opened)


def _owned(doing: Doing, offer: Offer, name: str, *, opened: bool) -> Offer:
    """Ask for an owner of the gaps that opened; terms stated anew give one who is waited for no more time."""
    if opened:
        asked_now = owners.ask(doing, GAP, GAP, None)
        return replace(offer, awaited=offer.awaited or asked_now)
    if offer.awaited is None or any(told(offer, name, version, "").gap for version in offer.advertised):
        return offer
    doing.note("no gap is left: nobody need act")
    return replace(offer, awaited=None)


def _with(terms: dict[int, Terms], version: int, stated_terms: Terms) -> dict[int, Terms]:
    newest = sorted({**terms, version: stated_terms}.items())[-OFFER_VERSIONS:]
    return dict(newest)


def told(known: Offer, offer: str, version: int, question: str) -> OfferTold:
    """Return the terms of a version: its own, else the newest."""
    advertised, coupon = _of(known.advertised, version), _of(known.coupons, version)
    return OfferTold(question, offer, version, advertised, coupon, gap_between(advertised, coupon))


def _of(terms: dict[int, Terms], version: int) -> Terms | None:
    return terms.get(version) or (terms[max(terms)] if terms else None)


def gap_between(advertised: Terms | None, coupon: Terms | None) -> tuple[str, ...]:
    """Return in what a coupon grants less than was advertised: discount, products, valid_until."""
    if advertised is None or coupon is None:
        return ()
    gap = []
    if not _as_much(coupon.discount, advertised.discount):
        gap.append("discount")
    if coupon.products and (not advertised.products or not set(advertised.products) <= set(coupon.products)):
        gap.append("products")
    if coupon.valid_until is not None and (
        advertised.valid_until is None or coupon.valid_until < advertised.valid_until
    ):
        gap.append("valid_until")
    return tuple(gap)


def _as_much(granted: str, advertised: str) -> bool:
    """Say whether a discount is as much as was advertised: the same words, or a higher number of the same unit."""
    mine, theirs = (_NUMBER.fullmatch(" ".join(text.split())) for text in (granted, advertised))
    if mine is not None and theirs is not None and mine["unit"] == theirs["unit"]:
        return Decimal(mine["number"]) >= Decimal(theirs["number"])
    return granted.split() == advertised.split()


_NUMBER: Final = re.compile(r"(?P<number>\d+(?:\.\d+)?) ?(?P<unit>\D*)")


def _tell_planner(doing: Doing, gap: OfferTold) -> None:
    assert gap.advertised is not None
    assert gap.coupon is not None
    fields = {"offer": gap.offer, "version": str(gap.version), "gap": ", ".join(gap.gap)}
    for side, terms in (("advertised", gap.advertised), ("coupon", gap.coupon)):
        fields[f"{side}_discount"] = terms.discount
        fields[f"{side}_products"] = ", ".join(terms.products) or "all"
        fields[f"{side}_valid_until"] = "for ever" if terms.valid_until is None else to_iso(terms.valid_until)
    text = f"Offer {gap.offer} promises more than its coupons grant: {fields['gap']}. Mend one of the two."
    doing.notice(_PLANNER, GAP, fields, text, str(gap.version))


def decided(doing: Doing, known: Offer | None, what: OperatorDecided) -> Offer | None:
    """Stop waiting for the owner of an offer's gaps: a person whose role may has taken them in hand."""
    if not owners.may(doing, what):
        return known
    doing.note(f"{what.action} by {what.role} {what.operator}: {what.reason}")
    if known is None or known.awaited is None:
        doing.note("nobody is waited for")
        return known
    return replace(known, awaited=None)


def due_of(known: Offer) -> Instant | None:
    """Return when an owner must have acted, None when nobody is waited for."""
    return None if known.awaited is None else known.awaited.act_by


def fire(doing: Doing, known: Offer) -> Offer:
    """Tell the next role of an owner who has not acted in time."""
    assert known.awaited is not None, "an offer is due only while an owner is awaited"
    return replace(known, awaited=owners.silent(doing, known.awaited, None))


def asked(doing: Doing, known: Offer, fact: Fact, what: OfferAsked) -> Offer:
    """Answer a customer who holds the offer, and remember that they do."""
    customer = fact.subject.customer
    assert customer is not None, "a question names its customer"
    answer = told(known, what.offer, what.version, what.question)
    doing.pass_on(Topic.JOURNEY_LOG, customer.encode(), answer, customer)
    doing.pass_on(Topic.REGISTER_LOG, holders_key(what.offer, shard_of(customer)), what, customer)
    if what.version in known.asked:
        return known
    return replace(known, asked=(*known.asked, what.version)[-OFFER_VERSIONS:])


def held(known: Holders | None, fact: Fact, what: OfferAsked) -> Holders:
    """Remember a holder."""
    customer = fact.subject.customer
    assert customer is not None, "a question names its customer"
    others = {} if known is None else known.customers
    until = Instant(fact.known_at + HOLDERS_KEPT)
    return Holders(until, {**others, customer: Holder(what.version, what.question)})


def left(known: Holders | None, fact: Fact) -> Holders | None:
    """Forget a holder."""
    if known is None or fact.subject.customer not in known.customers:
        return known
    others = {name: holder for name, holder in known.customers.items() if name != fact.subject.customer}
    return replace(known, customers=others) if others else None


def tell(doing: Doing, known: Holders | None, what: OfferTold) -> None:
    """Pass changed terms on to everyone who holds that version."""
    for customer, holder in sorted(() if known is None else known.customers.items()):
        if holder.version == what.version:
            answer = replace(what, question=holder.question)
            doing.pass_on(Topic.JOURNEY_LOG, customer.encode(), answer, customer)

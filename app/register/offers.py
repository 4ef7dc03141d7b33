"""Offers: what is advertised against what the coupons grant, and who must know when it changes."""

import re
from decimal import Decimal
from typing import Final

from msgspec.structs import replace

from app.clock import Instant, to_iso
from app.decide.book import EscalationInputs
from app.decide.escalation import escalation_of
from app.facts import (
    SHARDS,
    CouponTermsStated,
    Fact,
    OfferAsked,
    OfferStated,
    OfferTold,
    Terms,
    holders_key,
    shard_of,
)
from app.register.doing import Doing
from app.register.limits import HOLDERS_KEPT, OFFER_VERSIONS
from app.register.state import Holder, Holders, Offer
from app.topics import Topic

GAP: Final = "offer_terms_gap"
_PLANNER: Final = "campaign_planner"
_WORST: Final = 3
"""A gap in what is published meets every customer of the offer: severe, whoever meets it first."""


def stated(doing: Doing, known: Offer, what: OfferStated | CouponTermsStated) -> Offer:
    """Keep a version's terms; a gap that they open is the planner's, and every holder learns of what changed."""
    if isinstance(what, OfferStated):
        offer = replace(known, advertised=_with(known.advertised, what.version, what.terms))
    else:
        offer = replace(known, coupons=_with(known.coupons, what.version, what.terms))
    if offer == known:
        return known
    side = "advertised" if isinstance(what, OfferStated) else "coupon"
    doing.note(f"offer {what.offer}: {side} terms of version {what.version}")
    for version in sorted({*offer.advertised, *offer.asked}):
        before, after = told(known, what.offer, version, ""), told(offer, what.offer, version, "")
        if after.gap and after.gap != before.gap and version in offer.advertised:
            _tell_planner(doing, after)
        if after != before and version in offer.asked:
            for shard in range(SHARDS):
                key = holders_key(what.offer, shard)
                doing.pass_on(Topic.REGISTER_LOG, key, after, part=f"#{version}")
    return offer


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
    plan = doing.ruled(escalation_of(doing.policy, EscalationInputs(GAP, GAP, _WORST)))
    if plan is not None and not any(getattr(said, "reason", "") == GAP for said in doing.said):
        act_by = None if plan.act_within is None else Instant(doing.now + plan.act_within)
        doing.escalate(plan.owner, plan.authority, GAP, act_by)


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

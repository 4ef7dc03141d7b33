"""The register's step: (body, fact) → (body, what comes out), and (body, deadline) → the same. Pure."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from app.clock import Instant
from app.decide.policy import Policy
from app.facts import (
    AccountAsked,
    AccountLeft,
    AccountTold,
    AccountTroubled,
    AssetAsked,
    AssetStated,
    BudgetRequested,
    BudgetReturned,
    CampaignListed,
    CampaignPlanned,
    CouponTermsStated,
    ExposureChanged,
    Fact,
    IncidentLeft,
    IncidentReported,
    OfferAsked,
    OfferLeft,
    OfferStated,
    OfferTold,
    OperatorDecided,
    PlaylistStated,
    campaign_key,
)
from app.outputs import Cause, Decision, Said
from app.register import accounts, budgets, campaigns, incidents, offers, playlists
from app.register.doing import Doing, PassedOn
from app.register.state import Account, Asset, Body, Campaign, Holders, Incident, Members, Offer, Shard, Spent


class Stepped(NamedTuple):
    """What a step comes to."""

    body: Body | None
    said: tuple[Said | Decision, ...] = ()
    passed: tuple[PassedOn, ...] = ()


def step(policy: Policy, key: str, body: Body | None, fact: Fact) -> Stepped:
    """Take a fact in under a key; TypeError when the key is not the fact's (ours: a bug, not bad input)."""
    tag = str(type(fact.what).__struct_config__.tag)
    cause = Cause("fact", tag, fact.id, fact.source, fact.occurred_at)
    doing = Doing(policy, _about(key, fact), fact.known_at, cause, fact)
    return _stepped(_taken(doing, key, body, fact), doing)


def _taken(doing: Doing, key: str, body: Body | None, fact: Fact) -> Body | None:
    take = TAKES.get((key.partition(":")[0], type(fact.what)))
    if take is None:
        msg = f"{type(fact.what).__name__} {fact.id} does not belong under the register's key {key}"
        raise TypeError(msg)
    return take(doing, key, body, fact, fact.what)


def _exposed(_: Doing, __: str, body: Shard | None, fact: Fact, what: ExposureChanged) -> Body | None:
    assert fact.subject.customer is not None, "an exposure names its customer"
    return _unless_empty(campaigns.exposed(body or Shard(), fact.subject.customer, what))


def _told(doing: Doing, _: str, body: Holders | None, __: Fact, what: OfferTold) -> Body | None:
    offers.tell(doing, body, what)
    return body


def _asset_asked(doing: Doing, _: str, body: Asset | None, fact: Fact, what: AssetAsked) -> Body | None:
    playlists.asked(doing, body, fact, what)
    return body


def _account_told(doing: Doing, _: str, body: Members | None, __: Fact, what: AccountTold) -> Body | None:
    accounts.tell(doing, body, what)
    return body


Take = Callable[[Doing, str, Any, Fact, Any], Body | None]

TAKES: Final[dict[tuple[str, type], Take]] = {
    ("campaign", CampaignPlanned): lambda doing, _, body, fact, what: campaigns.planned(doing, body, fact, what),
    ("campaign", CampaignListed): lambda doing, _, body, __, what: campaigns.listed(doing, body, what),
    ("severe", CampaignPlanned): lambda doing, key, body, _, what: campaigns.list_for(
        doing, body or Shard(), key, what
    ),
    ("severe", ExposureChanged): _exposed,
    ("offer", OfferStated): lambda doing, _, body, __, what: offers.stated(doing, body or Offer(), what),
    ("offer", CouponTermsStated): lambda doing, _, body, __, what: offers.stated(doing, body or Offer(), what),
    ("offer", OfferAsked): lambda doing, _, body, fact, what: offers.asked(doing, body or Offer(), fact, what),
    ("offer", OperatorDecided): lambda doing, _, body, __, what: offers.decided(doing, body, what),
    ("holders", OfferAsked): lambda _, __, body, fact, what: offers.held(body, fact, what),
    ("holders", OfferLeft): lambda _, __, body, fact, ___: offers.left(body, fact),
    ("holders", OfferTold): _told,
    ("account", AccountAsked): lambda doing, _, body, fact, what: accounts.asked(doing, body or Account(), fact, what),
    ("account", AccountTroubled): lambda doing, _, body, fact, what: accounts.troubled(
        doing, body or Account(), fact, what
    ),
    ("account", AccountLeft): lambda doing, _, body, fact, what: accounts.left(doing, body or Account(), fact, what),
    ("members", AccountAsked): lambda _, __, body, fact, ___: accounts.joined(body, fact),
    ("members", AccountLeft): lambda _, __, body, fact, ___: accounts.gone(body, fact),
    ("members", AccountTold): _account_told,
    ("incident", IncidentReported): incidents.reported,
    ("incident", IncidentLeft): lambda doing, _, body, fact, what: incidents.left(
        doing, body, fact.subject.customer, back=what.back
    ),
    ("incident", OperatorDecided): lambda doing, _, body, __, what: incidents.decided(doing, body, what),
    ("budget", BudgetRequested): lambda doing, _, body, fact, what: budgets.requested(doing, body, fact, what),
    ("budget", BudgetReturned): lambda doing, _, body, fact, what: budgets.returned(doing, body, fact, what),
    ("playlist", PlaylistStated): lambda doing, _, body, __, what: playlists.stated(doing, body, what),
    ("asset", AssetStated): lambda _, __, ___, ____, what: Asset(what.asset),
    ("asset", AssetAsked): _asset_asked,
}
"""Who takes which fact under which kind of key."""


def next_due(policy: Policy, body: Body | None) -> Instant | None:
    """Return when something runs out under a key."""
    match body:
        case Campaign():
            return campaigns.due_of(policy, body)
        case Shard() if body.campaigns:
            return campaigns.first(body).plan.send_at
        case Incident():
            return incidents.due_of(body)
        case Offer():
            return offers.due_of(body)
        case Holders() | Spent() | Account():
            return body.until
    return None


def fire(policy: Policy, key: str, body: Body, due: Instant) -> Stepped:
    """Let run out what is due under a key."""
    about = key
    if isinstance(body, Shard):
        about = campaign_key(campaigns.first(body).plan.campaign).decode()
    cause = Cause("deadline", type(body).__name__.lower(), f"{about}|{key}|{due}", None, due)
    doing = Doing(policy, about, due, cause, None)
    match body:
        case Campaign():
            return _stepped(campaigns.fire(doing, body), doing)
        case Shard():
            return _stepped(_unless_empty(campaigns.check(doing, body, key)), doing)
        case Incident():
            return _stepped(incidents.fire(doing, body), doing)
        case Offer():
            return _stepped(offers.fire(doing, body), doing)
    return _stepped(None, doing)


def _unless_empty(shard: Shard) -> Shard | None:
    return shard if shard.customers or shard.campaigns else None


def _about(key: str, fact: Fact) -> str:
    """Return what a decision is about: a campaign also where one of its shards decides."""
    return campaign_key(fact.what.campaign).decode() if isinstance(fact.what, CampaignPlanned) else key


def _stepped(body: Body | None, doing: Doing) -> Stepped:
    decision = doing.decision()
    said = (*doing.said, decision) if decision is not None else tuple(doing.said)
    return Stepped(body, said, tuple(doing.passed))

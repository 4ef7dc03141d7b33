"""Campaigns: whoever has a severe open problem is left out of what is planned, and again at the moment it is sent."""

from collections import Counter
from collections.abc import Iterable
from typing import Final

from msgspec.structs import replace

from app.clock import HOUR, Instant, to_iso
from app.decide.policy import Policy
from app.facts import SHARDS, CampaignListed, CampaignPlanned, ExposureChanged, Fact, campaign_key, severe_key
from app.ids import CustomerId
from app.register.doing import Doing
from app.register.limits import CAMPAIGN_KEPT, PART
from app.register.state import Campaign, PlannedHere, Severe, Shard
from app.topics import Topic

PLANNER: Final = "campaign_planner"
PLANNED: Final = "planned"
SEND: Final = "send"


def planned(doing: Doing, known: Campaign | None, fact: Fact, plan: CampaignPlanned) -> Campaign:
    """Ask every shard whom to leave out of a send; a repeat of the plan changes nothing.

    Planned anew for fewer brands, the others hear of it too, or they would go on with the plan that they know.
    """
    if known is not None and known.plan == plan:
        return known
    brands = _brands(doing.policy, plan)
    no_more = set() if known is None else _brands(doing.policy, known.plan) - brands
    for brand in sorted(brands | no_more):
        for shard in range(SHARDS):
            doing.pass_on(Topic.REGISTER_LOG, severe_key(brand, shard), plan)
    doing.note(f"campaign {plan.campaign} planned for {to_iso(plan.send_at)}")
    return Campaign(plan, fact.known_at, len(brands) * SHARDS)


def _brands(policy: Policy, plan: CampaignPlanned) -> set[str]:
    """Return the brands whose customers a plan is for: every one, or its own as the policy reads it."""
    return set(policy.brands) if plan.brand is None else {policy.brand(plan.brand).name}


def listed(doing: Doing, known: Campaign | None, what: CampaignListed) -> Campaign | None:
    """Take in what a shard has told the planner; the last one makes the list whole."""
    if known is None or known.plan.send_at != what.send_at:
        return known
    if what.occasion == PLANNED:
        campaign = replace(known, planned={**known.planned, what.shard: what})
        if len(campaign.planned) < campaign.shards or campaign.ready_at is not None:
            return campaign
        _summarise(doing, campaign, "campaign_exclusions", campaign.planned)
        return replace(campaign, ready_at=doing.now)
    campaign = replace(known, checked={**known.checked, what.shard: what})
    if len(campaign.checked) == campaign.shards:
        _summarise(doing, campaign, "campaign_exclusions_checked", campaign.checked)
    return campaign


def _summarise(doing: Doing, campaign: Campaign, template: str, told: dict[str, CampaignListed]) -> None:
    plan, all_told = campaign.plan, told.values()
    count = sum(each.customers for each in all_told)
    fields = _fields(plan) | {
        "customers": str(count),
        "parts": str(sum(each.parts for each in all_told)),
        "reasons": _counted(_by_reason(all_told)),
    }
    text = f"{_people(count)} with severe open problems to be left out of campaign {plan.campaign}."
    if template == "campaign_exclusions_checked":
        added, removed = (sum(getattr(each, word) for each in all_told) for word in ("added", "removed"))
        fields |= {"added": str(added), "removed": str(removed)}
        text = f"{text} Since it was planned {added} came and {removed} went."
    _by_line(doing)
    doing.notice(PLANNER, template, fields, text)


def _by_line(doing: Doing) -> None:
    doing.by_policy("campaigns", "severe_from", severity=str(doing.policy.campaigns.severe_from))


def due_of(policy: Policy, campaign: Campaign) -> Instant:
    """Return when a campaign is to be looked at next: to brief the desk, or to be forgotten."""
    if campaign.ready_at is not None and not campaign.briefed:
        return Instant(max(campaign.plan.send_at - policy.campaigns.brief_before, campaign.ready_at))
    return Instant(max(campaign.plan.send_at, campaign.planned_at) + CAMPAIGN_KEPT)


def fire(doing: Doing, campaign: Campaign) -> Campaign | None:
    """Brief the service desk before the campaign goes out; forget one that is long over."""
    if campaign.ready_at is None or campaign.briefed:
        return None
    plan = campaign.plan
    reasons = _by_reason(campaign.planned.values())
    count = sum(each.customers for each in campaign.planned.values())
    sells = f" It sells {', '.join(plan.products)}." if plan.products else ""
    summary = (
        f"Campaign {plan.campaign} ({plan.message_class} by {_channels(plan)}) goes out at {to_iso(plan.send_at)}."
        f"{sells} {_people(count)} with severe open problems left out."
    )
    fields = _fields(plan) | {"customers": str(count), "reasons": _counted(reasons)}
    if plan.products:
        fields["products"] = ", ".join(plan.products)
    if plan.offer is not None:
        fields["offer"] = plan.offer
    doing.by_policy("campaigns", "brief_before", hours=str(doing.policy.campaigns.brief_before // HOUR))
    doing.brief(summary, fields)
    return replace(campaign, briefed=True)


def exposed(known: Shard, customer: CustomerId, what: ExposureChanged) -> Shard:
    """Keep a customer with severe open problems, or let one go who has none any more; no list names the erased."""
    others = {name: severe for name, severe in known.customers.items() if name != customer}
    if what.reasons:
        others[customer] = Severe(what.severity, what.reasons, what.again)
    if not what.erased:
        return replace(known, customers=others)
    campaigns = {
        name: replace(here, listed=tuple(each for each in here.listed if each != customer))
        for name, here in known.campaigns.items()
    }
    return replace(known, customers=others, campaigns=campaigns)


def list_for(doing: Doing, known: Shard, shard: str, plan: CampaignPlanned) -> Shard:
    """Tell the planner whom of this shard to leave out, in parts; a plan that is no more for its brand is forgotten."""
    before = known.campaigns.get(plan.campaign)
    if before is not None and before.plan == plan:
        return known
    if shard.split(":")[1] not in _brands(doing.policy, plan):
        return replace(known, campaigns=_without(known, plan.campaign))
    names = tuple(sorted(_left_out(known, plan)))
    parts = _tell(doing, known, plan, shard, "campaign_exclusions_part", {"customers": names})
    _report(doing, known, plan, shard, PLANNED, parts)
    return replace(known, campaigns={**known.campaigns, plan.campaign: PlannedHere(plan, names)})


def check(doing: Doing, known: Shard, shard: str) -> Shard:
    """Tell the planner again at send time what has changed since the planning, for the earliest campaign."""
    here = first(known)
    plan = here.plan
    customers = _left_out(known, plan).keys()
    added = tuple(sorted(customers - set(here.listed)))
    removed = tuple(sorted(set(here.listed) - customers))
    changed = {"added": added, "removed": removed}
    parts = _tell(doing, known, plan, shard, "campaign_exclusions_changed", changed)
    _report(doing, known, plan, shard, SEND, parts, len(added), len(removed))
    return replace(known, campaigns=_without(known, plan.campaign))


def _without(known: Shard, campaign: str) -> dict[str, PlannedHere]:
    return {name: other for name, other in known.campaigns.items() if name != campaign}


def _left_out(known: Shard, plan: CampaignPlanned) -> dict[CustomerId, Severe]:
    """Return whom of a shard a campaign leaves out; a campaign of every brand names a customer under one of them."""
    return {name: severe for name, severe in known.customers.items() if plan.brand is not None or not severe.again}


def first(known: Shard) -> PlannedHere:
    """Return the campaign of a shard that goes out first."""
    return min(known.campaigns.values(), key=lambda here: (here.plan.send_at, here.plan.campaign))


def _tell(
    doing: Doing,
    known: Shard,
    plan: CampaignPlanned,
    shard: str,
    template: str,
    names: dict[str, tuple[CustomerId, ...]],
) -> int:
    """Write the parts of a list; `names` says under which field each customer stands. Return how many parts."""
    number = 0
    for field, customers in names.items():
        for start in range(0, len(customers), PART):
            part = customers[start : start + PART]
            number += 1
            fields = _fields(plan) | {
                "part": f"{shard}.{number}",
                field: ", ".join(part),
                "reasons": _counted(_reasons(known, part)),
            }
            words = "to be left out of" if field != "removed" else "that may be reached again by"
            text = f"{_people(len(part))} {words} campaign {plan.campaign}: {', '.join(part)}."
            _by_line(doing)
            doing.notice(PLANNER, template, fields, text, f"{shard}.{number}")
    return number


def _report(
    doing: Doing,
    known: Shard,
    plan: CampaignPlanned,
    shard: str,
    occasion: str,
    parts: int,
    added: int = 0,
    removed: int = 0,
) -> None:
    left_out = _left_out(known, plan)
    what = CampaignListed(
        campaign=plan.campaign,
        send_at=plan.send_at,
        occasion=occasion,
        shard=shard,
        reasons=dict(sorted(_reasons(known, left_out).items())),
        customers=len(left_out),
        parts=parts,
        added=added,
        removed=removed,
    )
    doing.pass_on(Topic.REGISTER_LOG, campaign_key(plan.campaign), what)


def _reasons(known: Shard, customers: Iterable[CustomerId]) -> Counter[str]:
    found = (known.customers[name] for name in customers if name in known.customers)
    return Counter(reason for severe in found for reason in severe.reasons)


def _by_reason(told: Iterable[CampaignListed]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for each in told:
        counts.update(each.reasons)
    return counts


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{reason}: {count}" for reason, count in sorted(counts.items())) or "none"


def _people(count: int) -> str:
    return "1 customer" if count == 1 else f"{count} customers"


def _channels(plan: CampaignPlanned) -> str:
    return ", ".join(plan.channels) or "every channel"


def _fields(plan: CampaignPlanned) -> dict[str, str]:
    return {
        "campaign": plan.campaign,
        "message_class": plan.message_class,
        "channels": _channels(plan),
        "send_at": to_iso(plan.send_at),
    }

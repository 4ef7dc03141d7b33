"""Remedy: what is owed by law and gestures that fit the loss, less what was already given, within the cap."""

from app.clock import to_iso
from app.decide.book import RemedyInputs, RemedyPlan, Ruled
from app.decide.floors import owed_by_law
from app.decide.gestures import Giving
from app.decide.policy import Policy
from app.decide.reading.shapes import share_or_amount, words_of
from app.decide.seasons import season_of
from app.decide.tables import with_raw
from app.outputs import RowFired


def remedy_of(policy: Policy, inputs: RemedyInputs) -> Ruled[RemedyPlan]:
    """Return what table `remedies` gives, in amounts: the refund, what the law owes, credit, perks, in this order."""
    brand = policy.brand(inputs.brand)
    answers, fired = policy.tables.row(
        "remedies",
        problem=inputs.problem,
        extent=inputs.extent,
        stake=inputs.stake,
        fault=inputs.fault.value,
        values=brand.values,
        first_time=inputs.first_time,
        season=season_of(policy, inputs.now, inputs.brand),
        tenure=inputs.tenure,
        repeats=policy.bands["repeats"].word(inputs.repeats),
        goods_held=inputs.goods_held,
    )
    fired = with_raw(fired, earlier_failures=inputs.repeats, brand=brand.name, at=to_iso(inputs.now))
    group = policy.incidents if inputs.in_incident else None
    giving = Giving(inputs, brand, policy.cap if group is None else group.cap)
    if answers["refund"] is not None:
        giving.refund(share_or_amount(answers["refund"])[0])
    owed = owed_by_law(policy, brand.name, inputs.delays, dict(inputs.attributes))
    for each in owed:
        giving.compensate(each)
    if answers["store_credit"] is not None or answers["perk"] is not None:
        giving.leave_room()
    if answers["store_credit"] is not None:
        giving.credit(*share_or_amount(answers["store_credit"]))
    for perk in words_of(answers["perk"]):
        giving.perk(brand.perks[perk])
    rows = () if group is None else (RowFired("incidents", "cap", {"cap": f"{group.cap:.2%}"}),)
    return Ruled(
        RemedyPlan(str(answers["apology"]), giving.gestures, giving.receipt),
        (fired, *(each.row for each in owed), *rows),
    )

"""`campaigns`, `hold_audio` and `budgets` of `policy.yaml`: what spans customers."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from app.decide.policy import AccountRules, Brand, Budget, CampaignRules, HoldAudioRules, IncidentRules, ProblemRules
from app.decide.reading.findings import Findings
from app.decide.reading.problems import read_plain
from app.decide.source import Tree
from app.decide.words import BUDGET_PERIODS, BUDGET_REFUSALS, CHANNELS, INCIDENT_CAUSES, MESSAGE_CLASSES, SEVERITIES
from app.outputs import ALL, Scope


def read_campaigns(tree: Tree) -> CampaignRules:
    """Return who is left out of campaigns, and when the service desk hears of them."""
    parts = tree.only("campaigns", ("severe_from", "brief_before"))
    line = parts["severe_from"].whole("severe_from")
    if line not in SEVERITIES:
        parts["severe_from"].place.refuse(f"severe_from: severities go from {SEVERITIES[0]} to {SEVERITIES[-1]}")
    return CampaignRules(line, read_plain(parts["brief_before"], "brief_before"))


def read_accounts(tree: Tree) -> AccountRules:
    """Return whom a severe problem of one of an account's people holds, and from what."""
    parts = tree.only("accounts", ("severe_from", "roles", "classes"), ("channels",))
    line = parts["severe_from"].whole("severe_from")
    if line not in SEVERITIES:
        parts["severe_from"].place.refuse(f"severe_from: severities go from {SEVERITIES[0]} to {SEVERITIES[-1]}")
    classes = parts["classes"].words("classes")
    channels = parts["channels"].words("channels") if "channels" in parts else (ALL,)
    for name, words, known in (("classes", classes, MESSAGE_CLASSES), ("channels", channels, CHANNELS)):
        if not words or not known.issuperset(words):
            parts.get(name, tree).place.refuse(f"{name}: one or more of {', '.join(sorted(known))}")
    return AccountRules(line, frozenset(parts["roles"].words("roles")), Scope(classes, channels))


def read_hold_audio(tree: Tree) -> HoldAudioRules:
    """Return what callers may hear; a class that sells is never plain."""
    parts = tree.only("hold_audio", ("sales", "plain", "repeats"))
    sales, plain = parts["sales"].words("sales"), parts["plain"].words("plain")
    if both := sorted({*sales} & {*plain}):
        tree.place.refuse(f"hold_audio: {', '.join(both)} cannot both sell and be plain")
    return HoldAudioRules(sales, plain, parts["repeats"].whole("repeats"))


def read_incidents(tree: Tree, problems: Mapping[str, ProblemRules], cap: Decimal | None) -> IncidentRules:
    """Return when many customers with one cause are one incident; what each gets then is never more than alone."""
    parts = tree.only("incidents", ("customers", "within", "by"), ("cap",))
    lower = parts["cap"].decimal("cap") if "cap" in parts else cap or Decimal(0)
    if cap is not None and lower > cap:
        parts["cap"].place.refuse(f"incidents: a cap of {lower:.0%} lies above the cap of {cap:.0%} for one customer")
    by = {}
    for problem, child in parts["by"].mapping("by").items():
        if problem not in problems:
            child.place.refuse(f"incidents: `{problem}` is no problem type; add it to problems.yaml")
        by[problem] = child.one_of(problem, INCIDENT_CAUSES)
    customers = parts["customers"].whole("customers")
    if customers < _MANY:
        parts["customers"].place.refuse(f"customers: {customers} are not many; an incident takes at least {_MANY}")
    return IncidentRules(customers, read_plain(parts["within"], "within"), by, lower)


_MANY: Final = 2

_BUDGET: Final = ("currency", "period", "amount", "refused")
_PAYS_FOR: Final = ("brands", "cost_centres", "offers")


def read_budgets(tree: Tree, brands: Mapping[str, Brand], findings: Findings) -> dict[str, Budget]:
    """Return the budgets; two of one currency for the same brand, cost centre or offer contradict each other."""
    budgets = findings.each(tree, "budgets", lambda name, child: _budget(name, child, brands))
    for name, budget in budgets.items():
        for other in budgets.values():
            if other.name < name and other.currency == budget.currency and (both := _shared(budget, other)):
                findings.guard(tree.place.refuse, f"budgets {other.name} and {name} both pay for {', '.join(both)}")
    return budgets


def _shared(one: Budget, other: Budget) -> list[str]:
    return sorted(word for key in _PAYS_FOR for word in {*getattr(one, key)} & {*getattr(other, key)})


def _budget(name: str, tree: Tree, brands: Mapping[str, Brand]) -> Budget:
    parts = tree.only(f"budget {name}", _BUDGET, _PAYS_FOR)
    paying = [key for key in _PAYS_FOR if key in parts]
    if len(paying) != 1:
        tree.place.refuse(f"budget {name} pays for `brands`, for `cost_centres` or for `offers`: name one of the three")
    paid = parts[paying[0]].words(paying[0])
    known = {"brands": brands, "cost_centres": {brand.cost_centre: brand for brand in brands.values()}}.get(paying[0])
    for word in paid if known is not None else ():
        parts[paying[0]].place.known(paying[0].replace("_", " ").removesuffix("s"), word, known or {})
    amount = parts["amount"].decimal("amount")
    return Budget(
        name=name,
        currency=parts["currency"].text("currency"),
        period=parts["period"].one_of("period", BUDGET_PERIODS),
        amount=amount,
        refused=parts["refused"].one_of("refused", BUDGET_REFUSALS),
        **{paying[0]: paid},
    )

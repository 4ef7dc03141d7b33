"""`brands/<name>.yaml`: a brand's values, words, and what its perks cost."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from app.decide.hours import Country
from app.decide.policy import Brand, Perk
from app.decide.reading.calendars import read_zone
from app.decide.reading.findings import Findings
from app.decide.source import Tree
from app.decide.words import NOTHING

_REQUIRED: Final = ("display_name", "values", "currency", "time_zone", "country", "cost_centre")
_BOUNDS: Final = ("approval_above", "most_per_customer")
_CURRENCY_LETTERS: Final = 3


def read_brands(trees: Mapping[str, Tree], countries: Mapping[str, Country], findings: Findings) -> dict[str, Brand]:
    """Return the brands by name; each one's country must have a calendar."""
    brands = {name: findings.guard(_brand, name, tree, countries, findings) for name, tree in trees.items()}
    return {name: brand for name, brand in brands.items() if brand is not None}


def _brand(name: str, tree: Tree, countries: Mapping[str, Country], findings: Findings) -> Brand:
    parts = tree.only(f"brand {name}", _REQUIRED, ("perks", *_BOUNDS))
    currency = parts["currency"].text("currency")
    if len(currency) != _CURRENCY_LETTERS or not currency.isupper():
        parts["currency"].place.refuse(f"currency: `{currency}` is no ISO 4217 code such as GBP")
    perks = _perks(parts["perks"], findings) if "perks" in parts else {}
    bounds: dict[str, Decimal] = {bound: parts[bound].decimal(bound) for bound in _BOUNDS if bound in parts}
    _check_bounds(parts, perks, bounds)
    return Brand(
        name=name,
        display_name=parts["display_name"].text("display_name"),
        values=parts["values"].text("values"),
        currency=currency,
        time_zone=read_zone(parts["time_zone"], "time_zone"),
        country=parts["country"].one_of("country", countries),
        cost_centre=parts["cost_centre"].text("cost_centre"),
        perks=perks,
        approval_above=bounds.get("approval_above"),
        most_per_customer=bounds.get("most_per_customer"),
    )


def _check_bounds(parts: Mapping[str, Tree], perks: Mapping[str, Perk], bounds: Mapping[str, Decimal]) -> None:
    most = bounds.get("most_per_customer")
    if most is None:
        return
    if bounds.get("approval_above", Decimal(0)) >= most:
        parts["approval_above"].place.refuse(
            f"approval_above: nothing above most_per_customer, {most:f}, is ever given, so nothing would ever wait"
        )
    for perk in perks.values():
        if perk.cost > most:
            place = parts["perks"].mapping("perks")[perk.kind].place
            place.refuse(f"perk {perk.kind} costs more than most_per_customer, {most:f}: it could never be given")


def _perks(tree: Tree, findings: Findings) -> dict[str, Perk]:
    perks = findings.each(tree, "perks", _perk)
    for perk in perks.values():
        if perk.instead not in {None, NOTHING, *perks} or perk.instead == perk.kind:
            findings.guard(tree.place.refuse, f"perk {perk.kind}: `instead: {perk.instead}` is none of the other perks")
        elif perk.instead in perks and perks[perk.instead].cost > perk.cost:
            reason = (
                f"perk {perk.kind}: {perk.instead} instead of it costs more; it was measured against the cap, not that"
            )
            findings.guard(tree.place.refuse, reason)
    return perks


def _perk(kind: str, tree: Tree) -> Perk:
    parts = tree.only(f"perk {kind}", ("cost",), ("terms", "instead"))
    instead = parts["instead"].text("instead") if "instead" in parts else None
    terms = parts["terms"].mapping("terms") if "terms" in parts else {}
    return Perk(kind, parts["cost"].decimal("cost"), {key: child.text(key) for key, child in terms.items()}, instead)

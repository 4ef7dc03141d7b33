"""`statutes.yaml`: what the law gives a customer whatever the policy says. The file may be missing.

A statute is a floor under remedies (`delay`) or a latest day for what policy expects (`within`).
"""

from collections.abc import Mapping
from decimal import Decimal
from itertools import pairwise
from typing import Final

from app.decide.hours import Calendar, Country
from app.decide.policy import Brand, KindRules, ProblemRules
from app.decide.reading.findings import Findings
from app.decide.reading.kinds import read_within
from app.decide.reading.problems import read_plain
from app.decide.reading.shapes import share_or_amount
from app.decide.source import Tree
from app.decide.statutes import DelayBand, LatestDay, Statutes, StatutoryFloor
from app.decide.words import OTHERWISE, PARTIES
from app.facts import Party

_FLOOR: Final = ("law", "brands", "problems", "refund_counts", "delay")
_LATEST: Final = ("law", "countries", "kinds", "expect", "within")
_BOUNDS: Final = ("from", "above")


def read_statutes(
    tree: Tree,
    brands: Mapping[str, Brand],
    problems: Mapping[str, ProblemRules],
    kinds: Mapping[str, KindRules],
    countries: Mapping[str, Country],
    calendars: Mapping[str, Calendar],
    findings: Findings,
) -> Statutes:
    """Return the statutes; one that could never apply to anybody is an error, as a row that cannot be reached is."""
    parts = findings.guard(tree.only, "statutes", (), ("floors", "latest")) or {}
    floors = (
        findings.each(parts["floors"], "floors", lambda name, child: _floor(name, child, brands, problems))
        if "floors" in parts
        else {}
    )
    latest = (
        findings.each(parts["latest"], "latest", lambda name, child: _latest(name, child, kinds, countries, calendars))
        if "latest" in parts
        else {}
    )
    return Statutes(tuple(floors.values()), tuple(latest.values()))


def _floor(name: str, tree: Tree, brands: Mapping[str, Brand], problems: Mapping[str, ProblemRules]) -> StatutoryFloor:
    parts = tree.only(f"statute {name}", _FLOOR, ("not_for",))
    for word in parts["problems"].words("problems"):
        occasion = parts["problems"].place.known("problem type", word, problems, "problems.yaml").remedy_on
        if occasion != "resolved":
            parts["problems"].place.refuse(
                f"statute {name}: {word} has `remedy_on: {occasion}`, so how long it lasted is never known when it is "
                f"made good; give it `remedy_on: resolved` in problems.yaml"
            )
    faults = parts["not_for"].words("not_for") if "not_for" in parts else ()
    for word in faults:
        parts["not_for"].place.known("party", word, {party: party for party in PARTIES})
    return StatutoryFloor(
        name=name,
        law=parts["law"].text("law"),
        brands=_listed(parts["brands"], "brands", "brand", brands),
        problems=_listed(parts["problems"], "problems", "problem type", problems),
        not_for=tuple(Party(word) for word in faults),
        refund_counts=parts["refund_counts"].truth("refund_counts"),
        bands=_bands(name, parts["delay"]),
    )


def _listed(tree: Tree, what: str, one: str, known: Mapping[str, object]) -> tuple[str, ...]:
    words = tree.words(what)
    if not words:
        tree.place.refuse(f"{what} is empty: the statute could never apply to anybody")
    for word in words:
        tree.place.known(one, word, known)
    return words


def _bands(name: str, tree: Tree) -> tuple[DelayBand, ...]:
    items = tree.items("delay")
    if not items:
        tree.place.refuse(f"statute {name}: `delay` is empty: it could never give anything")
    bands = [_band(child) for child in items]
    for (low, high), child in zip(pairwise(bands), items[1:], strict=True):
        if (high.length, high.above) <= (low.length, low.above):
            child.place.refuse(f"statute {name}: delays must rise, or this line could never hold")
        if (low.amount is None) == (high.amount is None) and _gives(high) < _gives(low):
            child.place.refuse(f"statute {name}: a longer delay gives less than a shorter one")
    return tuple(bands)


def _gives(band: DelayBand) -> Decimal:
    return band.share if band.amount is None else band.amount


def _band(tree: Tree) -> DelayBand:
    parts = tree.only("a delay", ("gives",), _BOUNDS)
    bounds = [key for key in _BOUNDS if key in parts]
    if len(bounds) != 1:
        tree.place.refuse("a delay has either `from` (a delay of just that counts) or `above` (only a longer one does)")
    length = read_plain(parts[bounds[0]], bounds[0])
    number, is_share = parts["gives"].read("gives", share_or_amount)
    above = bounds[0] == "above"
    return DelayBand(length, above, number, None) if is_share else DelayBand(length, above, Decimal(0), number)


def _latest(
    name: str,
    tree: Tree,
    kinds: Mapping[str, KindRules],
    countries: Mapping[str, Country],
    calendars: Mapping[str, Calendar],
) -> LatestDay:
    parts = tree.only(f"statute {name}", _LATEST)
    expect = parts["expect"].text("expect")
    named = _listed(parts["kinds"], "kinds", "journey kind", kinds)
    for kind in named:
        if not any(rule.expect == expect for rule in kinds[kind].expectations):
            parts["expect"].place.refuse(
                f"statute {name}: no expectation of kind {kind} expects `{expect}`, so nothing would be due by it"
            )
    listed = {country: known for country, known in countries.items() if country != OTHERWISE}
    return LatestDay(
        name=name,
        law=parts["law"].text("law"),
        countries=_listed(parts["countries"], "countries", "country of calendars.yaml", listed),
        kinds=named,
        expect=expect,
        within=read_within(parts["within"], "within", calendars),
    )

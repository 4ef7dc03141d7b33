"""`statutes.yaml`: what the law gives a customer whatever the policy says. The file may be missing.

A statute is a floor under remedies (`delay`, `per_day`, `per_time`) or a latest day for what policy expects (`within`).
"""

from collections.abc import Mapping
from typing import Final

from app.decide.hours import Calendar, Country
from app.decide.policy import Brand, KindRules, ProblemRules
from app.decide.reading.findings import Findings
from app.decide.reading.kinds import read_within
from app.decide.reading.statutory_lines import read_lines
from app.decide.source import Tree
from app.decide.statutes import FORMS, PER_TIME, LatestDay, Statutes, StatutoryFloor
from app.decide.words import OTHERWISE, PARTIES
from app.facts import Party

_FLOOR: Final = ("law", "brands", "problems", "refund_counts")
_LATEST: Final = ("law", "countries", "kinds", "expect", "within")
_CURRENCY_LETTERS: Final = 3


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
    parts = tree.only(f"statute {name}", _FLOOR, ("not_for", "currency", "words", *FORMS))
    forms = [form for form in FORMS if form in parts]
    if len(forms) != 1:
        tree.place.refuse(f"statute {name} says one of {', '.join(f'`{form}`' for form in FORMS)}")
    for word in parts["problems"].words("problems"):
        occasion = parts["problems"].place.known("problem type", word, problems, "problems.yaml").remedy_on
        if occasion == "never" or (occasion != "resolved" and forms != [PER_TIME]):
            parts["problems"].place.refuse(
                f"statute {name}: {word} has `remedy_on: {occasion}`, so how long it lasted is never known when it is "
                f"made good; give it `remedy_on: resolved` in problems.yaml"
            )
    faults = parts["not_for"].words("not_for") if "not_for" in parts else ()
    for word in faults:
        parts["not_for"].place.known("party", word, {party: party for party in PARTIES})
    words = (
        {what: child.words(what) for what, child in parts["words"].mapping("words").items()} if "words" in parts else {}
    )
    return StatutoryFloor(
        name=name,
        law=parts["law"].text("law"),
        brands=_listed(parts["brands"], "brands", "brand", brands),
        problems=_listed(parts["problems"], "problems", "problem type", problems),
        not_for=tuple(Party(word) for word in faults),
        refund_counts=parts["refund_counts"].truth("refund_counts"),
        lines=read_lines(name, forms[0], parts[forms[0]], words),
        form=forms[0],
        currency=_currency(parts["currency"]) if "currency" in parts else None,
        words=tuple(words.items()),
    )


def _currency(tree: Tree) -> str:
    currency = tree.text("currency")
    if len(currency) != _CURRENCY_LETTERS or not currency.isupper():
        tree.place.refuse(f"currency: `{currency}` is no ISO 4217 code such as EUR")
    return currency


def _listed(tree: Tree, what: str, one: str, known: Mapping[str, object]) -> tuple[str, ...]:
    words = tree.words(what)
    if not words:
        tree.place.refuse(f"{what} is empty: the statute could never apply to anybody")
    for word in words:
        tree.place.known(one, word, known)
    return words


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

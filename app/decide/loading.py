"""A policy folder into the compiled policy: read, checked whole, kept by its content address (decision 0008)."""

from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from app.decide.folder import STATUTES, Layered, load_folder, version_of
from app.decide.policy import IDENTITIES, KindRules, Policy, ProblemTypes
from app.decide.reading.bands import read_bands
from app.decide.reading.brands import read_brands
from app.decide.reading.calendars import read_calendars
from app.decide.reading.findings import Findings
from app.decide.reading.kinds import read_kinds
from app.decide.reading.problems import read_problems
from app.decide.reading.references import check_references
from app.decide.reading.spanning import read_accounts, read_budgets, read_campaigns, read_hold_audio, read_incidents
from app.decide.reading.statutes import read_statutes
from app.decide.reading.tables import Known, read_tables
from app.decide.reading.top import (
    read_chasing,
    read_limits,
    read_notices,
    read_operators,
    read_ramp,
    read_seasons,
    read_suppressions,
    read_top,
)
from app.decide.source import Tree
from app.decide.statutes import LatestDay
from app.decide.words import OTHERWISE
from app.ids import PolicyVersion

_KEPT_POLICIES: Final = 16
_kept: "OrderedDict[PolicyVersion, Policy]" = OrderedDict()


def compile_policy(files: Mapping[str, bytes]) -> Policy:
    """Return the policy of these files; PolicyError lists everything wrong with them, each with file and line.

    The same files give the same object while it is kept.
    """
    version = version_of(files)
    known = _kept.get(version)
    if known is None:
        known = _kept[version] = _compiled(version, Layered(files))
        if len(_kept) > _KEPT_POLICIES:
            _kept.popitem(last=False)
    return known


def policy_in(folder: Path) -> Policy:
    """Return the compiled policy of a folder."""
    return compile_policy(load_folder(folder))


def _compiled(version: PolicyVersion, folder: Layered) -> Policy:
    findings = Findings()
    trees = folder.trees
    top = read_top(trees["policy.yaml"], findings) or {}
    findings.raise_any()
    calendars = read_calendars(trees["calendars.yaml"], findings)
    problems, places = read_problems(trees["problems.yaml"], calendars.by_name, findings)
    brands = read_brands(folder.brands(), calendars.countries, findings)
    # what names things comes first: what speaks of them would only be wrong again
    findings.raise_any()
    bands = read_bands(trees["bands.yaml"], findings)
    seasons = read_seasons(top.get("seasons", Tree({}, trees["policy.yaml"].place)), findings)
    kinds = read_kinds(trees["kinds.yaml"], problems, calendars.by_name, findings)
    law = trees.get(STATUTES, Tree({}, trees["policy.yaml"].place))
    statutes = read_statutes(law, brands, problems, kinds, calendars.countries, calendars.by_name, findings)
    limits = findings.guard(read_limits, top["limits"])
    ramp = findings.guard(read_ramp, top["ramp"])
    cap = findings.guard(top["cap"].decimal, "cap")
    default_brand = findings.guard(top["default_brand"].one_of, "default_brand", brands)
    operators = read_operators(top["operators"], findings)
    campaigns = findings.guard(read_campaigns, top["campaigns"])
    hold_audio = findings.guard(read_hold_audio, top["hold_audio"])
    chasing = findings.guard(read_chasing, top["chasing"])
    notices = findings.guard(read_notices, top["notices"])
    incidents = None
    if "incidents" in top:
        incidents = findings.guard(read_incidents, top["incidents"], problems, cap)
    accounts = findings.guard(read_accounts, top["accounts"]) if "accounts" in top else None
    identities = findings.guard(read_suppressions, top["suppressions"]) if "suppressions" in top else None
    budgets = read_budgets(top.get("budgets", Tree({}, trees["policy.yaml"].place)), brands, findings)
    findings.raise_any()
    assert limits is not None
    assert ramp is not None
    assert cap is not None
    assert default_brand is not None
    assert campaigns is not None
    assert hold_audio is not None
    assert chasing is not None
    assert notices is not None
    known = Known(frozenset(problems), bands, brands, frozenset(season.name for season in seasons), cap)
    tables = read_tables(folder.tables, known, findings)
    check_references(kinds, problems, places, findings)
    findings.raise_any()
    assert tables is not None
    return Policy(
        version=version,
        name=top["name"].text("name"),
        words=top["words"].text("words"),
        default_brand=default_brand,
        limits=limits,
        cap=cap,
        ramp=ramp,
        seasons=seasons,
        operators=operators,
        kinds={name: _bound_by_law(kind, statutes.latest) for name, kind in kinds.items()},
        problems=ProblemTypes(problems, next(iter(kinds.values())).failures[OTHERWISE]),
        brands=brands,
        bands=bands,
        calendars=calendars,
        tables=tables,
        campaigns=campaigns,
        hold_audio=hold_audio,
        chasing=chasing,
        notices=notices,
        budgets=budgets,
        incidents=incidents,
        accounts=accounts,
        statutes=statutes,
        marketing_identities=IDENTITIES if identities is None else identities,
    )


def _bound_by_law(kind: KindRules, latest: tuple[LatestDay, ...]) -> KindRules:
    """Return a kind whose expectations know until when, by law, they are due at the latest."""
    rules = tuple(
        replace(
            rule,
            by_law={
                country: statute.within
                for statute in latest
                if kind.name in statute.kinds and statute.expect == rule.expect
                for country in statute.countries
            },
        )
        for rule in kind.expectations
    )
    return replace(kind, expectations=rules)

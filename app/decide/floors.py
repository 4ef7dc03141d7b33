"""Statutory floors: what the law gives for a delay whatever the policy says, in money, to the original payment.

Decision 0019 says how they stand beside the tables.
"""

from typing import NamedTuple

from msgspec import Struct

from app.clock import MINUTE, Millis
from app.decide.policy import Policy
from app.decide.statutes import DelayBand, StatutoryFloor
from app.facts import Party
from app.outputs import RowFired


class Delay(Struct, frozen=True):
    """How long after the first promise a problem of this type was solved."""

    problem: str
    fault: Party
    length: Millis


class Owed(NamedTuple):
    """What one statute gives: the band that holds, and the row that says so."""

    statute: StatutoryFloor
    band: DelayBand
    row: RowFired


def owed_by_law(policy: Policy, brand: str, delays: tuple[Delay, ...]) -> tuple[Owed, ...]:
    """Return what each statute gives for the longest delay that it covers; the policy may give more, never less."""
    covering = (statute for statute in policy.statutes.floors if brand in statute.brands)
    found = (_owed(statute, delays) for statute in covering)
    return tuple(owed for owed in found if owed is not None)


def _owed(statute: StatutoryFloor, delays: tuple[Delay, ...]) -> Owed | None:
    covered = [each for each in delays if each.problem in statute.problems and each.fault not in statute.not_for]
    longest = max(covered, key=lambda each: each.length, default=None)
    if longest is None:
        return None
    held = [band for band in statute.bands if _holds(band, longest.length)]
    if not held:
        return None
    band = held[-1]
    gives = f"{band.share:.2%} of the price" if band.amount is None else f"{band.amount:f}"
    read = {
        "problem": longest.problem,
        "fault": longest.fault.value,
        "delay": f"{longest.length // MINUTE} minutes",
        "gives": gives,
    }
    return Owed(statute, band, RowFired("statutes", statute.name, read))


def _holds(band: DelayBand, length: Millis) -> bool:
    return length > band.length if band.above else length >= band.length

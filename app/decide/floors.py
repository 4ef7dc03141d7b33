"""Statutory floors: what the law gives for a delay or a failure whatever the policy says, in money.

It goes to the original payment. Decision 0019 says how it stands beside the tables, 0029 what a line may ask.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import NamedTuple
from zoneinfo import ZoneInfo

from msgspec import Struct

from app.clock import MINUTE, Instant, to_datetime
from app.decide.policy import Brand, Policy
from app.decide.statutes import DELAY, PER_DAY, PER_TIME, StatutoryFloor, StatutoryLine
from app.decide.wall import zone_of
from app.facts import Party
from app.outputs import RowFired


class Delay(Struct, frozen=True):
    """A part of a trouble: due before `since` (`due` False: begun then), solved at `until` (None: not so far)."""

    problem: str
    fault: Party
    since: Instant
    until: Instant | None = None
    due: bool = True

    def day(self, zone: ZoneInfo) -> date:
        """Return the day on which it went wrong; what is due at midnight was due on the day that ends there."""
        return _day(Instant(self.since - 1) if self.due else self.since, zone)

    @property
    def length(self) -> int:
        """Return how long it took in milliseconds, so far nothing when it is not solved."""
        return 0 if self.until is None else max(0, self.until - self.since)


class Owed(NamedTuple):
    """What one statute gives: the line that holds, so many times, and the row that says so.

    `lines` are all that may hold when an attribute that decides between them was not stated (`unknown` names it).
    """

    statute: StatutoryFloor
    lines: tuple[StatutoryLine, ...]
    times: int
    row: RowFired
    unknown: tuple[str, ...] = ()


def owed_by_law(
    policy: Policy, brand: str, delays: tuple[Delay, ...], attributes: Mapping[str, str]
) -> tuple[Owed, ...]:
    """Return what each statute gives for what it covers of a trouble; the policy may give more, never less."""
    covering = (statute for statute in policy.statutes.floors if brand in statute.brands)
    found = (_owed(statute, policy.brand(brand), delays, _stated(statute, attributes)) for statute in covering)
    return tuple(owed for owed in found if owed is not None)


def _stated(statute: StatutoryFloor, attributes: Mapping[str, str]) -> Mapping[str, str]:
    """Return the attributes that say something a statute knows: a word that it does not know says nothing."""
    known = dict(statute.words)
    return {name: said for name, said in attributes.items() if name not in known or said in known[name]}


def _owed(
    statute: StatutoryFloor, brand: Brand, delays: tuple[Delay, ...], attributes: Mapping[str, str]
) -> Owed | None:
    covered = [each for each in delays if each.problem in statute.problems and each.fault not in statute.not_for]
    if statute.form != PER_TIME:
        covered = [each for each in covered if each.until is not None]
    if not covered:
        return None
    zone = zone_of(brand.time_zone)
    worst = max(covered, key=lambda each: each.length)
    times = _times(statute, worst, len(covered), zone)
    held = _holding(statute, worst, worst.day(zone), attributes)
    if not held or not times:
        return None
    unknown = () if len({(line.amount, line.share) for line in held}) == 1 else _unstated(statute, attributes)
    read = {"problem": worst.problem, "fault": worst.fault.value, **_counted(statute, worst, times, zone)}
    read |= {name: attributes.get(name, "unknown") for name in _asked(statute)}
    read["gives"] = " or ".join(dict.fromkeys(gives(line) for line in held))
    return Owed(statute, held if unknown else held[-1:], times, RowFired("statutes", statute.name, read), unknown)


def _times(statute: StatutoryFloor, worst: Delay, covered: int, zone: ZoneInfo) -> int:
    """Return how often a statute gives: for a day that ended without it, the day it was due on among them."""
    if statute.form == PER_TIME:
        return covered
    if statute.form == DELAY or worst.until is None:
        return 1
    return max(0, (_day(worst.until, zone) - worst.day(zone)).days)


def _counted(statute: StatutoryFloor, worst: Delay, times: int, zone: ZoneInfo) -> dict[str, str]:
    if statute.form == DELAY:
        return {"delay": f"{worst.length // MINUTE} minutes"}
    word = "days" if statute.form == PER_DAY else "times"
    return {"since": worst.day(zone).isoformat(), word: str(times)}


def gives(line: StatutoryLine) -> str:
    """Return in words what a line gives."""
    return f"{line.share:.2%} of the price" if line.amount is None else f"{line.amount:f}"


def in_words(owed: Owed, currency: str) -> str:
    """Return what is owed where it cannot be worked out: the price, or what decides between amounts, is not known."""
    amounts = dict.fromkeys(_plainly(line, currency) for line in owed.lines)
    each = "" if owed.statute.form == DELAY else f", {owed.times} times"
    why = f", by {' and '.join(owed.unknown)}" if owed.unknown else ""
    return f"{' or '.join(amounts)}{each}{why}"


def _plainly(line: StatutoryLine, currency: str) -> str:
    if line.amount is not None:
        return f"{line.amount:f} {currency}"
    return f"{f'{line.share * 100:f}'.rstrip('0').rstrip('.')}% of the price"


def _holding(
    statute: StatutoryFloor, worst: Delay, day: date, attributes: Mapping[str, str]
) -> tuple[StatutoryLine, ...]:
    """Return the last line that holds for sure, and those after it that hold if what was not stated says so.

    Of lines that ask for the same the last one decides, whatever the answer.
    """
    held: list[StatutoryLine] = []
    for line in statute.lines:
        sure = _holds(line, worst, day, attributes)
        if sure:
            held = [line]
        elif sure is None:
            held = [*(each for each in held if (each.over, each.where) != (line.over, line.where)), line]
    return tuple(held)


def _holds(line: StatutoryLine, worst: Delay, day: date, attributes: Mapping[str, str]) -> bool | None:
    """Say whether a line holds; None: that depends on an attribute that was not stated."""
    length = worst.length
    if not (length > line.length if line.above else length >= line.length):
        return False
    if line.since is not None and day < line.since:
        return False
    asked = [
        *(None if (number := _number(attributes, name)) is None else number > bound for name, bound in line.over),
        *(None if name not in attributes else attributes[name] == word for name, word in line.where),
    ]
    return False if False in asked else None if None in asked else True


def _number(attributes: Mapping[str, str], name: str) -> Decimal | None:
    """Return a stated number; what is none, or below zero, was not stated."""
    try:
        number = Decimal(attributes[name])
    except (KeyError, InvalidOperation):
        return None
    return number if number.is_finite() and number >= 0 else None


def _asked(statute: StatutoryFloor) -> tuple[str, ...]:
    """Return the attributes that a statute's lines ask for, each once."""
    return tuple(dict.fromkeys(name for line in statute.lines for name, _ in (*line.over, *line.where)))


def _unstated(statute: StatutoryFloor, attributes: Mapping[str, str]) -> tuple[str, ...]:
    numbers = {name for line in statute.lines for name, _ in line.over}
    return tuple(
        name
        for name in _asked(statute)
        if name not in attributes or (name in numbers and _number(attributes, name) is None)
    )


def _day(at: Instant, zone: ZoneInfo) -> date:
    return to_datetime(at, zone).date()

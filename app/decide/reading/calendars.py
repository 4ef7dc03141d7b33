"""`calendars.yaml`: business time per hop, countries, quiet hours."""

from collections.abc import Mapping
from datetime import time
from typing import Final

import holidays

from app.decide.calendars import Calendars
from app.decide.hours import OTHERWISE, Calendar, Country, QuietHours
from app.decide.reading.findings import Findings
from app.decide.source import Tree
from app.decide.wall import zone_known

_WEEKDAYS: Final = {name: n for n, name in enumerate(("mon", "tue", "wed", "thu", "fri", "sat", "sun"))}


def read_calendars(tree: Tree, findings: Findings) -> Calendars:
    """Return the calendars; the findings hold what is wrong with them."""
    parts = findings.guard(tree.only, "calendars", ("hops", "countries"), ("quiet_hours",)) or {}
    nothing = Tree({}, tree.place)
    countries = findings.each(parts.get("countries", nothing), "countries", _country)
    findings.guard(_has_otherwise, parts.get("countries", nothing), countries)
    return Calendars(
        findings.each(parts.get("hops", nothing), "hops", _calendar),
        countries,
        findings.guard(_quiet_hours, parts["quiet_hours"]) if "quiet_hours" in parts else None,
    )


def read_zone(tree: Tree, what: str) -> str:
    """Return the name of a time zone that exists."""
    name = tree.text(what)
    if not zone_known(name):
        tree.place.refuse(f"{what}: there is no time zone `{name}`; write one such as Europe/London")
    return name


def _calendar(name: str, tree: Tree) -> Calendar:
    parts = tree.only(f"calendar {name}", ("weekdays",), ("open", "close", "cut_off"))
    weekdays = frozenset(_WEEKDAYS[day] for day in _days(parts["weekdays"]))
    times = {key: parts[key].read(key, time.fromisoformat) for key in ("open", "close", "cut_off") if key in parts}
    if ("open" in times) != ("close" in times):
        tree.place.refuse(f"calendar {name} must have both `open` and `close`, or neither (the whole day)")
    if "open" in times and times["open"] >= times["close"]:
        tree.place.refuse(f"calendar {name} closes before it opens: {times['open']} to {times['close']}")
    return Calendar(name, weekdays, times.get("open"), times.get("close"), times.get("cut_off"))


def _days(tree: Tree) -> tuple[str, ...]:
    days = tree.words("weekdays")
    if not days:
        tree.place.refuse("weekdays: a calendar without any day never ends")
    for day in days:
        if day not in _WEEKDAYS:
            tree.place.refuse(f"weekdays: `{day}` is no weekday; they are {', '.join(_WEEKDAYS)}")
    return days


def _country(name: str, tree: Tree) -> Country:
    parts = tree.only(f"country {name}", ("time_zone",), ("holidays",))
    zone = read_zone(parts["time_zone"], "time_zone")
    if "holidays" not in parts:
        return Country(zone)
    code = parts["holidays"].text("holidays")
    if code not in holidays.list_supported_countries():
        parts["holidays"].place.refuse(f"holidays: no public holidays are known for `{code}`; write a code such as GB")
    return Country(zone, code)


def _has_otherwise(tree: Tree, countries: Mapping[str, Country]) -> None:
    if OTHERWISE not in countries:
        tree.place.refuse(f"countries lack `{OTHERWISE}`: a country that is not listed would have no time zone")


def _quiet_hours(tree: Tree) -> QuietHours:
    parts = tree.only("quiet_hours", ("from", "until"))
    quiet = QuietHours(parts["from"].read("from", time.fromisoformat), parts["until"].read("until", time.fromisoformat))
    if quiet.start == quiet.end:
        tree.place.refuse("quiet_hours begin when they end: leave them out, or give two times")
    return quiet

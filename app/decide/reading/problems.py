"""`problems.yaml`: problem types as data. `defaults` are what a type has that does not say otherwise."""

from collections.abc import Mapping

from app.clock import Millis
from app.decide.hours import Calendar
from app.decide.lengths import parse_length
from app.decide.policy import ProblemRules
from app.decide.reading.findings import Findings
from app.decide.source import Place, Tree
from app.decide.words import PARTIES, REMEDY_OCCASIONS
from app.facts import Party

_DEFAULTS = "defaults"
_OWN = ("words",)
_SHARED = ("fault", "resolved_by", "remedy_on", "quiet_period", "cause_group", "anew", "counts", "late_by")


def read_problems(
    tree: Tree, calendars: Mapping[str, Calendar], findings: Findings
) -> tuple[dict[str, ProblemRules], dict[str, Place]]:
    """Return the problem types by name, and where each stands."""
    entries = dict(findings.guard(tree.mapping, "problems") or {})
    defaults = entries.pop(_DEFAULTS, Tree({}, tree.place))
    shared = findings.guard(defaults.only, "defaults", (), _SHARED) or {}
    own = Tree(entries, tree.place)
    problems = findings.each(own, "problems", lambda name, child: _problem(name, child, shared, calendars))
    return problems, {name: child.place for name, child in entries.items()}


def _problem(name: str, tree: Tree, shared: Mapping[str, Tree], calendars: Mapping[str, Calendar]) -> ProblemRules:
    parts = {**shared, **tree.only(f"problem {name}", _OWN, _SHARED)}
    for key in ("fault", "remedy_on", "quiet_period"):
        if key not in parts:
            tree.place.refuse(f"problem {name} lacks `{key}`, and so do the defaults")
    return ProblemRules(
        name=name,
        words=parts["words"].text("words"),
        fault=Party(parts["fault"].one_of("fault", PARTIES)),
        resolved_by=parts["resolved_by"].words("resolved_by") if "resolved_by" in parts else (),
        remedy_on=parts["remedy_on"].one_of("remedy_on", REMEDY_OCCASIONS),
        quiet_period=read_plain(parts["quiet_period"], "quiet_period"),
        cause_group=parts["cause_group"].text("cause_group") if "cause_group" in parts else name,
        anew=parts["anew"].truth("anew") if "anew" in parts else False,
        counts=parts["counts"].truth("counts") if "counts" in parts else True,
        late_by=parts["late_by"].one_of("late_by", calendars) if "late_by" in parts else None,
    )


def read_plain(tree: Tree, what: str) -> Millis:
    """Return a length of plain time."""
    length, calendar, _ = tree.read(what, parse_length)
    if calendar is not None:
        tree.place.refuse(f"{what} runs on plain time: write `3 days`, without a calendar")
    return length

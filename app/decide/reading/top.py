"""`policy.yaml`: what the policy is called, and the bounds that are no table."""

from typing import Final, NamedTuple

from app.clock import Millis
from app.decide.policy import IDENTITIES, ChasingRules, Limits, NoticeRules, RampRule, Season
from app.decide.reading.findings import Findings
from app.decide.reading.problems import read_plain
from app.decide.source import Tree
from app.decide.words import ACTIONS, MESSAGE_CLASSES, NOTICES_SAY, ORDINARY

_REQUIRED: Final = (
    "name",
    "words",
    "default_brand",
    "limits",
    "cap",
    "ramp",
    "operators",
    "campaigns",
    "hold_audio",
    "chasing",
    "notices",
)
_OPTIONAL: Final = ("suppressions", "extends", "seasons", "budgets", "incidents", "accounts")
_LENGTHS: Final = (
    "hold_age",
    "seen_window",
    "retention",
    "remedy_settlement",
    "follow_up_lasts",
    "tombstone_after",
    "customer_window",
    "lost_after",
)
_RETRIES: Final = "grant_retries"
_SETTLES: Final = "remedy_settles_on_issue"
_CHASE: Final = 2
_DAYS_IN_MONTH: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def read_top(tree: Tree, findings: Findings) -> dict[str, Tree] | None:
    """Return the parts of `policy.yaml`, or None when it has not the parts it must have."""
    return findings.guard(tree.only, "the policy", _REQUIRED, _OPTIONAL)


def read_suppressions(tree: Tree) -> frozenset[str]:
    """Return by which identities other systems find a customer in a suppression record."""
    words = tree.only("suppressions", ("identities",))["identities"]
    for word in (named := words.words("identities")):
        words.place.known("identity", word, dict.fromkeys(IDENTITIES))
    if not named:
        words.place.refuse("identities is empty: no marketing platform could tell whose record it is")
    return frozenset(named)


def read_limits(tree: Tree) -> Limits:
    """Return the limits."""
    parts = tree.only("limits", (*_LENGTHS, _SETTLES, _RETRIES))
    lengths = {key: read_plain(parts[key], key) for key in _LENGTHS}
    if lengths["customer_window"] > lengths["retention"]:
        parts["customer_window"].place.refuse("customer_window: longer ago than `retention` is not known")
    retries = parts[_RETRIES].whole(_RETRIES)
    return Limits(**lengths, remedy_settles_on_issue=parts[_SETTLES].truth(_SETTLES), grant_retries=retries)


def read_chasing(tree: Tree) -> ChasingRules:
    """Return when a customer chases an answer: two contacts at least."""
    parts = tree.only("chasing", ("contacts", "within", "apart"), ("look_ups",))
    contacts = parts["contacts"].whole("contacts")
    if contacts < _CHASE:
        parts["contacts"].place.refuse(f"contacts: {contacts} is no chasing; it takes at least {_CHASE}")
    within, apart = read_plain(parts["within"], "within"), read_plain(parts["apart"], "apart")
    return ChasingRules(contacts, within, apart, parts["look_ups"].words("look_ups") if "look_ups" in parts else ())


def read_notices(tree: Tree) -> NoticeRules:
    """Return what notices say to customers, and how often they say sorry."""
    parts = tree.only("notices", ("say", "apologies", "apologies_within"))
    return NoticeRules(
        parts["say"].one_of("say", NOTICES_SAY),
        parts["apologies"].whole("apologies"),
        read_plain(parts["apologies_within"], "apologies_within"),
    )


def read_ramp(tree: Tree) -> tuple[RampRule, ...]:
    """Return what may go out again when after a release; no class may stand in two steps."""
    rules: list[RampRule] = []
    for child in tree.items("ramp"):
        rule = _ramp_rule(child)
        for word in rule.classes:
            if any(word in earlier.classes for earlier in rules):
                child.place.refuse(f"ramp: `{word}` stands in two steps, which contradict each other")
        rules.append(rule)
    return tuple(rules)


def _ramp_rule(tree: Tree) -> RampRule:
    parts = tree.only("a ramp step", ("classes",), ("after", "per_week"))
    classes = parts["classes"].words("classes")
    for word in classes:
        if word not in MESSAGE_CLASSES:
            tree.place.refuse(f"ramp: `{word}` is no message class; they are {', '.join(sorted(MESSAGE_CLASSES))}")
    return RampRule(
        classes,
        read_plain(parts["after"], "after") if "after" in parts else Millis(0),
        parts["per_week"].whole("per_week") if "per_week" in parts else None,
    )


def read_operators(tree: Tree, findings: Findings) -> dict[str, frozenset[str]]:
    """Return which roles may do what."""

    def roles(action: str, child: Tree) -> frozenset[str]:
        if action not in ACTIONS:
            child.place.refuse(f"operators: `{action}` is no action; they are {', '.join(sorted(ACTIONS))}")
        return frozenset(child.words(action))

    return findings.each(tree, "operators", roles)


def read_seasons(tree: Tree, findings: Findings) -> tuple[Season, ...]:
    """Return the seasons; two that share a day contradict each other."""
    seasons = findings.each(tree, "seasons", _season)
    for name, season in seasons.items():
        for other in seasons.values():
            if other.name < name and _overlap(season, other):
                findings.guard(tree.place.refuse, f"seasons {other.name} and {name} share days")
    return tuple(seasons.values())


class _Day(NamedTuple):
    month: int
    day: int


def _season(name: str, tree: Tree) -> Season:
    if name == ORDINARY:
        tree.place.refuse(f"seasons: `{ORDINARY}` is the time outside all seasons")
    parts = tree.only(f"season {name}", ("from", "until"))
    return Season(name, parts["from"].read("from", _month_day), parts["until"].read("until", _month_day))


def _month_day(text: str) -> _Day:
    month, dash, day = text.partition("-")
    if not (dash and month.isdecimal() and day.isdecimal()):
        msg = f"`{text}` is no day of the year: write month-day such as 12-24"
        raise ValueError(msg)
    on = _Day(int(month), int(day))
    if not 1 <= on.month <= len(_DAYS_IN_MONTH) or not 1 <= on.day <= _DAYS_IN_MONTH[on.month - 1]:
        msg = f"`{text}`: there is no such day"
        raise ValueError(msg)
    return on


def _overlap(one: Season, other: Season) -> bool:
    return one.holds(other.first) or other.holds(one.first)

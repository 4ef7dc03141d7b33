"""`kinds.yaml`: journey kinds as data."""

from collections.abc import Mapping

from app.decide.hours import Calendar
from app.decide.lengths import parse_length
from app.decide.policy import ExpectationRule, KindRules, ProblemRules, ScanFailure
from app.decide.reading.findings import Findings
from app.decide.source import Tree
from app.decide.within import Within
from app.decide.words import MOVEMENT, OTHERWISE, PARTIES, SCOPES
from app.facts import Party, ScanStatus

_REQUIRED = ("milestones", "promises", "failures")
_OPTIONAL = ("completes_on", "ends_on", "scan_milestones", "expectations", "scan_failures", "failing", "goods_held")
_OF_EXPECTATION = ("per", "ends_on", "paused_by", "goods_held")
_STATUSES = frozenset(status.value for status in ScanStatus)

Held = tuple[tuple[str, ...], tuple[str, ...]]
"""The milestones from which, and until which, we have the customer's own goods."""


def read_kinds(
    tree: Tree, problems: Mapping[str, ProblemRules], calendars: Mapping[str, Calendar], findings: Findings
) -> dict[str, KindRules]:
    """Return the kinds by name; every word they use must be known."""
    if not findings.guard(tree.mapping, "kinds"):
        findings.guard(tree.place.refuse, "a policy needs at least one journey kind")
    return findings.each(tree, "kinds", lambda name, child: _kind(name, child, problems, calendars, findings))


def _kind(
    name: str,
    tree: Tree,
    problems: Mapping[str, ProblemRules],
    calendars: Mapping[str, Calendar],
    findings: Findings,
) -> KindRules:
    parts = tree.only(f"kind {name}", _REQUIRED, _OPTIONAL)
    milestones = parts["milestones"].words("milestones")
    known = frozenset(milestones)

    def reached(key: str) -> tuple[str, ...]:
        return _milestones(parts[key], key, known) if key in parts else ()

    def problem_by(key: str, words: frozenset[str] | None) -> dict[str, str]:
        return _problem_by_word(parts[key], key, words, problems, findings) if key in parts else {}

    held = findings.guard(_goods_held, parts["goods_held"], known) if "goods_held" in parts else None
    failures = problem_by("failures", None)
    scan_failures = (
        findings.each(parts["scan_failures"], "scan_failures", lambda _, child: _scan_failure(child, problems))
        if "scan_failures" in parts
        else {}
    )
    stated = frozenset((*failures.values(), *(failed.problem for failed in scan_failures.values())))
    return KindRules(
        name=name,
        milestones=milestones,
        completes_on=reached("completes_on"),
        ends_on=reached("ends_on"),
        scan_milestones=(
            _scan_milestones(parts["scan_milestones"], known, findings) if "scan_milestones" in parts else {}
        ),
        promises=problem_by("promises", known | {OTHERWISE}),
        failures=failures,
        expectations=tuple(
            findings.each(
                parts["expectations"],
                "expectations",
                lambda rule, child: _expectation(rule, child, known, problems, calendars, held, stated),
            ).values()
        )
        if "expectations" in parts
        else (),
        scan_failures=scan_failures,
        failing=_failing(parts["failing"], known, problems, findings) if "failing" in parts else {},
        goods_from=() if held is None else held[0],
        goods_until=() if held is None else held[1],
    )


def _scan_failure(tree: Tree, problems: Mapping[str, ProblemRules]) -> ScanFailure:
    parts = tree.only("a scan's failure", ("problem",), ("fault",))
    fault = Party(parts["fault"].one_of("fault", PARTIES)) if "fault" in parts else None
    return ScanFailure(parts["problem"].one_of("problem", problems), fault)


def _failing(
    tree: Tree, known: frozenset[str], problems: Mapping[str, ProblemRules], findings: Findings
) -> dict[str, str]:
    def problem(milestone: str, child: Tree) -> str:
        if milestone not in known:
            child.place.refuse(
                f"failing: `{milestone}` is no milestone of this kind; it has {', '.join(sorted(known))}"
            )
        return child.one_of(f"problem of {milestone}", problems)

    return findings.each(tree, "failing", problem)


def _goods_held(tree: Tree, known: frozenset[str]) -> Held:
    parts = tree.only("goods_held", ("from", "until"))
    return _milestones(parts["from"], "goods_held from", known), _milestones(parts["until"], "goods_held until", known)


def _milestones(tree: Tree, what: str, known: frozenset[str]) -> tuple[str, ...]:
    words = tree.words(what)
    for word in words:
        if word not in known:
            tree.place.refuse(f"{what}: `{word}` is no milestone of this kind; it has {', '.join(sorted(known))}")
    return words


def _problem_by_word(
    tree: Tree,
    what: str,
    words: frozenset[str] | None,
    problems: Mapping[str, ProblemRules],
    findings: Findings,
) -> dict[str, str]:
    """Return problem types by milestone or failure (any word when `words` is None); `otherwise` must be among them."""

    def problem(word: str, child: Tree) -> str:
        if words is not None and word not in words:
            child.place.refuse(f"{what}: `{word}` is no milestone of this kind; it has {', '.join(sorted(words))}")
        return child.one_of(f"problem of {word}", problems)

    found = findings.each(tree, what, problem)
    if OTHERWISE not in found:
        tree.place.refuse(f"{what} lacks `{OTHERWISE}`: a word that is not listed would have no problem type")
    return found


def _scan_milestones(tree: Tree, known: frozenset[str], findings: Findings) -> dict[str, str]:
    def milestone(status: str, child: Tree) -> str:
        if status not in _STATUSES:
            child.place.refuse(
                f"scan_milestones: `{status}` is no scan status; they are {', '.join(sorted(_STATUSES))}"
            )
        if status == ScanStatus.UNKNOWN:
            child.place.refuse("scan_milestones: an unknown scan shows nothing, so it reaches no milestone")
        return child.one_of(f"milestone of {status}", known)

    return findings.each(tree, "scan_milestones", milestone)


def _expectation(
    name: str,
    tree: Tree,
    known: frozenset[str],
    problems: Mapping[str, ProblemRules],
    calendars: Mapping[str, Calendar],
    held: Held | None,
    stated: frozenset[str],
) -> ExpectationRule:
    parts = tree.only(f"expectation {name}", ("after", "expect", "within", "problem"), _OF_EXPECTATION)
    steps = known | {MOVEMENT}
    return ExpectationRule(
        id=name,
        after=parts["after"].one_of("after", steps),
        expect=parts["expect"].one_of("expect", steps),
        within=read_within(parts["within"], "within", calendars),
        problem=parts["problem"].one_of("problem", problems),
        per=parts["per"].one_of("per", SCOPES) if "per" in parts else "consignment",
        ends_on=_milestones(parts["ends_on"], "ends_on", known | stated) if "ends_on" in parts else (),
        paused_by=_parties(parts["paused_by"]) if "paused_by" in parts else (),
        goods_held=_while_held(parts["goods_held"], held) if "goods_held" in parts else False,
    )


def _while_held(tree: Tree, held: Held | None) -> bool:
    if held is None:
        tree.place.refuse("goods_held: this kind says nowhere from when until when we have the customer's own goods")
    return tree.truth("goods_held")


def _parties(tree: Tree) -> tuple[str, ...]:
    words = tree.words("paused_by")
    for word in words:
        if word not in PARTIES:
            tree.place.refuse(f"paused_by: `{word}` is no party; they are {', '.join(sorted(PARTIES))}")
    return words


def read_within(tree: Tree, what: str, calendars: Mapping[str, Calendar]) -> Within:
    """Return a length of time whose calendar is known."""
    length, calendar, days = tree.read(what, parse_length)
    if calendar is not None and calendar not in calendars:
        tree.place.refuse(f"{what}: there is no calendar `{calendar}`; there are {', '.join(sorted(calendars))}")
    return Within(length, calendar, days)

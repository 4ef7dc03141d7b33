"""The customers' journeys: per kind the milestones in order, who is where, who is late, who left, against last week."""

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from app.clock import DAY, Instant
from app.decide.policy import KindRules, Policy
from app.ids import CustomerId
from app.journey.outlook import recurs
from app.outputs import JourneyStanding, ProblemStanding
from app.web.boards.tally import Tally
from app.web.books import Customer

WEEK: Final = 7 * DAY
_UNDER_WAY: Final = frozenset({"open", "partial"})


class MilestoneRow(NamedTuple):
    """One milestone of a kind; the counts stand in the tally under (`here`, `late`, ..., kind, word).

    `here_then`, `late_then` and `lost_then` are the same numbers of a week ago.
    """

    word: str
    share: int
    """Of all under way in this kind, in percent."""


class KindBoard(NamedTuple):
    """One kind of journey."""

    kind: str
    under_way: int
    rows: tuple[MilestoneRow, ...]


def count(tally: Tally, policy: Policy, name: CustomerId, customer: Customer, now: Instant) -> None:
    """Count a customer's journeys."""
    troubled = {problem.journey for problem in customer.problems.values() if problem.status == "open"}
    then = Instant(now - WEEK)
    troubled_then = {problem.journey for problem in customer.problems.values() if _was_open(problem, then)}
    for journey in customer.journeys.values():
        rules = policy.kinds.get(journey.kind)
        steps = _path_steps(journey)
        _count_reached(tally, name, journey.kind, steps, now)
        if journey.status in _UNDER_WAY:
            word = _last(rules, steps)
            tally.add(name, "here", journey.kind, word)
            tally.add(name, "under_way", journey.kind)
            if journey.journey in troubled:
                tally.add(name, "late", journey.kind, word)
        elif rules is None or journey.status in rules.ends_on:
            tally.add(name, "lost_after", journey.kind, _last(rules, _before_the_end(rules, steps)))
        if journey.began_at <= then:
            is_late = journey.journey in troubled_then
            _count_then(tally, rules, name, journey, {word: at for word, at in steps.items() if at <= then}, is_late)


def _count_then(
    tally: Tally,
    rules: KindRules | None,
    name: CustomerId,
    journey: JourneyStanding,
    steps: Mapping[str, Instant],
    is_late: bool,
) -> None:
    """Count where a journey stood a week ago, by the steps that it had reached by then."""
    ends = set() if rules is None else {*rules.ends_on, *rules.completes_on}
    was_over = journey.status not in _UNDER_WAY and (not ends or not ends.isdisjoint(steps))
    if not was_over:
        tally.add(name, "here_then", journey.kind, _last(rules, steps))
        if is_late:
            tally.add(name, "late_then", journey.kind, _last(rules, steps))
    elif rules is None or journey.status in rules.ends_on:
        tally.add(name, "lost_then", journey.kind, _last(rules, _before_the_end(rules, steps)))


def _was_open(problem: ProblemStanding, at: Instant) -> bool:
    """Say whether a problem was open at a time; one that was reopened counts as open all along."""
    still = problem.status == "open" or (problem.resolved_at is not None and problem.resolved_at > at)
    return still and problem.opened_at <= at


def boards(tally: Tally, policy: Policy) -> Iterator[KindBoard]:
    """Yield a board for each kind that has journeys, in the policy's order."""
    seen = {key.split(":")[1] for key in tally.lists() if key.startswith(("here:", "reached:", "lost_after:"))}
    for kind in (*(kind for kind in policy.kinds if kind in seen), *sorted(seen - set(policy.kinds))):
        under_way = tally.count("under_way", kind)
        words = _words(tally, policy.kinds.get(kind), kind)
        rows = (MilestoneRow(word, _percent(tally.count("here", kind, word), under_way)) for word in words)
        yield KindBoard(kind, under_way, tuple(rows))


def _words(tally: Tally, rules: KindRules | None, kind: str) -> list[str]:
    """Return the milestones to show: the way to completion always, what lies beyond it when it was reached."""
    used = {word for what in ("here", "reached", "reached_before", "lost_after") for word in tally.named(what, kind)}
    path = [] if rules is None else [word for word in rules.milestones if not recurs(word)]
    ends = set() if rules is None else {*rules.ends_on}
    last = max((place for place, word in enumerate(path) if rules and word in rules.completes_on), default=-1)
    shown = [word for place, word in enumerate(path) if (place <= last and word not in ends) or word in used]
    return [*shown, *sorted(used - set(path))]


def _count_reached(tally: Tally, name: CustomerId, kind: str, steps: Mapping[str, Instant], now: Instant) -> None:
    for word, at in steps.items():
        if now - WEEK < at <= now:
            tally.add(name, "reached", kind, word)
        elif now - 2 * WEEK < at <= now - WEEK:
            tally.add(name, "reached_before", kind, word)


def _path_steps(journey: JourneyStanding) -> dict[str, Instant]:
    return {word: at for word, at in journey.milestones.items() if not recurs(word)}


def _last(rules: KindRules | None, steps: Mapping[str, Instant]) -> str:
    """Return the furthest milestone: in the policy's order, or, for what it does not name, in that of time."""
    order = {} if rules is None else {word: place for place, word in enumerate(rules.milestones)}
    known = [word for word in steps if word in order]
    if known:
        return max(known, key=lambda word: order[word])
    return max(steps, key=lambda word: steps[word], default="begun")


def _before_the_end(rules: KindRules | None, steps: Mapping[str, Instant]) -> dict[str, Instant]:
    ends = set() if rules is None else {*rules.ends_on, "refunded"}
    return {word: at for word, at in steps.items() if word not in ends}


def _percent(part: int, whole: int) -> int:
    return round(100 * part / whole) if whole else 0

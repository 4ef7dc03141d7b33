"""What is expected, derived from what was reached and promised. Pure; the same facts in any order give the same.

Promises and rules of one occurrence are worked out anew from all times known. Only the gaps between movements are kept
as instances: `split_gap` puts a movement where it belongs among them, however late it is learnt (decision 0003).
"""

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Final, NamedTuple

from msgspec.structs import replace

from app.clock import Instant
from app.decide.policy import ExpectationRule, KindRules, Policy
from app.decide.words import OTHERWISE
from app.journey.course import MOVEMENT, Expectation, Promise, Revision

Reached = Mapping[str, tuple[Instant, ...]]
"""Word → when it was reached, ascending."""

_RECURRING: Final = ("contacted_", "replied", "called_back")


def recurs(word: str) -> bool:
    """Say whether a word may be reached again and again: contacts and answers; other milestones are steps."""
    return word.startswith(_RECURRING)


class View(NamedTuple):
    """All that the expectations of one consignment, journey or case (`per`) depend on. `prefix` begins their ids."""

    policy: Policy
    rules: KindRules
    per: str
    prefix: str
    country: str | None
    reached: Reached
    promises: tuple[Promise, ...]

    def due(self, rule: ExpectationRule, start: Instant) -> Instant:
        """Return when something that started at `start` is due by a rule."""
        within = rule.within
        if within.calendar is None:
            return Instant(start + within.length)
        return self.policy.calendars.after(within.calendar, self.country, start, within.length, within.days)


def expectations_of(view: View, gaps: tuple[Expectation, ...]) -> tuple[Expectation, ...]:
    """Return every expectation as it should stand; `gaps` are the instances of movement rules known so far."""
    return (
        *_promised(view),
        *(found for rule in view.rules.expectations if rule.per == view.per for found in _by_rule(view, rule, gaps)),
    )


def is_gap(rule: ExpectationRule) -> bool:
    """Say whether a rule watches the gap from one movement to the next."""
    return rule.after == MOVEMENT and rule.expect == MOVEMENT


def _by_rule(view: View, rule: ExpectationRule, gaps: tuple[Expectation, ...]) -> Iterator[Expectation]:
    if is_gap(rule):
        yield from _gaps_as_they_stand(view, rule, gaps)
    elif recurs(rule.after):
        yield from _recurring(view, rule)
    elif rule.after in view.reached:
        start = view.reached[rule.after][0]
        if not _over_before(view, rule.expect, start):
            yield _expected(view, rule, start, _first_met(view, rule.expect, start))


def _recurring(view: View, rule: ExpectationRule) -> Iterator[Expectation]:
    """Yield one instance from each start that no earlier instance covers until it is met."""
    met: Instant | None = None
    covered = False
    for start in view.reached.get(rule.after, ()):
        if covered and (met is None or start <= met):
            continue
        met = _first_met(view, rule.expect, start)
        expected = _expected(view, rule, start, met)
        met = met if met is not None else expected.ended_at
        covered = True
        yield expected


def _expected(view: View, rule: ExpectationRule, start: Instant, met: Instant | None) -> Expectation:
    due = view.due(rule, start)
    return Expectation(
        id=f"{view.prefix}/{rule.expect}/expected/{rule.id}",
        milestone=rule.expect,
        basis="expected",
        rule=rule.id,
        problem=rule.problem,
        start=start,
        first_due=due,
        due=due,
        met_at=met,
        ended_at=_end(view, rule.expect, start, (*rule.ends_on, *_made_up_by(view, rule.problem, rule.expect))),
    )


def _promised(view: View) -> Iterator[Expectation]:
    ordered = sorted(view.promises, key=lambda promise: (promise.milestone, promise.at, promise.due))
    for milestone, promises in groupby(ordered, key=lambda promise: promise.milestone):
        for chain in _chains(view, list(promises)):
            yield _promise(view, milestone, chain)


def _chains(view: View, promises: list[Promise]) -> Iterator[list[Promise]]:
    """Yield a first promise with its revisions; what recurs (a call back) may be promised anew once it was done."""
    chain = [promises[0]]
    for promise in promises[1:]:
        met = _first_met(view, promise.milestone, chain[0].at)
        if recurs(promise.milestone) and met is not None and met <= promise.at:
            yield chain
            chain = [promise]
        elif promise.due != chain[-1].due:
            chain.append(promise)
    yield chain


def _promise(view: View, milestone: str, chain: list[Promise]) -> Expectation:
    first, last = chain[0], chain[-1]
    problem = view.rules.promises.get(milestone, view.rules.promises.get(OTHERWISE, ""))
    return Expectation(
        id=f"{view.prefix}/{milestone}/promised/promise",
        milestone=milestone,
        basis="promised",
        rule="promise",
        problem=problem,
        start=first.at,
        first_due=first.due,
        due=last.due,
        revisions=tuple(Revision(later.due, later.by, later.at, later.reason) for later in chain[1:]),
        met_at=_first_met(view, milestone, first.at),
        ended_at=_earliest(
            _end(view, milestone, None, ()), _end(view, milestone, first.at, _made_up_by(view, problem, milestone))
        ),
    )


def _made_up_by(view: View, problem: str, milestone: str) -> tuple[str, ...]:
    """Return the milestones that would resolve the breach: what they make up for is not waited for any longer."""
    rules = view.policy.problems.get(problem)
    return () if rules is None else tuple(word for word in rules.resolved_by if word != milestone)


def _earliest(one: Instant | None, other: Instant | None) -> Instant | None:
    return min((at for at in (one, other) if at is not None), default=None)


def _first_met(view: View, word: str, start: Instant) -> Instant | None:
    """Return when a word was first reached; what recurs counts from the start only."""
    times = view.reached.get(word, ())
    return next((at for at in times if at >= start or not recurs(word)), None)


def _terminals(view: View, word: str) -> Iterator[str]:
    """Yield the terminal milestones that end the wait for `word`: those that come no earlier than it in the kind."""
    order = view.rules.milestones
    terminals = (*view.rules.completes_on, *view.rules.ends_on)
    if view.per == "case" or word == MOVEMENT or word not in order:
        yield from (terminal for terminal in terminals if terminal != word and (view.per == "case" or not recurs(word)))
    elif not recurs(word):
        at = order.index(word)
        yield from (terminal for terminal in terminals if terminal != word and order.index(terminal) >= at)


def _over_before(view: View, word: str, start: Instant) -> bool:
    """Say whether the wait for a word cannot begin, because a terminal milestone was reached before (forward only)."""
    if view.per == "case":
        return False
    return any(view.reached[terminal][0] < start for terminal in _terminals(view, word) if terminal in view.reached)


def _end(view: View, word: str, start: Instant | None, ends_on: tuple[str, ...]) -> Instant | None:
    words = {*_terminals(view, word), *ends_on}
    if start is not None:
        return min((at for end in words for at in view.reached.get(end, ()) if at >= start), default=None)
    return min((view.reached[end][0] for end in words if end in view.reached), default=None)


def _gaps_as_they_stand(view: View, rule: ExpectationRule, gaps: tuple[Expectation, ...]) -> Iterator[Expectation]:
    terminals = [view.reached[word][0] for word in _terminals(view, MOVEMENT) if word in view.reached]
    over = min(terminals, default=None)
    for gap in gaps:
        if gap.rule == rule.id and (over is None or gap.start < over):
            ended = _end(view, MOVEMENT, gap.start, (*rule.ends_on, *_made_up_by(view, rule.problem, MOVEMENT)))
            yield gap if ended == gap.ended_at else replace(gap, ended_at=ended)


def split_gap(
    view: View, rule: ExpectationRule, gaps: tuple[Expectation, ...], first: Instant | None, at: Instant
) -> tuple[Expectation, ...]:
    """Return the gaps of one rule after a movement at `at`; `first` is the first movement known before it.

    Kept are the running gap and those that ran past their deadline: any other movement falls into a gap that was
    short enough, and would only make it shorter.
    """
    gap = next((gap for gap in gaps if gap.start < at and (gap.met_at is None or at < gap.met_at)), None)
    if any(known.start == at for known in gaps):
        return gaps
    if gap is None:
        if (first is not None and at > first) or _over_by(view, at):
            return gaps
        before = _expected(view, rule, at, first)
        return (before, *gaps) if _matters(before) else gaps
    halves = [replace(gap, met_at=at)]
    if not _over_by(view, at):
        halves.append(_expected(view, rule, at, gap.met_at))
    kept = tuple(half for half in halves if _matters(half))
    return tuple(sorted((*(other for other in gaps if other is not gap), *kept), key=lambda other: other.start))


def _over_by(view: View, at: Instant) -> bool:
    """Say whether a terminal milestone has been reached: what moves then is not waited for."""
    return any(view.reached[word][0] <= at for word in _terminals(view, MOVEMENT) if word in view.reached)


def _matters(gap: Expectation) -> bool:
    return gap.met_at is None or gap.met_at >= gap.first_due or gap.breached_at is not None

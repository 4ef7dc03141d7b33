"""What is expected, derived from what was reached and promised. Pure; the same facts in any order give the same.

Promises and rules of one occurrence are worked out anew from all times known. Only the gaps between movements are kept
as instances: `split_gap` puts a movement where it belongs among them, however late it is learnt (decision 0003).
"""

from itertools import groupby
from typing import NamedTuple

from msgspec.structs import replace

from app.clock import Instant
from app.decide.deadlines import due_after, later_by
from app.decide.policy import ExpectationRule, Policy
from app.facts import Party
from app.journey.course import MOVEMENT, Expectation, Promise, Revision
from app.journey.outlook import CASE, Outlook, Watched, recurs, terms_of

Reached = dict[str, tuple[Instant, ...]]
"""Word → when it was reached, ascending."""


class Pause(NamedTuple):
    """Somebody outside the desk is waited for; `end` None: still."""

    party: Party
    start: Instant
    end: Instant | None


class View:
    """All that the expectations of one consignment, journey or case depend on. `prefix` begins their ids."""

    def __init__(
        self,
        policy: Policy,
        outlook: Outlook,
        prefix: str,
        country: str | None,
        reached: Reached,
        promises: tuple[Promise, ...],
        pauses: tuple[Pause, ...] = (),
    ) -> None:
        self.policy = policy
        self.outlook = outlook
        self.prefix = prefix
        self.country = country
        self.reached = reached
        self.promises = promises
        self.pauses = pauses

    def due(self, rule: ExpectationRule, start: Instant) -> Instant | None:
        """Return when something that started at `start` is due by a rule; None while a pause lasts.

        What a pause took of the rule's business time comes on top; a pause that begins at the due time is too late.
        """
        due = due_after(self.policy, rule.within, self.country, start)
        for pause in self.pauses if rule.paused_by else ():
            begins = max(start, pause.start)
            if pause.party not in rule.paused_by or begins >= due or (pause.end is not None and pause.end <= begins):
                continue
            if pause.end is None:
                return None
            due = later_by(self.policy, rule.within, self.country, due, begins, pause.end)
        law = rule.by_law.get(self.country or "") if rule.by_law else None
        return due if law is None else min(due, due_after(self.policy, law, self.country, start))

    def recurs(self, word: str) -> bool:
        """Say whether a word may be reached again and again; in a case everything may: it can be opened again."""
        return self.outlook.per == CASE or recurs(word)


def expectations_of(view: View, known: tuple[Expectation, ...]) -> tuple[Expectation, ...]:
    """Return every expectation as it should stand; of those `known`, only gaps between movements are read."""
    found = _promised(view) if view.promises else []
    for watched in view.outlook.rules:
        times = view.reached.get(watched.rule.after)
        if times is not None and watched.rule.goods_held:
            times = _while_held(view, times[0])
        if times is not None:
            found.extend(_by_rule(view, watched, times))
    for watched in view.outlook.gaps if known else ():
        found.extend(_gaps_as_they_stand(view, watched, known))
    return tuple(found)


def _by_rule(view: View, watched: Watched, times: tuple[Instant, ...]) -> list[Expectation]:
    rule = watched.rule
    if view.recurs(rule.after):
        return _recurring(view, watched, times)
    for word in watched.steps_over:
        # forward only: what begins after a step that ends the wait is not waited for
        if word in view.reached and view.reached[word][0] < times[0]:
            return []
    return _expected(view, watched, times[0], _first_met(view, rule.expect, times[0]))


def _while_held(view: View, at: Instant) -> tuple[Instant] | None:
    """Return since when, from `at` on, we have the customer's own goods; None when we have not got them, or no more."""
    kind = view.outlook.kind
    here = _first(view, kind.goods_from)
    if here is None or any(gone <= max(at, here) for gone in _firsts(view, kind.goods_until)):
        return None
    return (max(at, here),)


def _recurring(view: View, watched: Watched, times: tuple[Instant, ...]) -> list[Expectation]:
    """Return one instance from each start that no earlier instance covers until it is met or ended.

    Overnight two may be due at the same time: the later one stands for both.
    """
    over: Instant | None = None
    covered = False
    found: list[Expectation] = []
    for start in times:
        if covered and (over is None or start <= over):
            continue
        met = _first_met(view, watched.rule.expect, start)
        over = met if met is not None else _first_since(view, watched.ends, start)
        covered = True
        for expected in _expected(view, watched, start, met):
            if found and found[-1].first_due == expected.first_due:
                found.pop()
            found.append(expected)
    return found


def _expected(view: View, watched: Watched, start: Instant, met: Instant | None) -> list[Expectation]:
    """Return what a rule expects from `start` on; nothing while it is paused."""
    rule = watched.rule
    due = view.due(rule, start)
    if due is None:
        return []
    expected = Expectation(
        id=f"{view.prefix}/{rule.expect}/expected/{rule.id}",
        milestone=rule.expect,
        basis="expected",
        rule=rule.id,
        problem=rule.problem,
        start=start,
        first_due=due,
        due=due,
        met_at=met,
        ended_at=_first_since(view, watched.ends, start),
    )
    return [expected]


def _promised(view: View) -> list[Expectation]:
    if len(view.promises) == 1:
        return [_promise(view, view.promises[0].milestone, list(view.promises))]
    once = {promise.milestone: promise for promise in view.promises}
    if len(once) == len(view.promises):
        return [_promise(view, milestone, [once[milestone]]) for milestone in sorted(once)]
    ordered = sorted(view.promises, key=lambda promise: (promise.milestone, promise.at, promise.due))
    return [
        _promise(view, milestone, chain)
        for milestone, promises in groupby(ordered, key=lambda promise: promise.milestone)
        for chain in _chains(view, list(promises))
    ]


def _chains(view: View, promises: list[Promise]) -> list[list[Promise]]:
    """Return first promises, each with its revisions; what recurs may be promised anew once it was done."""
    chains = [[promises[0]]]
    for promise in promises[1:]:
        met = _first_met(view, promise.milestone, chains[-1][0].at)
        if view.recurs(promise.milestone) and met is not None and met <= promise.at:
            chains.append([promise])
        elif promise.due != chains[-1][-1].due:
            chains[-1].append(promise)
    return chains


def _promise(view: View, milestone: str, chain: list[Promise]) -> Expectation:
    first, last = chain[0], chain[-1]
    terms = terms_of(view.policy, view.outlook.kind.name, view.outlook.per, milestone)
    over = _first_since(view, terms.over, first.at) if view.outlook.per == CASE else _first(view, terms.over)
    made_up = _first_since(view, terms.made_up_by, first.at)
    return Expectation(
        id=f"{view.prefix}/{milestone}/promised/promise",
        milestone=milestone,
        basis="promised",
        rule="promise",
        problem=terms.problem,
        start=first.at,
        first_due=first.due,
        due=last.due,
        revisions=tuple([Revision(later.due, later.by, later.at, later.reason) for later in chain[1:]]),
        met_at=_first_met(view, milestone, first.at),
        ended_at=made_up if over is None else over if made_up is None else min(over, made_up),
    )


def _first_met(view: View, word: str, start: Instant) -> Instant | None:
    """Return when a word was first reached; what recurs counts from the start only."""
    times = view.reached.get(word)
    if times is None:
        return None
    return next((at for at in times if at >= start), None) if view.recurs(word) else times[0]


def _firsts(view: View, words: tuple[str, ...]) -> list[Instant]:
    return [view.reached[word][0] for word in words if word in view.reached]


def _first(view: View, words: tuple[str, ...]) -> Instant | None:
    first: Instant | None = None
    for word in words:
        times = view.reached.get(word)
        if times is not None and (first is None or times[0] < first):
            first = times[0]
    return first


def _first_since(view: View, words: tuple[str, ...], start: Instant) -> Instant | None:
    first: Instant | None = None
    for word in words:
        times = view.reached.get(word)
        if times is None:
            continue
        for at in times:
            if at >= start and (first is None or at < first):
                first = at
    return first


def _gaps_as_they_stand(view: View, watched: Watched, known: tuple[Expectation, ...]) -> list[Expectation]:
    over = _first(view, watched.over)
    found = []
    for gap in known:
        if gap.rule == watched.rule.id and gap.milestone == MOVEMENT and (over is None or gap.start < over):
            ended = _first_since(view, watched.ends, gap.start)
            found.append(gap if ended == gap.ended_at else replace(gap, ended_at=ended))
    return found


def split_gap(
    view: View, watched: Watched, gaps: tuple[Expectation, ...], first: Instant | None, at: Instant
) -> tuple[Expectation, ...]:
    """Return the gaps of one rule after a movement at `at`; `first` is the first movement known before it.

    Kept are the running gap and those that ran past their deadline: any other movement falls into a gap that was
    short enough, and would only make it shorter.
    """
    gap: Expectation | None = None
    others: list[Expectation] = []
    for known in gaps:
        if known.start == at:
            return gaps
        if gap is None and known.start < at and (known.met_at is None or at < known.met_at):
            gap = known
        else:
            others.append(known)
    if gap is None:
        return gaps if first is not None and at > first else _with_first_gap(view, watched, gaps, first, at)
    halves = _halves(view, watched, gap, at)
    return tuple(sorted([*others, *halves], key=lambda other: other.start)) if others else tuple(halves)


def _halves(view: View, watched: Watched, gap: Expectation, at: Instant) -> list[Expectation]:
    """Return what matters of what a movement makes of a gap: the one up to it and, unless all is over, that from it on.

    Over a weekend both may be due at the same time: then the wait is one and the same, and so is its breach.
    """
    rest = [] if _over_by(view, at) else _expected(view, watched, at, gap.met_at)
    if rest and rest[0].first_due == gap.first_due:
        same = replace(rest[0], breached_at=gap.breached_at, withdrawn_at=gap.withdrawn_at, lapses=gap.lapses)
        return [same] if _matters(same) else []
    halves = [half for half in rest if _matters(half)]
    # a gap that a movement ended in time is let go of: mostly, so it is not made to be looked at
    if at >= gap.first_due or gap.breached_at is not None:
        halves.insert(0, replace(gap, met_at=at))
    return halves


def _with_first_gap(
    view: View, watched: Watched, gaps: tuple[Expectation, ...], first: Instant | None, at: Instant
) -> tuple[Expectation, ...]:
    if _over_by(view, at):
        return gaps
    before = (gap for gap in _expected(view, watched, at, first) if _matters(gap))
    return (*before, *gaps)


def _over_by(view: View, at: Instant) -> bool:
    """Say whether a terminal milestone has been reached: what moves then is not waited for."""
    return any(end <= at for end in _firsts(view, view.outlook.movement_over))


def _matters(gap: Expectation) -> bool:
    return gap.met_at is None or gap.met_at >= gap.first_due or gap.breached_at is not None

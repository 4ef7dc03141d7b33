"""What a kind's rules come to for one place (consignment, journey or case), worked out once for each policy."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple

from app.decide.policy import ExpectationRule, KindRules, Policy
from app.decide.words import MOVEMENT, OTHERWISE

CASE_KIND: Final = "case"
"""The kind whose rules hold for cases."""

CONSIGNMENT: Final = "consignment"
JOURNEY: Final = "journey"
CASE: Final = "case"

NO_RULES: Final = KindRules(
    name="",
    milestones=(),
    completes_on=(),
    ends_on=(),
    scan_milestones={},
    promises={},
    failures={},
    expectations=(),
)
"""The rules of a kind that the policy does not know (any longer): nothing is expected."""

_RECURRING: Final = ("contacted_", "replied", "called_back")


def recurs(word: str) -> bool:
    """Say whether a word may be reached again and again: contacts and answers; other milestones are steps."""
    return word.startswith(_RECURRING)


def is_gap(rule: ExpectationRule) -> bool:
    """Say whether a rule watches the gap from one movement to the next."""
    return rule.after == MOVEMENT and rule.expect == MOVEMENT


class Watched:
    """A rule with the words that end its wait: `over` are terminal milestones, `ends` all words that end it.

    `steps_over` are those of them that are steps: once reached, what leads up to them is not waited for any more.
    """

    def __init__(
        self, rule: ExpectationRule, over: tuple[str, ...], ends: tuple[str, ...], steps_over: tuple[str, ...]
    ) -> None:
        self.rule = rule
        self.over = over
        self.ends = ends
        self.steps_over = steps_over


class Terms(NamedTuple):
    """What a promise of a milestone comes to: its breach's problem type, and the words that end the wait for it.

    `over` end it whenever they were reached, `made_up_by` only after it was promised.
    """

    problem: str
    over: tuple[str, ...]
    made_up_by: tuple[str, ...]


class Outlook:
    """The rules of one kind for one kind of place. `gaps` watch movements, `rules` everything else.

    `begun_by` are the words after which one of `rules` expects something.
    `ending_failures` are the problem types that end a wait when they are stated.
    """

    def __init__(
        self,
        kind: KindRules,
        per: str,
        rules: tuple[Watched, ...],
        gaps: tuple[Watched, ...],
        movement_over: tuple[str, ...],
        consignment_words: frozenset[str],
        terminals: frozenset[str],
        ending_failures: frozenset[str],
    ) -> None:
        self.kind = kind
        self.per = per
        self.rules = rules
        self.begun_by = frozenset([watched.rule.after for watched in rules])
        self.gaps = gaps
        self.movement_over = movement_over
        self.consignment_words = consignment_words
        self.terminals = terminals
        self.ending_failures = ending_failures


@lru_cache(maxsize=512)
def outlook_of(policy: Policy, kind: str, per: str) -> Outlook:
    """Return the outlook of a kind for consignments, journeys as such, or cases."""
    rules = policy.kinds.get(kind, NO_RULES)
    watched = tuple(_watched(policy, rules, per, rule) for rule in rules.expectations if rule.per == per)
    return Outlook(
        kind=rules,
        per=per,
        rules=tuple(each for each in watched if not is_gap(each.rule)),
        gaps=tuple(each for each in watched if is_gap(each.rule)),
        movement_over=_terminals(rules, per, MOVEMENT),
        consignment_words=_consignment_words(rules),
        terminals=frozenset((*rules.completes_on, *rules.ends_on)),
        ending_failures=frozenset(word for rule in rules.expectations for word in rule.ends_on) - {*rules.milestones},
    )


@lru_cache(maxsize=4_096)
def terms_of(policy: Policy, kind: str, per: str, milestone: str) -> Terms:
    """Return the terms of a promise; a kind without promises gives it no problem type, so its breach opens none."""
    rules = policy.kinds.get(kind, NO_RULES)
    problem = rules.promises.get(milestone, rules.promises.get(OTHERWISE, ""))
    return Terms(problem, _terminals(rules, per, milestone), _made_up_by(policy, problem, milestone))


def _watched(policy: Policy, rules: KindRules, per: str, rule: ExpectationRule) -> Watched:
    over = _terminals(rules, per, rule.expect)
    ends = dict.fromkeys((*over, *rule.ends_on, *_made_up_by(policy, rule.problem, rule.expect)))
    if rule.goods_held:
        # the journey's end, after which the goods are waited for, does not end the wait for them
        ends.pop(rule.after, None)
    # a failure is no step forward: what is sent after it is waited for
    steps = tuple(word for word in ends if word in rules.milestones and not recurs(word) and word != rule.after)
    return Watched(rule, over, tuple(ends), steps)


def _terminals(rules: KindRules, per: str, word: str) -> tuple[str, ...]:
    return tuple(_terminals_for(rules, per, word))


def _terminals_for(rules: KindRules, per: str, word: str) -> Iterator[str]:
    """Yield the terminal milestones that end the wait for `word`: those that come no earlier than it in the kind.

    A contact's answer is waited for even when the goods have come; a case's end ends everything in it.
    """
    terminals = tuple(terminal for terminal in (*rules.completes_on, *rules.ends_on) if terminal != word)
    if per == CASE or word not in rules.milestones:
        yield from terminals if per == CASE or not recurs(word) else ()
    elif not recurs(word):
        order = rules.milestones.index
        yield from (terminal for terminal in terminals if order(terminal) >= order(word))


def _made_up_by(policy: Policy, problem: str, milestone: str) -> tuple[str, ...]:
    """Return the milestones that would resolve the breach: what they make up for is not waited for any longer."""
    rules = policy.problems.get(problem)
    return () if rules is None else tuple(word for word in rules.resolved_by if word != milestone)


def _consignment_words(rules: KindRules) -> frozenset[str]:
    """Return the milestones that each consignment reaches for itself: scans and rules per consignment tell."""
    ruled = (word for rule in rules.expectations if rule.per == CONSIGNMENT for word in (rule.after, rule.expect))
    return frozenset((*rules.completes_on, *rules.scan_milestones.values(), *ruled))

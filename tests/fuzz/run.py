"""A run over all targets: so many cases, what they came to, and what they found."""

import time
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from tests.fuzz.target import ACCEPTED, Hang, Target, not_for_ever, seeded

_THOUSAND: Final = 1000
_MOST_FINDINGS: Final = 5


class Finding(NamedTuple):
    """A case that raised what it must not, or did not end."""

    target: str
    seed: int
    number: int
    trace: str


class Outcome(NamedTuple):
    """What a target's cases came to."""

    target: Target
    cases: int
    seconds: float
    came_to: Counter[str]
    findings: list[Finding]


def run(targets: Iterable[Target], cases: int, seed: int) -> Iterator[Outcome]:
    """Yield each target's outcome for its share of `cases`."""
    for target in targets:
        yield run_one(target, range(max(1, cases * target.share // _THOUSAND)), seed)


def run_one(target: Target, numbers: range, seed: int) -> Outcome:
    """Run these cases of a target; it stops after a handful of findings."""
    came_to: Counter[str] = Counter()
    findings: list[Finding] = []
    began, done = time.perf_counter(), 0
    for number in numbers:
        done += 1
        try:
            with not_for_ever():
                came_to[target.case(seeded(seed, target.name, number))] += 1
        except (Exception, Hang):  # noqa: BLE001 - whatever a case raises is what we look for
            findings.append(Finding(target.name, seed, number, traceback.format_exc()))
            if len(findings) >= _MOST_FINDINGS:
                break
    return Outcome(target, done, time.perf_counter() - began, came_to, findings)


def table(outcomes: Iterable[Outcome]) -> Iterator[str]:
    """Yield the rows of a table in Markdown."""
    yield "| target | what is damaged | cases | accepted | refused with a reason | crashed, hung or swallowed |"
    yield "| --- | --- | ---: | ---: | ---: | ---: |"
    totals = Counter[str]()
    for outcome in outcomes:
        accepted = outcome.came_to[ACCEPTED]
        refused = outcome.came_to.total() - accepted
        totals += Counter(cases=outcome.cases, accepted=accepted, refused=refused, found=len(outcome.findings))
        target = outcome.target
        yield f"| {target.name} | {target.what} | {_row(outcome.cases, accepted, refused, len(outcome.findings))} |"
    yield f"| **all** | | {_row(totals['cases'], totals['accepted'], totals['refused'], totals['found'])} |"


def _row(*numbers: int) -> str:
    return " | ".join(f"{number:,}" for number in numbers)

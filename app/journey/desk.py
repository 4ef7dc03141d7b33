"""Whom a case waits for outside its desk: the desk's own time stands still meanwhile, and that of those asked runs."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from msgspec.structs import replace

from app.clock import Instant
from app.facts import Party
from app.journey.course import Case, Steps, Wait
from app.journey.expecting import Pause

ENDS: Final = frozenset({"resolved", "closed"})
"""The turns of a case that end it."""

_MOST_WAITS: Final = 64
_ASKED: Final = "asked_"
_OVER: Final = "waiting_over"
_OUTSIDE: Final = (Party.CARRIER, Party.SUPPLIER, Party.PARTNER_LOCATION)
_NOT_AWAITED: Final = (Party.NOBODY, Party.MERCHANT, Party.UNKNOWN)


def with_wait(case: Case, wait: Wait) -> Case:
    """Return a case that waits for somebody else from a time on; what they owe an answer to is a step."""
    known = replace(case, waits=tuple(sorted({*case.waits, wait})[-_MOST_WAITS:]))
    others = {word: at for word, at in case.leg.steps.items() if not word.startswith(_ASKED) and word != _OVER}
    return replace(known, leg=replace(case.leg, steps={**others, **_steps(known)}))


def waiting_for(case: Case) -> Party:
    """Return whom a case waits for now."""
    return case.waits[-1].party if case.waits else Party.NOBODY


def _changes(case: Case) -> list[Wait]:
    """Return the first wait and every one for somebody else."""
    return [*case.waits[:1], *(later for before, later in pairwise(case.waits) if later.party != before.party)]


def _steps(case: Case) -> Steps:
    steps: dict[str, list[Instant]] = {}
    before = Party.NOBODY
    for wait in _changes(case):
        if before in _OUTSIDE:
            steps.setdefault(_OVER, []).append(wait.at)
        if wait.party in _OUTSIDE:
            steps.setdefault(f"{_ASKED}{wait.party}", []).append(wait.at)
        before = wait.party
    return {word: tuple(sorted(set(times))) for word, times in steps.items()}


def pauses_of(case: Case) -> tuple[Pause, ...]:
    """Return when others were waited for; the customer's next message, or the case's end, ends a wait too."""
    changes = _changes(case)
    ends = [*(wait.at for wait in changes[1:]), None]
    return tuple(
        Pause(wait.party, wait.at, min(_ends(case, wait, end), default=None))
        for wait, end in zip(changes, ends, strict=False)
        if wait.party not in _NOT_AWAITED
    )


def _ends(case: Case, wait: Wait, end: Instant | None) -> Iterator[Instant]:
    if end is not None:
        yield end
    if wait.party is Party.CUSTOMER:
        yield from (at for at in case.leg.steps.get("contacted_merchant", ()) if at > wait.at)
    yield from (turn.at for turn in case.turns if turn.word in ENDS and turn.at > wait.at)

"""A trouble made good part by part: one line is replaced, another paid back, a third is not wanted any more.

Each part counts from when it was made good; the trouble is over with the last of them (decision 0015).
"""

from collections.abc import Iterator
from typing import Final

from app.clock import Instant
from app.ids import ConsignmentId, LineId
from app.journey import reached
from app.journey.course import Journey, Steps
from app.journey.trouble import Problem

_REPLACED: Final = "replaced"
"""What was replaced may fail again; what was cancelled, returned or paid back is not waited for any more."""

_NO_STEPS: Final[Steps] = {}


def scope_of(journey: Journey, consignment: ConsignmentId | None) -> tuple[LineId, ...]:
    """Return the lines of a consignment, or of the journey when it names none or nobody knows which those are."""
    part = None if consignment is None else journey.consignments.get(consignment)
    if part is not None and part.line_ids:
        return part.line_ids
    return tuple(line.line_id for line in journey.lines)


def all_reached(journey: Journey, lines: tuple[LineId, ...], word: str) -> list[Instant]:
    """Return when all of some lines had reached a word, each by itself, and every time since that one did so again."""
    times = [journey.line_steps.get(line, _NO_STEPS).get(word, ()) for line in lines]
    if not times or not all(times):
        return []
    complete = max(of_line[0] for of_line in times)
    return sorted({at for of_line in times for at in of_line if at >= complete})


def is_out(journey: Journey, line: LineId, problem: Problem, words: tuple[str, ...]) -> bool:
    """Say whether a line is by itself no part of a trouble (any more): one of the words that solve it was reached."""
    return any(_counts(problem, word, at) for word, at in _said_of(journey, line, words))


def _counts(problem: Problem, word: str, at: Instant) -> bool:
    late = problem.resolved_at is not None and at >= problem.resolved_at
    return not late and (word != _REPLACED or at >= problem.opened_at)


def _said_of(journey: Journey, line: LineId, words: tuple[str, ...]) -> Iterator[tuple[str, Instant]]:
    steps = journey.line_steps.get(line, _NO_STEPS)
    return ((word, at) for word in words for at in steps.get(word, ()))


def made_good_at(journey: Journey, lines: tuple[LineId, ...], words: tuple[str, ...], since: Instant) -> Instant | None:
    """Return when the last of the lines was made good, each by whatever word solves it; None while one is not.

    Of a journey whose lines nobody knows, or that ships without saying what is in which part, the parts are asked.
    """
    if not journey.line_steps and len(journey.consignments) <= 1:
        return None
    named = lines and (len(journey.consignments) == 1 or all(part.line_ids for part in journey.consignments.values()))
    wanted = [line for line in lines if not _was_out(journey, line, words, since)]
    parts = (
        [_line_times(journey, line, words) for line in wanted]
        if named
        else [_times(reached.of_consignment(journey, part), words) for part in journey.consignments.values()]
    )
    firsts = [min((at for at in times if at >= since), default=None) for times in parts]
    known = [at for at in firsts if at is not None]
    return max(known) if known and len(known) == len(firsts) else None


def _was_out(journey: Journey, line: LineId, words: tuple[str, ...], since: Instant) -> bool:
    return any(word != _REPLACED and at < since for word, at in _said_of(journey, line, words))


def _line_times(journey: Journey, line: LineId, words: tuple[str, ...]) -> list[Instant]:
    known = tuple(journey.consignments.values())
    holding = known if len(known) == 1 else [part for part in known if line in part.line_ids]
    steps = [reached.of_consignment(journey, part) for part in holding] or [journey.own.steps]
    return [*(at for each in steps for at in _times(each, words)), *(at for _, at in _said_of(journey, line, words))]


def _times(steps: Steps, words: tuple[str, ...]) -> list[Instant]:
    return [at for word in words for at in steps.get(word, ())]

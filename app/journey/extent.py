"""What a problem's extent is read from: the state alone, whenever its parts were learnt."""

from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from app.clock import HOUR, Instant
from app.decide.book import ExtentInputs
from app.facts import Line, Money
from app.journey import reached
from app.journey.course import Case, Journey, Steps
from app.journey.state import CustomerState
from app.journey.trouble import Problem

_SHARE: Final = Decimal("0.0001")
_WHOLE: Final = Decimal(1)
_NONE: Final = Decimal(0)


def sorted_problems(state: CustomerState) -> list[Problem]:
    """Return all problems in a total order that does not depend on when we learnt of them."""
    return sorted(state.problems.values(), key=lambda problem: (problem.opened_at, problem.id))


def extent_inputs(state: CustomerState, problem: Problem, until: Instant | None) -> ExtentInputs:
    """Return what the extent book reads.

    Hours late run from the first promise (or the opening) to `until`, or to the newest thing that the customer went
    through: the opening, a contact, a reopening.
    """
    contacts = contacts_of(state, problem)
    since = problem.opened_at if problem.first_due is None else problem.first_due
    latest = max(problem.opened_at, problem.reopened_at or problem.opened_at, *contacts) if until is None else until
    return ExtentInputs(
        problem=problem.type,
        hours_late=max(0, latest - since) // HOUR,
        value_share=value_share(state, problem),
        effort=len(contacts),
        repeats=_repeats(state, problem),
    )


def contacts_of(state: CustomerState, problem: Problem) -> tuple[Instant, ...]:
    """Return when the customer had to get in touch while a problem of theirs was open: the effort they spent."""
    times = sorted(set(_contact_times(state, problem)))
    until = problem.resolved_at
    return tuple(at for at in times if problem.opened_at < at and (until is None or at <= until))


def _contact_times(state: CustomerState, problem: Problem) -> Iterator[Instant]:
    yield from (contact.at for contact in state.contacts)
    journey = None if problem.journey is None else state.journeys.get(problem.journey)
    if journey is not None:
        yield from _contacted(journey.own.steps)
    for case in state.cases.values():
        if case.id == problem.case or (journey is not None and case.journey == journey.id):
            yield from _contacted(case.leg.steps)


def _contacted(steps: Steps) -> Iterator[Instant]:
    return (at for word, times in steps.items() if word.startswith("contacted_") for at in times)


def _repeats(state: CustomerState, problem: Problem) -> int:
    """Count the earlier problems of the journey; another side of the same cause (first stalled, then late) is none."""
    if problem.journey is None:
        return 0
    mine = (problem.opened_at, problem.id)
    return sum(
        1
        for other in state.problems.values()
        if other.journey == problem.journey
        and other.withdrawn_at is None
        and (other.opened_at, other.id) < mine
        and (other.cause != problem.cause or other.type == problem.type)
    )


def steps_for(state: CustomerState, problem: Problem) -> Steps:
    """Return what was reached where a problem is: its consignment, those of its lines, its journey or its case."""
    if problem.case is not None and problem.expectation is None:
        return _case_steps(state.cases.get(problem.case))
    journey = None if problem.journey is None else state.journeys.get(problem.journey)
    if journey is None:
        return {} if problem.case is None else _case_steps(state.cases.get(problem.case))
    if problem.consignment is not None and problem.consignment in journey.consignments:
        return reached.of_consignment(journey, journey.consignments[problem.consignment])
    return reached.of_lines(journey, problem.line_ids)


def _case_steps(case: Case | None) -> Steps:
    return {} if case is None else case.leg.steps


def lines_of(journey: Journey, problem: Problem) -> tuple[Line, ...]:
    """Return the lines a problem is about: those it names, those of its consignment, or all of them."""
    names = problem.line_ids
    if not names and problem.consignment is not None and problem.consignment in journey.consignments:
        names = journey.consignments[problem.consignment].line_ids
    return tuple(line for line in journey.lines if line.line_id in names) if names else journey.lines


def price_of(lines: tuple[Line, ...]) -> Decimal:
    """Return what the customer paid for lines."""
    return sum((line.unit_price * line.quantity for line in lines), _NONE)


def value_share(state: CustomerState, problem: Problem) -> Decimal:
    """Return the share of the journey's goods that a problem is about, from 0 to 1; a contact as such is about none."""
    journey = None if problem.journey is None else state.journeys.get(problem.journey)
    if journey is None or (problem.case is not None and not problem.line_ids):
        return _NONE
    whole = price_of(journey.lines)
    if not whole:
        return _WHOLE
    return (price_of(lines_of(journey, problem)) / whole).quantize(_SHARE, ROUND_HALF_UP)


def lost_money(state: CustomerState, problem: Problem) -> Money | None:
    """Return what the customer paid for what they have not got; None when nothing is known to be missing."""
    journey = None if problem.journey is None else state.journeys.get(problem.journey)
    if journey is None or journey.value is None or problem.case is not None:
        return None
    lines = lines_of(journey, problem)
    if lines == journey.lines:
        return journey.value
    return Money(price_of(lines), journey.value.currency)

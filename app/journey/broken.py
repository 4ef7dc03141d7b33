"""Which expectation a problem is the breach of, and what is promised in a place."""

from app.journey.course import Expectation, Place
from app.journey.state import CustomerState
from app.journey.trouble import Problem


def broken_by(state: CustomerState, problem: Problem) -> Expectation | None:
    """Return the expectation whose breach a problem is; None when it is none."""
    if problem.expectation is None:
        return None
    key = (problem.expectation, problem.first_due)
    place = Place(problem.journey, problem.consignment, problem.case)
    return next((known for known in expectations_at(state, place) if known.key == key), None)


def promised_at(state: CustomerState, place: Place, milestone: str) -> Expectation | None:
    """Return a promise of a milestone in a place; in a whole journey, that of any of its consignments."""
    beginning = f"{place.consignment}/" if place.consignment else ""
    for each in reversed(expectations_at(state, place)):
        if each.basis == "promised" and each.milestone == milestone and each.id.startswith(beginning):
            return each
    return None


def expectations_at(state: CustomerState, place: Place) -> tuple[Expectation, ...]:
    """Return the expectations of a case, or of a journey with all its consignments."""
    if place.case is not None:
        case = state.cases.get(place.case)
        return () if case is None else case.leg.expectations
    journey = None if place.journey is None else state.journeys.get(place.journey)
    if journey is None:
        return ()
    found = list(journey.own.expectations)
    for consignment in journey.consignments.values():
        found += consignment.leg.expectations
    return tuple(found)

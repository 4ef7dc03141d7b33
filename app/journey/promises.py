"""Promises: the first one is kept for ever, later ones revise it."""

from msgspec.structs import replace

from app.facts import Fact, PromiseMade
from app.ids import CaseId, JourneyId
from app.journey import cases, milestones, review
from app.journey.broken import promised_at
from app.journey.course import Leg, Place, Promise
from app.journey.turn import Revised, Turn


def promise_made(turn: Turn, fact: Fact, what: PromiseMade) -> None:
    """Take in a promise about a case, a consignment or a whole journey; a new date is told by the notice table."""
    promise = Promise(what.milestone, what.due, what.by, fact.occurred_at, what.reason)
    place = Place(fact.subject.journey, fact.subject.consignment, fact.subject.case)
    if place.case is not None:
        _for_case(turn, place.case, place.journey, promise)
    else:
        assert place.journey is not None
        keep(turn, place, promise)
        review.review_journey(turn, place.journey, None if place.consignment is None else (place.consignment,))
    tell_revision(turn, place, promise)


def _for_case(turn: Turn, name: CaseId, journey: JourneyId | None, promise: Promise) -> None:
    case = cases.known(turn, name, journey)
    turn.put_case(replace(case, leg=_with(case.leg, promise)))
    review.review_case(turn, name)


def keep(turn: Turn, place: Place, promise: Promise) -> None:
    """Put a promise to the whole journey or to one of its consignments, which it may be the first to name."""
    assert place.journey is not None
    journey = turn.state.journeys[place.journey]
    if place.consignment is None:
        turn.put_journey(replace(journey, own=_with(journey.own, promise)))
        return
    journey = milestones.with_consignment(turn, journey, place.consignment)
    consignment = journey.consignments[place.consignment]
    turn.put_consignment(journey, replace(consignment, leg=_with(consignment.leg, promise)))


def _with(leg: Leg, promise: Promise) -> Leg:
    return replace(leg, promises=(*leg.promises, promise))


def tell_revision(turn: Turn, place: Place, promise: Promise) -> None:
    """Ask for a notice when this promise gave an open expectation another date."""
    standing = promised_at(turn.state, place, promise.milestone)
    if standing is None or not standing.running or not standing.revisions:
        return
    newest = standing.revisions[-1]
    if (newest.at, newest.due) == (promise.at, promise.due):
        turn.revised.append(Revised(place, promise.milestone, promise.due))

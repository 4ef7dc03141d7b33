"""How a journey begins, what is in it, and how it ships."""

from typing import Final

from msgspec.structs import replace

from app.facts import ConsignmentPlan, ConsignmentsSplit, Fact, JourneyBegan, JourneyCancelled, LinesChanged, Party
from app.ids import JourneyId
from app.journey import grading, milestones, problems, promises, reached, review, thanks
from app.journey.course import WHOLE, Consignment, Journey, Place, Promise
from app.journey.turn import Turn

CANCELLED: Final = "cancelled"
CANCELLED_BY_MERCHANT: Final = "cancelled_by_merchant"


def journey_began(turn: Turn, fact: Fact, what: JourneyBegan) -> None:
    """Begin a journey: one consignment of everything unless it is known how it ships; its first milestone is reached.

    A purchase that follows a recovery is thanked for.
    """
    name = fact.subject.journey
    assert name is not None
    journey = Journey(
        id=name,
        kind=what.kind,
        brand=what.brand,
        began_at=fact.occurred_at,
        value=what.value,
        lines=what.lines,
        needed_by=what.needed_by,
        country=what.country,
        attributes=what.attributes,
        consignments={WHOLE: Consignment(WHOLE)},
    )
    turn.put_journey(journey)
    turn.note(f"journey {name} began")
    milestones.add(turn, name, None, turn.policy.kinds[what.kind].milestones[0], fact.occurred_at)
    take_plans(turn, fact, what)
    thanks.thank(turn, turn.state.journeys[name])


def take_plans(turn: Turn, fact: Fact, what: JourneyBegan) -> None:
    """Take how a journey ships and what it was promised, as its beginning says; also when it has begun already."""
    assert fact.subject.journey is not None
    name, at = fact.subject.journey, fact.occurred_at
    given = [
        (Place(name, each.consignment), Promise(each.milestone, each.due, each.by, at, each.reason))
        for each in what.promises
    ]
    if what.consignments:
        _split(turn, fact, what.consignments)
    for place, promise in given:
        promises.keep(turn, place, promise)
    review.review_journey(turn, name)
    for place, promise in given:
        promises.tell_revision(turn, place, promise)


def lines_changed(turn: Turn, fact: Fact, what: LinesChanged) -> None:
    """Take the journey's new lines, unless newer ones are known."""
    journey = _journey(turn, fact)
    if journey.lines_at is not None and journey.lines_at > fact.occurred_at:
        return
    value = journey.value if what.value is None else what.value
    turn.put_journey(replace(journey, lines=what.lines, value=value, lines_at=fact.occurred_at))
    turn.note(f"{journey.id}: the lines are now {len(what.lines)}")
    grading.grade_all(turn)


def consignments_split(turn: Turn, fact: Fact, what: ConsignmentsSplit) -> None:
    """Take the journey's consignments, unless a newer split is known.

    The promises of the whole are each consignment's. Problems of a consignment that is no more are resolved: its
    lines' promise goes on, from the first date, in the consignment they are now in.
    """
    if _split(turn, fact, what.consignments):
        review.review_journey(turn, _journey(turn, fact).id)


def _split(turn: Turn, fact: Fact, plans: tuple[ConsignmentPlan, ...]) -> bool:
    journey = _journey(turn, fact)
    if journey.split_at is not None and journey.split_at > fact.occurred_at:
        return False
    journey = milestones.dissolve(turn, journey)
    planned = {plan.consignment_id: _planned(journey, plan) for plan in plans}
    gone = [known for known in journey.consignments.values() if known.id not in planned]
    turn.put_journey(replace(journey, consignments=planned, split_at=fact.occurred_at))
    turn.note(f"{journey.id}: ships as {', '.join(planned)}")
    for consignment in gone:
        _leave(turn, fact, journey.id, consignment)
    return True


def _planned(journey: Journey, plan: ConsignmentPlan) -> Consignment:
    known = journey.consignments.get(plan.consignment_id) or milestones.begun(journey, plan.consignment_id)
    return replace(
        known,
        line_ids=plan.line_ids,
        carrier=plan.carrier or known.carrier,
        supplier=plan.supplier,
        planned=True,
    )


def _leave(turn: Turn, fact: Fact, journey: JourneyId, consignment: Consignment) -> None:
    for problem in tuple(turn.state.problems.values()):
        if (problem.journey, problem.consignment) == (journey, consignment.id) and problem.open:
            problems.resolve(turn, problem.id, max(fact.occurred_at, problem.opened_at))


def journey_cancelled(turn: Turn, fact: Fact, what: JourneyCancelled) -> None:
    """End what was expected of the journey, a consignment or some lines; by the merchant it is a problem as well."""
    journey = _journey(turn, fact)
    rules = reached.rules_of(turn.policy, journey)
    if milestones.is_part(journey, fact.subject.consignment, what.line_ids):
        milestones.reach_lines(turn, journey.id, what.line_ids, CANCELLED, fact.occurred_at)
    else:
        milestones.reach(turn, journey.id, fact.subject.consignment, CANCELLED, fact.occurred_at)
    if what.by is Party.MERCHANT:
        place = Place(journey.id, fact.subject.consignment)
        type_ = rules.problem_of_failure(CANCELLED_BY_MERCHANT)
        problems.open_stated(turn, place, type_, fact.id, at=fact.occurred_at, fault=what.by, line_ids=what.line_ids)


def _journey(turn: Turn, fact: Fact) -> Journey:
    assert fact.subject.journey is not None
    return turn.state.journeys[fact.subject.journey]

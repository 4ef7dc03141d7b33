"""Steps reached: noted once for each time, held against what was expected."""

from msgspec.structs import replace

from app.clock import Instant
from app.facts import Fact, MilestoneReached, Money, ParcelRef
from app.ids import ConsignmentId, JourneyId, LineId
from app.journey import extent, grading, incomparable, parts, problems, reached, refunds, remedies, review
from app.journey.course import WHOLE, Consignment, Journey, Leg, Parcel, Place, Refund
from app.journey.reached import merged, parcels_ended
from app.journey.steps import with_step
from app.journey.turn import Turn


def milestone_reached(turn: Turn, fact: Fact, what: MilestoneReached) -> None:
    """Take in a milestone of a consignment, or of the whole journey when it names none."""
    assert fact.subject.journey is not None
    if what.milestone == refunds.REFUNDED:
        _refunded(turn, fact, what.amount)
        _hand_over(turn, fact.subject.journey, fact.subject.consignment, what.parcels)
        if what.parcels:
            review.review_journey(turn, fact.subject.journey)
        return
    name = fact.subject.consignment
    if is_part(turn.state.journeys[fact.subject.journey], name, what.line_ids):
        reach_lines(turn, fact.subject.journey, what.line_ids, what.milestone, fact.occurred_at)
        news = False
    else:
        news = _noted(turn, fact.subject.journey, name, what.milestone, fact.occurred_at)
    _hand_over(turn, fact.subject.journey, name, what.parcels)
    if news or what.parcels:
        review.review_journey(turn, fact.subject.journey, None if name is None else (name,))
    _fail(turn, fact, what.milestone)


def is_part(journey: Journey, consignment: ConsignmentId | None, lines: tuple[LineId, ...]) -> bool:
    """Say whether lines are named that are not all there are, of the consignment or of the journey."""
    return bool(lines) and not {*lines}.issuperset(parts.scope_of(journey, consignment))


def reach_lines(turn: Turn, name: JourneyId, lines: tuple[LineId, ...], word: str, at: Instant) -> None:
    """Note a step of some lines alone: trouble shrinks by them, and what has no other line has reached it as well."""
    journey = turn.state.journeys[name]
    taken = {line: with_step(journey.line_steps.get(line, {}), word, at) for line in lines}
    if all(steps is journey.line_steps.get(line) for line, steps in taken.items()):
        return
    turn.put_journey(replace(journey, line_steps={**journey.line_steps, **taken}))
    turn.note(f"{name}: {word}: {', '.join(lines)}")
    journey = turn.state.journeys[name]
    for place in (*(part.id for part in journey.consignments.values() if part.line_ids), None):
        for whole in parts.all_reached(journey, parts.scope_of(journey, place), word):
            reach(turn, name, place, word, whole)
    problems.review_journey(turn, name)
    grading.grade_where(turn, lambda problem: problem.journey == name)


def _fail(turn: Turn, fact: Fact, word: str) -> None:
    """Open the problem that reaching a milestone is (the customer gave up); of several times the first one counts."""
    assert fact.subject.journey is not None
    journey = turn.state.journeys[fact.subject.journey]
    type_ = reached.rules_of(turn.policy, journey).failing.get(word)
    if type_ is None:
        return
    place = Place(journey.id, fact.subject.consignment)
    known = turn.state.problems.get(problems.problem_id(turn.state, place, type_, word))
    if known is None:
        problems.open_stated(turn, place, type_, word, at=fact.occurred_at)
    elif fact.occurred_at < known.opened_at:
        problems.date_back(turn, known.id, fact.occurred_at)


def reach(turn: Turn, journey_id: JourneyId, consignment: ConsignmentId | None, word: str, at: Instant) -> None:
    """Note a step and all that follows from it."""
    if _noted(turn, journey_id, consignment, word, at):
        review.review_journey(turn, journey_id, None if consignment is None else (consignment,))


def _noted(turn: Turn, journey_id: JourneyId, consignment: ConsignmentId | None, word: str, at: Instant) -> bool:
    if consignment is not None:
        with_consignment(turn, turn.state.journeys[journey_id], consignment)
    return add(turn, journey_id, consignment, word, at)


def _refunded(turn: Turn, fact: Fact, amount: Money | None) -> None:
    """Note a refund: it is the milestone once all of the journey, or of the consignment it names, is paid back.

    Without an amount nobody can count: then it is for all. Money of another currency is for nothing that is known.
    """
    name, consignment, at = fact.subject.journey, fact.subject.consignment, fact.occurred_at
    assert name is not None
    journey = turn.state.journeys[name]
    if amount is None or journey.value is None:
        remedies.refunded(turn, name, at, counted=False)
        reach(turn, name, consignment, refunds.REFUNDED, at)
        return
    if amount.currency != journey.value.currency:
        incomparable.paid_back(turn, journey, amount)
        return
    known = tuple(sorted({*journey.refunds, Refund(at, fact.id, amount.amount, consignment, turn.now)}))
    turn.put_journey(replace(journey, refunds=known))
    turn.note(f"{consignment or name}: {amount.amount:f} {amount.currency} paid back")
    remedies.refunded(turn, name, at, counted=True)
    owed = _owed(journey, consignment)
    before = refunds.covered_at(journey, owed, consignment)
    whole = refunds.covered_at(turn.state.journeys[name], owed, consignment)
    if whole is None or whole == before:
        problems.review_journey(turn, name)
        return
    if before is not None:
        _forget(turn, name, consignment, refunds.REFUNDED, before)
    reach(turn, name, consignment, refunds.REFUNDED, whole)


def _forget(turn: Turn, journey_id: JourneyId, consignment: ConsignmentId | None, word: str, at: Instant) -> None:
    """Let a step not have been reached at a time: it was reached earlier."""
    leg = _leg(turn, journey_id, consignment)
    times = tuple(time for time in leg.steps.get(word, ()) if time != at)
    _set_leg(turn, journey_id, consignment, replace(leg, steps={**leg.steps, word: times}))


def _owed(journey: Journey, consignment: ConsignmentId | None) -> Money | None:
    """Return what the journey, or the lines of one of its consignments, cost."""
    of = None if consignment is None else journey.consignments.get(consignment)
    if of is None or not of.line_ids or journey.value is None:
        return journey.value
    lines = tuple(line for line in journey.lines if line.line_id in of.line_ids)
    return Money(extent.price_of(lines), journey.value.currency)


def add(turn: Turn, journey_id: JourneyId, consignment: ConsignmentId | None, word: str, at: Instant) -> bool:
    """Keep a step; say whether it is news."""
    leg = _leg(turn, journey_id, consignment)
    steps = with_step(leg.steps, word, at)
    if steps is leg.steps:
        return False
    _set_leg(turn, journey_id, consignment, replace(leg, steps=steps))
    turn.note(f"{consignment or journey_id}: {word}")
    return True


def _leg(turn: Turn, journey_id: JourneyId, consignment: ConsignmentId | None) -> Leg:
    journey = turn.state.journeys[journey_id]
    return journey.own if consignment is None else journey.consignments[consignment].leg


def _set_leg(turn: Turn, journey_id: JourneyId, consignment: ConsignmentId | None, leg: Leg) -> None:
    journey = turn.state.journeys[journey_id]
    if consignment is None:
        turn.put_journey(replace(journey, own=leg))
    else:
        turn.put_consignment(journey, replace(journey.consignments[consignment], leg=leg))


def _hand_over(turn: Turn, journey_id: JourneyId, name: ConsignmentId | None, parcels: tuple[ParcelRef, ...]) -> None:
    if not parcels:
        return
    journey = turn.state.journeys[journey_id]
    for consignment in tuple(journey.consignments.values()):
        if name in {None, consignment.id}:
            known = {parcel.ref for parcel in consignment.parcels}
            new = tuple(Parcel(ref) for ref in parcels if ref not in known)
            carrier = parcels[0].carrier
            changed = replace(consignment, parcels=(*consignment.parcels, *new), carrier=carrier)
            journey = turn.put_consignment(journey, changed)


def with_consignment(turn: Turn, journey: Journey, name: ConsignmentId) -> Journey:
    """Return the journey with a consignment of this name; the first one named takes the place of the whole."""
    if name in journey.consignments:
        return journey
    journey = dissolve(turn, journey)
    changed = replace(journey, consignments={**journey.consignments, name: begun(journey, name)})
    turn.put_journey(changed)
    return changed


def begun(journey: Journey, name: ConsignmentId) -> Consignment:
    """Return a new consignment; movements of the whole journey before the split are its own."""
    if journey.unsplit is None:
        return Consignment(name)
    inherited = tuple(
        replace(known, id=f"{name}{known.id}", breached_at=None, withdrawn_at=None)
        for known in journey.unsplit.expectations
    )
    return Consignment(name, leg=replace(journey.unsplit, steps={}, promises=(), expectations=inherited))


def dissolve(turn: Turn, journey: Journey) -> Journey:
    """Return the journey without its consignment of everything.

    What the whole has reached becomes the journey's own. What it was accused of is taken back: each consignment
    answers for itself, from the same first promise.
    """
    whole = journey.consignments.get(WHOLE)
    if whole is None:
        return journey
    steps = merged(journey.own.steps, merged(whole.leg.steps, parcels_ended(whole)))
    promises = (*journey.own.promises, *whole.leg.promises)
    own = replace(journey.own, steps=steps, promises=promises)
    others = {name: known for name, known in journey.consignments.items() if name != WHOLE}
    changed = replace(journey, own=own, consignments=others, unsplit=whole.leg)
    turn.put_journey(changed)
    for broken in whole.leg.expectations:
        if broken.breached_at is not None and broken.withdrawn_at is None:
            problems.withdraw(turn, problems.breach_id(turn.state, Place(journey.id), broken))
    return changed

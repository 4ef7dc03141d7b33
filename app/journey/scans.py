"""What a carrier's scan does: movement, milestones, stated failures. Unknown clears nothing, failure ends nothing."""

from typing import Final

from msgspec.structs import replace

from app.clock import Instant
from app.facts import Fact, ParcelRef, Party, Scanned, ScanStatus
from app.ids import ConsignmentId
from app.journey import milestones, problems, reached, review
from app.journey.course import Consignment, Expectation, Journey, Leg, Parcel, Place
from app.journey.expecting import View, expectations_of, split_gap
from app.journey.failures import end_waits
from app.journey.outlook import CONSIGNMENT, outlook_of
from app.journey.steps import with_span, with_step
from app.journey.trouble import Problem
from app.journey.turn import Turn

MOVING: Final = frozenset(
    {
        ScanStatus.ACCEPTED,
        ScanStatus.IN_TRANSIT,
        ScanStatus.OUT_FOR_DELIVERY,
        ScanStatus.AVAILABLE_FOR_PICKUP,
        ScanStatus.ATTEMPT_FAILED,
        ScanStatus.DELIVERED,
        ScanStatus.PICKED_UP,
        ScanStatus.RETURNING,
        ScanStatus.RETURNED,
    }
)
"""Statuses that show a parcel on its way; not unknown, not a failure, not what comes before or instead of it."""


def scanned(turn: Turn, fact: Fact, what: Scanned) -> None:
    """Take in a scan of a consignment's parcel, or of the journey's when it does not say which."""
    assert fact.subject.journey is not None
    journey = turn.state.journeys[fact.subject.journey]
    for name in _scanned_consignments(journey, fact.subject.consignment, what):
        _scan(turn, fact, what, name)


def _scanned_consignments(journey: Journey, named: ConsignmentId | None, what: Scanned) -> tuple[ConsignmentId, ...]:
    """Return whose scan it is: the named one's, the one's that holds the parcel, else of all that there are."""
    if named is not None:
        return (named,)
    holding = tuple(
        consignment.id
        for consignment in journey.consignments.values()
        if any(parcel.ref.tracking_number == what.tracking_number for parcel in consignment.parcels)
    )
    return holding or tuple(journey.consignments)


def _scan(turn: Turn, fact: Fact, what: Scanned, name: ConsignmentId) -> None:
    """Work out all that a scan changes on the consignment itself, and put it back once."""
    assert fact.subject.journey is not None
    journey = milestones.with_consignment(turn, turn.state.journeys[fact.subject.journey], name)
    outlook = outlook_of(turn.policy, journey.kind, CONSIGNMENT)
    known = journey.consignments[name]
    seen = _seen_at(known, fact.occurred_at, what.location)
    word = outlook.kind.scan_milestones.get(what.status)
    changed = seen if word is None else _with_milestone(turn, journey, seen, what, word, fact.occurred_at)
    news = word is not None and changed is not seen and _is_news(seen, changed, word, fact.occurred_at)
    moves = what.status in MOVING
    if moves:
        _move(turn, journey, changed, fact.occurred_at, news=news)
    elif changed is not known:
        turn.put_consignment(journey, changed)
    if news:
        review.review_journey(turn, journey.id, () if moves else (name,))
    elif moves:
        problems.review_moved(turn, journey.id, name, fact.occurred_at)
    _stated_failure(turn, fact, what, name)


def _seen_at(consignment: Consignment, at: Instant, location: str | None) -> Consignment:
    if location is None or (consignment.last_seen is not None and (at, location) <= consignment.last_seen):
        return consignment
    return replace(consignment, last_seen=(at, location))


def _with_milestone(
    turn: Turn, journey: Journey, consignment: Consignment, what: Scanned, word: str, at: Instant
) -> Consignment:
    """Keep the milestone that a scan reached; a terminal one is the parcel's, and the consignment's with the last."""
    if what.tracking_number is None or word not in outlook_of(turn.policy, journey.kind, CONSIGNMENT).terminals:
        return _with_span(turn, journey, consignment, word, at)
    well = word in outlook_of(turn.policy, journey.kind, CONSIGNMENT).kind.completes_on
    parcels = _with_end(consignment.parcels, ParcelRef(what.carrier, what.tracking_number), word, at, well=well)
    if parcels == consignment.parcels:
        return consignment
    before = reached.of_consignment(journey, consignment)
    changed = replace(consignment, parcels=parcels, carrier=consignment.carrier or what.carrier)
    after = reached.of_consignment(journey, changed)
    if word in after and word not in before:
        turn.note(f"{consignment.id or journey.id}: {word}")
    elif word not in after:
        turn.note(f"{consignment.id or journey.id}: one parcel {word}, {_still_out(changed)} still on the way")
    return changed


def _with_span(turn: Turn, journey: Journey, consignment: Consignment, word: str, at: Instant) -> Consignment:
    """Keep the first and last time of a step that scans repeat."""
    leg = consignment.leg
    steps = with_span(leg.steps, word, at)
    if steps is leg.steps:
        return consignment
    if word not in leg.steps:
        turn.note(f"{consignment.id or journey.id}: {word}")
    return replace(consignment, leg=replace(leg, steps=steps))


def _is_news(before: Consignment, after: Consignment, word: str, at: Instant) -> bool:
    """Say whether a scan told more than that a step has lasted: of one that scans repeat only an earlier beginning."""
    return after.parcels is not before.parcels or after.leg.steps[word][0] == at


def _with_end(parcels: tuple[Parcel, ...], ref: ParcelRef, word: str, at: Instant, *, well: bool) -> tuple[Parcel, ...]:
    parcel = next((known for known in parcels if known.ref == ref), None)
    if parcel is None:
        return (*parcels, Parcel(ref, {word: at}))
    first = parcel.ended.get(word, at)
    again = with_step(parcel.again, word, max(at, first)) if well and at != first else parcel.again
    ended = replace(parcel, ended={**parcel.ended, word: min(at, first)}, again=again)
    return tuple(ended if known is parcel else known for known in parcels)


def _still_out(consignment: Consignment) -> int:
    return sum(1 for parcel in consignment.parcels if not parcel.ended)


def _move(turn: Turn, journey: Journey, consignment: Consignment, at: Instant, *, news: bool) -> None:
    """Note a movement: the gap it falls into is split. What waits for the first one, or for `news`, is taken anew."""
    leg = consignment.leg
    steps = reached.of_consignment(journey, consignment)
    view = reached.view_of_consignment(turn.policy, journey, consignment, steps)
    wanted = _with_gaps_split(view, leg, at)
    first = at if leg.first_moved is None else min(leg.first_moved, at)
    last = at if leg.last_moved is None else max(leg.last_moved, at)
    moved = replace(consignment, leg=replace(leg, first_moved=first, last_moved=last))
    if first != leg.first_moved:
        view = reached.view_of_consignment(turn.policy, journey, moved, steps)
    if news or first != leg.first_moved:
        wanted = expectations_of(view, wanted)
    review.take_consignment(turn, journey, moved, wanted)


def _with_gaps_split(view: View, leg: Leg, at: Instant) -> tuple[Expectation, ...]:
    wanted = leg.expectations
    for watched in view.outlook.gaps:
        name = watched.rule.id
        mine: list[Expectation] = []
        others: list[Expectation] = []
        for known in wanted:
            (mine if known.rule == name else others).append(known)
        wanted = (*others, *split_gap(view, watched, tuple(mine), leg.first_moved, at))
    return wanted


def _stated_failure(turn: Turn, fact: Fact, what: Scanned, name: ConsignmentId) -> None:
    """Open the problem that a scan states (`lost`, `returning`); said again while it is open, it is the same one."""
    assert fact.subject.journey is not None
    journey = turn.state.journeys[fact.subject.journey]
    failures = reached.rules_of(turn.policy, journey).scan_failures
    failed = failures.get(what.sub_status or "") or failures.get(what.status)
    if failed is None or what.status is ScanStatus.UNKNOWN:
        return
    end_waits(turn, journey.id, name, failed.problem, fact.occurred_at)
    place = Place(journey.id, name or None)
    fault = (failed.fault or what.fault) if what.fault is Party.UNKNOWN else what.fault
    if not any(_says(problem, place, failed.problem) for problem in turn.state.problems.values()):
        problems.open_stated(turn, place, failed.problem, fact.id, at=fact.occurred_at, fault=fault)


def _says(problem: Problem, place: Place, type_: str) -> bool:
    here = (problem.journey, problem.consignment) == (place.journey, place.consignment)
    return here and problem.type == type_ and problem.open

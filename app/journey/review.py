"""Hold what was reached against what was expected, after anything that bears on it was learnt."""

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from app.clock import to_iso
from app.ids import CaseId, ConsignmentId, JourneyId
from app.journey import problems, reached
from app.journey.brands import brand_of
from app.journey.course import WHOLE, Consignment, Expectation, Journey, Place
from app.journey.expecting import View, expectations_of
from app.journey.status import status_of
from app.journey.turn import Turn


def review_journey(turn: Turn, name: JourneyId, reviewed: ConsignmentId | None = None) -> None:
    """Review a journey as such and every consignment of it but the one that has just been."""
    journey = turn.state.journeys[name]
    if journey.own.expectations or reached.expects_as_such(turn.policy, journey):
        _review_as_such(turn, journey)
    for consignment in tuple(journey.consignments):
        if consignment != reviewed:
            _review_consignment(turn, name, consignment)
    _take_status(turn, name)
    problems.review_journey(turn, name)


def _review_as_such(turn: Turn, journey: Journey) -> None:
    wanted = expectations_of(reached.view_of_journey(turn.policy, journey), journey.own.expectations)
    kept = reconciled(turn, Place(journey.id), journey.own.expectations, wanted)
    if kept != journey.own.expectations:
        turn.put_journey(replace(journey, own=replace(journey.own, expectations=kept)))


def _take_status(turn: Turn, name: JourneyId) -> None:
    journey = turn.state.journeys[name]
    status = status_of(reached.rules_of(turn.policy, journey), journey)
    if status != journey.status:
        turn.put_journey(replace(journey, status=status))


def _review_consignment(turn: Turn, name: JourneyId, consignment_id: ConsignmentId) -> None:
    journey = turn.state.journeys[name]
    consignment = journey.consignments[consignment_id]
    view = reached.view_of_consignment(turn.policy, journey, consignment)
    set_expectations(turn, journey, consignment, expectations_of(view, consignment.leg.expectations))


def set_expectations(turn: Turn, journey: Journey, consignment: Consignment, wanted: tuple[Expectation, ...]) -> None:
    """Take a consignment's expectations as they should stand."""
    known = consignment.leg.expectations
    place = Place(journey.id, consignment.id or None)
    kept = reconciled(turn, place, known, wanted)
    if kept != known:
        turn.put_consignment(journey, replace(consignment, leg=replace(consignment.leg, expectations=kept)))


def review_case(turn: Turn, name: CaseId) -> None:
    """Review a case."""
    case = turn.state.cases[name]
    journey = None if case.journey is None else turn.state.journeys.get(case.journey)
    brand = brand_of(turn.policy, turn.state, case.journey)
    country = brand.country if journey is None else reached.country_of(turn.policy, journey)
    view: View = reached.view_of_case(turn.policy, case, country)
    place = Place(case.journey, None, name)
    kept = reconciled(turn, place, case.leg.expectations, expectations_of(view, case.leg.expectations))
    if kept != case.leg.expectations:
        turn.put_case(replace(case, leg=replace(case.leg, expectations=kept)))
    problems.review_case(turn, name)


def reconciled(
    turn: Turn, place: Place, known: tuple[Expectation, ...], wanted: Iterable[Expectation]
) -> tuple[Expectation, ...]:
    """Return the expectations that stand: what has breached stays on record, and is withdrawn when it was kept."""
    before = {expectation.key: expectation for expectation in known}
    kept = [_joined(turn, place, expectation, before.pop(expectation.key, None)) for expectation in wanted]
    return (*kept, *_gone(turn, place, before.values()))


def _joined(turn: Turn, place: Place, wanted: Expectation, known: Expectation | None) -> Expectation:
    if known is None:
        if wanted.basis == "promised":
            turn.note(f"{_whose(place)}{wanted.milestone} promised before {to_iso(wanted.first_due)}")
        return wanted
    if len(wanted.revisions) > len(known.revisions):
        turn.note(f"{_whose(place)}{wanted.milestone} now promised before {to_iso(wanted.due)}")
    joined = wanted
    if known.withdrawn_at is not None and not wanted.kept:
        return replace(wanted, lapses=known.lapses + 1)
    if known.breached_at is not None or known.withdrawn_at is not None or known.lapses:
        joined = replace(wanted, breached_at=known.breached_at, withdrawn_at=known.withdrawn_at, lapses=known.lapses)
    if joined.kept and joined.breached_at is not None and joined.withdrawn_at is None:
        return _withdrawn(turn, place, joined)
    return joined


def _gone(turn: Turn, place: Place, leftover: Iterable[Expectation]) -> Iterator[Expectation]:
    for expectation in leftover:
        if expectation.withdrawn_at is not None:
            yield expectation
        elif expectation.breached_at is not None:
            yield _withdrawn(turn, place, expectation)


def _withdrawn(turn: Turn, place: Place, expectation: Expectation) -> Expectation:
    turn.note(f"{_whose(place)}{expectation.milestone} was in time: the breach is withdrawn")
    problems.withdraw(turn, problems.breach_id(turn.state, place, expectation))
    return replace(expectation, withdrawn_at=turn.now)


def breach(turn: Turn, place: Place, expectation: Expectation) -> None:
    """Let an expectation run out: on record, and a problem if its type says so."""
    broken = replace(expectation, breached_at=expectation.first_due)
    _replace_expectation(turn, place, expectation, broken)
    turn.note(f"{_whose(place)}{expectation.milestone} was due at {to_iso(expectation.first_due)} and has not come")
    if expectation.problem:
        problems.open_breach(turn, place, broken)


def _replace_expectation(turn: Turn, place: Place, old: Expectation, new: Expectation) -> None:
    def changed(known: tuple[Expectation, ...]) -> tuple[Expectation, ...]:
        return tuple(new if each.key == old.key else each for each in known)

    if place.case is not None:
        case = turn.state.cases[place.case]
        turn.put_case(replace(case, leg=replace(case.leg, expectations=changed(case.leg.expectations))))
        return
    assert place.journey is not None
    journey = turn.state.journeys[place.journey]
    if place.consignment is None and _in_own(journey, old):
        turn.put_journey(replace(journey, own=replace(journey.own, expectations=changed(journey.own.expectations))))
        return
    consignment = journey.consignments[place.consignment or WHOLE]
    leg = replace(consignment.leg, expectations=changed(consignment.leg.expectations))
    turn.put_consignment(journey, replace(consignment, leg=leg))


def _in_own(journey: Journey, expectation: Expectation) -> bool:
    return any(each.key == expectation.key for each in journey.own.expectations)


def _whose(place: Place) -> str:
    part = place.consignment or place.case or place.journey
    return f"{part}: " if part else ""

"""Hold what was reached against what was expected, after anything that bears on it was learnt."""

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from app.clock import to_iso
from app.ids import CaseId, ConsignmentId, JourneyId
from app.journey import problems, reached
from app.journey.brands import brand_of
from app.journey.course import WHOLE, Consignment, Expectation, Journey, Place, Steps
from app.journey.expecting import View, expectations_of
from app.journey.status import status_of
from app.journey.steps import was_kept
from app.journey.turn import Turn


def review_journey(turn: Turn, name: JourneyId, consignments: tuple[ConsignmentId, ...] | None = None) -> None:
    """Review a journey as such and its consignments: all of them, or those named when only they have changed.

    What a consignment is expected to reach does not depend on what has become of another.
    """
    journey = turn.state.journeys[name]
    if journey.own.expectations or reached.expects_as_such(turn.policy, journey):
        _review_as_such(turn, journey)
    steps = {each.id: reached.of_consignment(journey, each) for each in journey.consignments.values()}
    for consignment in steps if consignments is None else consignments:
        _review_consignment(turn, name, consignment, steps[consignment])
    _take_status(turn, name, steps.values())
    problems.review_journey(turn, name)


def _review_as_such(turn: Turn, journey: Journey) -> None:
    wanted = expectations_of(reached.view_of_journey(turn.policy, journey), journey.own.expectations)
    kept = reconciled(turn, Place(journey.id), journey.own.expectations, wanted)
    if kept != journey.own.expectations:
        turn.put_journey(replace(journey, own=replace(journey.own, expectations=kept)))


def _take_status(turn: Turn, name: JourneyId, consignments: Iterable[Steps]) -> None:
    journey = turn.state.journeys[name]
    status = status_of(reached.rules_of(turn.policy, journey), journey, consignments)
    if status != journey.status:
        turn.put_journey(replace(journey, status=status))


def _review_consignment(turn: Turn, name: JourneyId, consignment_id: ConsignmentId, steps: Steps) -> None:
    journey = turn.state.journeys[name]
    consignment = journey.consignments[consignment_id]
    view = reached.view_of_consignment(turn.policy, journey, consignment, steps)
    known = consignment.leg.expectations
    kept = reconciled(turn, Place(journey.id, consignment.id or None), known, expectations_of(view, known))
    if kept != known:
        turn.put_consignment(journey, replace(consignment, leg=replace(consignment.leg, expectations=kept)))


def take_consignment(turn: Turn, journey: Journey, changed: Consignment, wanted: tuple[Expectation, ...]) -> None:
    """Take a consignment's new value, with its expectations as they should stand."""
    known = changed.leg.expectations
    if not _undisputed(known):
        # to take an accusation back the turn looks at the state
        turn.put_consignment(journey, changed)
        journey = turn.state.journeys[journey.id]
    kept = reconciled(turn, Place(journey.id, changed.id or None), known, wanted)
    if kept != known:
        changed = replace(changed, leg=replace(changed.leg, expectations=kept))
    if changed is not journey.consignments[changed.id]:
        turn.put_consignment(journey, changed)


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
    turn: Turn, place: Place, known: tuple[Expectation, ...], wanted: tuple[Expectation, ...]
) -> tuple[Expectation, ...]:
    """Return the expectations that stand: what has breached stays on record, and is withdrawn when it was kept."""
    if _undisputed(known):
        for each in wanted:
            if each.basis == "promised":
                _note_promise(turn, place, each, _same(known, each))
        return wanted
    before = {(each.id, each.first_due): each for each in known}
    kept = [_joined(turn, place, each, before.pop((each.id, each.first_due), None)) for each in wanted]
    return (*kept, *_gone(turn, place, before.values()))


def _undisputed(known: tuple[Expectation, ...]) -> bool:
    """Say whether nothing of it was ever broken: then what is wanted stands."""
    for each in known:  # noqa: SIM110 - a generator costs three times as much, and every fact asks
        if each.breached_at is not None or each.withdrawn_at is not None or each.lapses:
            return False
    return True


def _same(known: tuple[Expectation, ...], wanted: Expectation) -> Expectation | None:
    for each in known:
        if each.first_due == wanted.first_due and each.id == wanted.id:
            return each
    return None


def _note_promise(turn: Turn, place: Place, wanted: Expectation, known: Expectation | None) -> None:
    if known is None:
        turn.note(f"{_whose(place)}{wanted.milestone} promised before {to_iso(wanted.first_due)}")
    elif len(wanted.revisions) > len(known.revisions):
        turn.note(f"{_whose(place)}{wanted.milestone} now promised before {to_iso(wanted.due)}")


def _joined(turn: Turn, place: Place, wanted: Expectation, known: Expectation | None) -> Expectation:
    if wanted.basis == "promised":
        _note_promise(turn, place, wanted, known)
    if known is None:
        return wanted
    joined = wanted
    if known.withdrawn_at is not None and not was_kept(wanted):
        return replace(wanted, lapses=known.lapses + 1)
    if known.breached_at is not None or known.withdrawn_at is not None or known.lapses:
        joined = replace(wanted, breached_at=known.breached_at, withdrawn_at=known.withdrawn_at, lapses=known.lapses)
    if was_kept(joined) and joined.breached_at is not None and joined.withdrawn_at is None:
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

"""Cases: their own life, derived from all their turns in the order they happened, and what is expected of the desk."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from msgspec.structs import replace

from app.clock import Instant
from app.facts import (
    CaseAssigned,
    CaseClosed,
    CaseOpened,
    CasePriorityChanged,
    CaseReopened,
    CaseResolved,
    CaseWaiting,
    EvidenceAttached,
    Fact,
    HoldAudioPlayed,
    SatisfactionAnswered,
)
from app.ids import CaseId, JourneyId, ProblemId
from app.journey import desk, grading, ping_pong, problems, review, staying
from app.journey.course import Assignment, Case, CaseTurn, Place, Wait
from app.journey.desk import ENDS
from app.journey.steps import with_step
from app.journey.turn import Turn

OPENED: Final = "opened"
COMPLAINT: Final = "complaint"
CONTACT: Final = "contact"

_MOST_TURNS: Final = 64


class Life(NamedTuple):
    """Where a case's own problem stands."""

    resolved_at: Instant | None
    reopened: int
    reopened_at: Instant | None


def life_of(turns: Iterable[CaseTurn]) -> Life:
    """Return what the turns come to, in the order they happened: a message after the end reopens."""
    resolved: Instant | None = None
    reopened = 0
    reopened_at: Instant | None = None
    for turn in turns:
        if turn.word in ENDS:
            resolved = turn.at if resolved is None else resolved
        elif resolved is not None:
            resolved, reopened, reopened_at = None, reopened + 1, turn.at
    return Life(resolved, reopened, reopened_at)


def _openings(case: Case) -> tuple[Instant, ...]:
    """Return when a case was opened, and opened again."""
    again = (
        life_of(case.turns[: place + 1]).reopened_at for place, each in enumerate(case.turns) if each.word not in ENDS
    )
    return tuple(sorted({at for at in (case.opened_at, *again) if at is not None}))


def _with_openings(case: Case) -> Case:
    """Return a case whose openings are steps: what is expected of a case is expected anew when it is opened again."""
    steps = {word: times for word, times in case.leg.steps.items() if word != OPENED}
    openings = _openings(case)
    return replace(case, leg=replace(case.leg, steps={**steps, OPENED: openings} if openings else steps))


def known(turn: Turn, name: CaseId, journey: JourneyId | None) -> Case:
    """Return a case, begun provisionally when its opening is not known yet; its journey is kept once named."""
    case = turn.state.cases.get(name) or Case(name)
    adopted = journey is not None and case.journey is None
    if adopted:
        case = replace(case, journey=journey)
    if turn.state.cases.get(name) is not case:
        turn.put_case(case)
    if adopted:
        problems.adopt(turn, name, journey)
    return case


def _of(turn: Turn, fact: Fact) -> Case:
    assert fact.subject.case is not None
    return known(turn, fact.subject.case, fact.subject.journey)


def case_opened(turn: Turn, fact: Fact, what: CaseOpened) -> None:
    """Open a case and the problem that it is; of several openings the earliest counts."""
    case = _of(turn, fact)
    if case.opened_at is None or fact.occurred_at < case.opened_at:
        _open(turn, fact, what, case)
    if what.desk is not None:
        _assign(turn, case.id, Assignment(fact.occurred_at, _event(fact), what.desk))
    _live(turn, case.id)


def _open(turn: Turn, fact: Fact, what: CaseOpened, case: Case) -> None:
    opened = replace(
        case,
        opened_at=fact.occurred_at,
        topic=what.topic,
        channel=what.channel,
        complaint=what.complaint,
        priority=case.priority if case.priority_at is not None else what.priority,
    )
    turn.put_case(_with_openings(opened))
    turn.note(f"{case.id}: opened")
    type_ = COMPLAINT if what.complaint else CONTACT
    own = own_problem(turn, case.id)
    if own is not None and turn.state.problems[own].type == type_:
        problems.date_back(turn, own, fact.occurred_at)
        return
    if own is not None:
        problems.withdraw(turn, own)
    place = Place(opened.journey, fact.subject.consignment, case.id)
    problems.open_stated(turn, place, type_, case.id, at=fact.occurred_at, of_case=True)


def own_problem(turn: Turn, name: CaseId) -> ProblemId | None:
    """Return the problem that a case is."""
    own = (each for each in turn.state.problems.values() if each.of_case and each.case == name)
    return next((each.id for each in own if each.withdrawn_at is None), None)


def took_turn(turn: Turn, fact: Fact, word: str) -> None:
    """Note a turn in a case's life and what follows for its problem and the desk."""
    case = _of(turn, fact)
    turns = tuple(sorted({*case.turns, CaseTurn(fact.occurred_at, _event(fact), word)})[-_MOST_TURNS:])
    steps = with_step(case.leg.steps, word, fact.occurred_at) if word in ENDS else case.leg.steps
    turn.put_case(_with_openings(replace(case, turns=turns, leg=replace(case.leg, steps=steps))))
    if word != "message":
        turn.note(f"{case.id}: {word}")
    _live(turn, case.id)


def _event(fact: Fact) -> str:
    """Return the sender's id of the event, without its kind: what the sender numbered on stays in its order."""
    return fact.id.partition(":")[2]


def _live(turn: Turn, name: CaseId) -> None:
    review.review_case(turn, name)
    own = own_problem(turn, name)
    if own is None:
        return
    life = life_of(turn.state.cases[name].turns)
    problem = turn.state.problems[own]
    if life.reopened > problem.reopened and life.reopened_at is not None:
        problems.reopen(turn, own, life.reopened_at, life.reopened)
        problem = turn.state.problems[own]
    if life.resolved_at is not None and problem.written_off_at is None:
        problems.resolve_at(turn, own, life.resolved_at)


def case_resolved(turn: Turn, fact: Fact, _: CaseResolved) -> None:
    """Take in that the desk calls it solved."""
    took_turn(turn, fact, "resolved")


def case_closed(turn: Turn, fact: Fact, _: CaseClosed) -> None:
    """Take in that the desk has closed it."""
    took_turn(turn, fact, "closed")


def case_reopened(turn: Turn, fact: Fact, _: CaseReopened) -> None:
    """Open it again."""
    took_turn(turn, fact, "reopened")


def case_assigned(turn: Turn, fact: Fact, what: CaseAssigned) -> None:
    """Note its new desk; too many desks without an answer are a problem of their own."""
    case = _of(turn, fact)
    _assign(turn, case.id, Assignment(fact.occurred_at, _event(fact), what.desk))


def _assign(turn: Turn, name: CaseId, assignment: Assignment) -> None:
    case = turn.state.cases[name]
    if assignment in case.desks:
        return
    turn.put_case(replace(case, desks=tuple(sorted({*case.desks, assignment}))))
    turn.note(f"{name}: with {assignment.desk}")
    staying.handed(turn, turn.state.cases[name], assignment)
    ping_pong.review(turn, name)


def priority_changed(turn: Turn, fact: Fact, what: CasePriorityChanged) -> None:
    """Take the desk's newest priority: its problems may be worse than thought."""
    case = _of(turn, fact)
    if case.priority_at is not None and case.priority_at > fact.occurred_at:
        return
    turn.put_case(replace(case, priority=what.priority, priority_at=fact.occurred_at))
    if case.priority != what.priority:
        turn.note(f"{case.id}: priority {what.priority}")
    grading.grade_where(turn, lambda problem: problem.case == case.id)


def case_waiting(turn: Turn, fact: Fact, what: CaseWaiting) -> None:
    """Note whom it waits for outside the desk: no answer to the customer, but what they owe is expected of them."""
    case = _of(turn, fact)
    waits = desk.with_wait(case, Wait(fact.occurred_at, _event(fact), what.waiting_for))
    if waits.waits == case.waits:
        return
    turn.put_case(waits)
    if desk.waiting_for(waits) != desk.waiting_for(case):
        turn.note(f"{case.id}: waits for {desk.waiting_for(waits)}")
    review.review_case(turn, case.id)


def evidence_attached(turn: Turn, fact: Fact, what: EvidenceAttached) -> None:
    """Evidence is kept by reference."""
    case = _of(turn, fact)
    if what.reference not in case.evidence:
        turn.put_case(replace(case, evidence=(*case.evidence, what.reference)))
        turn.note(f"{case.id}: evidence attached")


def satisfaction_answered(turn: Turn, fact: Fact, what: SatisfactionAnswered) -> None:
    """Keep what the customer thought of it."""
    if fact.subject.case is not None:
        case = _of(turn, fact)
        turn.put_case(replace(case, score=(what.score, what.scale)))
    turn.note(f"satisfaction: {what.score} of {what.scale}")


def hold_audio_played(turn: Turn, fact: Fact, _: HoldAudioPlayed) -> None:
    """Note that there is such a case; what a caller hears says no more about it."""
    if fact.subject.case is not None:
        _of(turn, fact)


def effort(turn: Turn, journey: JourneyId | None, case: CaseId | None) -> None:
    """Grade anew what the customer had to get in touch about."""
    grading.grade_where(
        turn,
        lambda problem: (
            (journey is None and case is None)
            or (journey is not None and problem.journey == journey)
            or (case is not None and problem.case == case)
        ),
    )

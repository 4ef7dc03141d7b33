"""The life of a problem: opened, resolved, reopened, withdrawn, recovered.

When it was opened and resolved is told by what happened (`occurred_at`); recovery and holds by what we knew.
"""

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from app.clock import Instant, to_iso
from app.facts import Party
from app.ids import CaseId, ConsignmentId, JourneyId, LineId, ProblemId
from app.journey import causes, escalations, grading, notices, parts, progress, reached, redelivered, thanks
from app.journey.broken import broken_by
from app.journey.course import MOVEMENT, Expectation, Place
from app.journey.extent import lines_of, lost_money, sorted_problems, steps_for
from app.journey.named import named
from app.journey.refunds import REFUNDED, covered_at
from app.journey.state import CustomerState
from app.journey.trouble import Problem
from app.journey.turn import Turn

_MAKING_GOOD: Final = frozenset({"recovery", "exception"})


def problem_id(state: CustomerState, place: Place, type_: str, what: str) -> ProblemId:
    """Return the id of a problem: the same wrong has the same one, whenever and under whatever name it is learnt."""
    of = place.case or place.journey or ""
    return ProblemId(named(state, state.problems, "problem", of, type_, place.consignment or "", what))


def breach_id(state: CustomerState, place: Place, expectation: Expectation) -> ProblemId:
    """Return the id of the problem that the breach of an expectation opens."""
    return problem_id(state, place, expectation.problem, f"{expectation.id}@{expectation.first_due}")


def cause_of(turn: Turn, place: Place, type_: str, what: str = "") -> str:
    """Return what joins problems of one cause: the journey or case, the consignment and the type's cause group.

    A type that is a cause of its own each time has `what` tells the times apart in it.
    """
    rules = turn.policy.problems[type_]
    anew = f"/{what}" if rules.anew and what else ""
    return f"{place.journey or place.case or ''}/{place.consignment or ''}/{rules.cause_group}{anew}"


def open_breach(turn: Turn, place: Place, expectation: Expectation) -> None:
    """Open the problem of a broken expectation, as of its deadline."""
    problem = _new(turn, place, expectation.problem, breach_id(turn.state, place, expectation), expectation.first_due)
    open_(turn, replace(problem, expectation=expectation.id, first_due=expectation.first_due))


def open_stated(
    turn: Turn,
    place: Place,
    type_: str,
    what: str,
    *,
    at: Instant,
    fault: Party = Party.UNKNOWN,
    line_ids: tuple[LineId, ...] = (),
    of_case: bool = False,
    location: str | None = None,
) -> None:
    """Open the problem that somebody stated; `what` tells it from others of its type in the same place."""
    stated = replace(
        _new(turn, place, type_, problem_id(turn.state, place, type_, what), at, what),
        line_ids=line_ids,
        of_case=of_case,
        location=location,
    )
    blame = stated.fault if fault is Party.UNKNOWN else fault
    open_(turn, replace(stated, fault=blame, cause=causes.cause_of_stated(turn.policy, turn.state, stated, what)))


def _new(turn: Turn, place: Place, type_: str, name: ProblemId, at: Instant, what: str = "") -> Problem:
    return Problem(
        id=name,
        type=type_,
        cause=cause_of(turn, place, type_, what),
        fault=turn.policy.problems[type_].fault,
        opened_at=at,
        known_at=turn.now,
        journey=place.journey,
        consignment=place.consignment or None,
        case=place.case,
    )


def open_(turn: Turn, problem: Problem) -> None:
    """Open a problem: grade it, hold, tell, escalate, and settle at once what is already known to resolve it."""
    known = turn.state.problems.get(problem.id)
    if known is not None and known.withdrawn_at is None:
        return
    turn.put_problem(problem)
    turn.causes[problem.cause] = None
    grading.grade(turn, problem.id, opening=True)
    opened = turn.state.problems[problem.id]
    turn.note(f"problem {opened.type} opened{_where(opened)} as of {to_iso(opened.opened_at)}, {_how_bad(opened)}")
    turn.request("opened", problem.id)
    progress.begin(turn, problem.id)
    grading.grade_related(turn, opened)
    escalations.on_opened(turn, problem.id)
    review(turn, problem.id)


def adopt(turn: Turn, case: CaseId, journey: JourneyId | None) -> None:
    """Let the problems of a case be the journey's too, once it is known which; what was made good stays so."""
    for problem in sorted_problems(turn.state):
        if problem.case == case and problem.journey is None:
            cause = cause_of(turn, Place(journey, problem.consignment, case), problem.type, _what(problem))
            given = any(remedy.cause == problem.cause for remedy in turn.state.remedies.values())
            turn.put_problem(replace(problem, journey=journey, cause=problem.cause if given else cause))
            if problem.active:
                grading.grade(turn, problem.id)
                grading.grade_related(turn, turn.state.problems[problem.id])


def _what(problem: Problem) -> str:
    """Return what tells a cause from others of its group, when each time is a cause of its own."""
    return problem.cause.partition("/")[2].partition("/")[2].partition("/")[2]


def date_back(turn: Turn, name: ProblemId, at: Instant) -> None:
    """Let a problem have begun earlier than was known."""
    turn.put_problem(replace(turn.state.problems[name], opened_at=at))
    grading.grade(turn, name)
    grading.grade_related(turn, turn.state.problems[name])


def review(turn: Turn, name: ProblemId) -> None:
    """Resolve a problem that something known has resolved; an earlier resolution than the known one counts."""
    problem = turn.state.problems[name]
    at = None if problem.of_case else _resolution(turn, problem)
    if at is not None:
        resolve_at(turn, name, at)


def resolve_at(turn: Turn, name: ProblemId, at: Instant) -> None:
    """Resolve a problem, or let it have been resolved earlier than was known; what is over is only dated."""
    problem = turn.state.problems[name]
    if problem.resolved_at is None:
        resolve(turn, name, at)
    elif at < problem.resolved_at:
        turn.put_problem(replace(problem, resolved_at=at))
        turn.note(f"problem {problem.type} was resolved earlier: {to_iso(at)}")
        _grade_what_was_stated_since(turn, problem)
        if problem.active:
            grading.grade(turn, name)
        grading.grade(turn, name)


def _grade_what_was_stated_since(turn: Turn, problem: Problem) -> None:
    """Grade the rest of the journey anew: what was stated after this was over is a failure of its own."""
    if problem.expectation is None and problem.case is None:
        grading.grade_related(turn, problem)


def review_journey(turn: Turn, journey: JourneyId) -> None:
    """Review the problems of a journey: solve what is solved, and grade anew what a part that came has shrunk."""
    for problem in _standing(turn.state):
        if problem.journey == journey:
            review(turn, problem.id)
            if problem.consignment is None:
                grading.grade(turn, problem.id)


def review_case(turn: Turn, case: CaseId) -> None:
    """Review the problems of a case but its own, whose life the case itself decides."""
    for problem in _standing(turn.state):
        if problem.case == case:
            review(turn, problem.id)


def review_elsewhere(turn: Turn) -> None:
    """Review the problems that are of no journey and no case."""
    for problem in _standing(turn.state):
        if problem.journey is None and problem.case is None:
            review(turn, problem.id)


def review_moved(turn: Turn, journey: JourneyId, consignment: ConsignmentId, at: Instant) -> None:
    """Resolve what a movement at `at` resolves."""
    for problem in _standing(turn.state):
        if problem.journey != journey or problem.consignment != (consignment or None):
            continue
        moves = MOVEMENT in turn.policy.problems[problem.type].resolved_by
        if moves and at >= problem.opened_at and problem.resolved_at is None:
            resolve(turn, problem.id, at)
        else:
            review(turn, problem.id)


def _standing(state: CustomerState) -> list[Problem]:
    """Return what was neither taken back nor given up."""
    if not state.problems:
        return []
    return [
        problem for problem in sorted_problems(state) if problem.withdrawn_at is None and problem.written_off_at is None
    ]


def _resolution(turn: Turn, problem: Problem) -> Instant | None:
    since = _since(problem)
    return min((at for at in _resolutions(turn, problem) if at >= since), default=None)


def _resolutions(turn: Turn, problem: Problem) -> Iterator[Instant]:
    steps = steps_for(turn.state, problem)
    broken = broken_by(turn.state, problem)
    begun_by = None if broken is None else _begun_by(turn, problem, broken)
    for word in turn.policy.problems[problem.type].resolved_by:
        if word != begun_by:
            yield from steps.get(word, ())
    if REFUNDED in turn.policy.problems[problem.type].resolved_by and problem.journey in turn.state.journeys:
        journey = turn.state.journeys[problem.journey]
        lost = lost_money(turn.policy, turn.state, problem)
        back = covered_at(journey, lost, problem.consignment, since=problem.opened_at)
        if back is not None:
            yield back
    yield from redelivered.times(turn.policy, turn.state, problem, _since(problem))
    if (by_parts := _made_good_by_parts(turn, problem)) is not None:
        yield by_parts
    if broken is not None and broken.met_at is not None:
        yield broken.met_at


def _begun_by(turn: Turn, problem: Problem, broken: Expectation) -> str | None:
    """Return after what the broken rule waited for our giving back: that said once more gives nothing back."""
    journey = None if problem.journey is None else turn.state.journeys.get(problem.journey)
    if journey is None or not broken.rule:
        return None
    rules = reached.rules_of(turn.policy, journey).expectations
    return next((rule.after for rule in rules if rule.id == broken.rule and rule.goods_held), None)


def _made_good_by_parts(turn: Turn, problem: Problem) -> Instant | None:
    """Return when the last line of what went wrong was made good, each in its own way."""
    journey = None if problem.journey is None else turn.state.journeys.get(problem.journey)
    if journey is None or problem.case is not None:
        return None
    lines = tuple(line.line_id for line in lines_of(journey, problem))
    return parts.made_good_at(journey, lines, turn.policy.problems[problem.type].resolved_by, _since(problem))


def _since(problem: Problem) -> Instant:
    return max(problem.opened_at, problem.reopened_at or problem.opened_at)


def resolve(turn: Turn, name: ProblemId, at: Instant) -> None:
    """Resolve a problem. Solved is not recovered: its hold stays."""
    problem = turn.state.problems[name]
    turn.put_problem(replace(problem, resolved_at=at, progress_due=None))
    turn.note(f"problem {problem.type} resolved{_where(problem)} as of {to_iso(at)}")
    grading.grade(turn, name)
    _grade_what_was_stated_since(turn, problem)
    turn.causes[problem.cause] = None
    _say_solved(turn, problem.cause)
    escalations.answered(turn, name)
    progress.hand_over(turn, problem.cause)


def _say_solved(turn: Turn, cause: str) -> None:
    """Ask for the good news once nothing of a cause is open: a parcel that moves again has not come yet."""
    if progress.worst_open(turn.state, cause) is None:
        for other in sorted_problems(turn.state):
            if other.cause == cause and other.active and not _only_ended(turn, other):
                turn.request("resolved", other.id)


def _only_ended(turn: Turn, problem: Problem) -> bool:
    """Say whether nothing but the journey's end solved it (given up, cancelled): that is no good news.

    What gives the customer's own goods back to them is.
    """
    journey = None if problem.journey is None else turn.state.journeys.get(problem.journey)
    if journey is None or problem.resolved_at is None:
        return False
    steps = [steps_for(turn.state, problem)]
    steps += [journey.line_steps.get(line.line_id, {}) for line in lines_of(journey, problem)]
    solved_by = turn.policy.problems[problem.type].resolved_by
    said = {word for word in solved_by for each in steps if problem.resolved_at in each.get(word, ())}
    rules = reached.rules_of(turn.policy, journey)
    return bool(said) and said <= {*rules.ends_on} - {*rules.goods_until}


def reopen(turn: Turn, name: ProblemId, at: Instant, times: int) -> None:
    """Open a problem again, the same one, for the `times`-th time; its hold is back at once."""
    problem = turn.state.problems[name]
    again = replace(
        problem, resolved_at=None, recovered_at=None, reopened=times, reopened_at=at, released_at=None, progress_said=0
    )
    turn.put_problem(again)
    turn.causes[problem.cause] = None
    turn.note(f"problem {problem.type} reopened{_where(problem)} as of {to_iso(at)}")
    grading.grade(turn, name)
    progress.begin(turn, name)
    escalations.ask(turn, name, "reopened")


def withdraw(turn: Turn, name: ProblemId) -> None:
    """Take an accusation back: the promise was kept after all. Its hold ends at once."""
    problem = turn.state.problems.get(name)
    if problem is None or problem.withdrawn_at is not None:
        return
    turn.put_problem(replace(problem, withdrawn_at=turn.now, progress_due=None))
    turn.note(f"problem {problem.type} withdrawn{_where(problem)}: what was due came in time")
    turn.causes[problem.cause] = None
    notices.drop(turn, problem)
    turn.request("withdrawn", name)
    escalations.answered(turn, name)
    thanks.disarm(turn, name)
    grading.grade_related(turn, problem)
    progress.hand_over(turn, problem.cause)


def recover(turn: Turn, name: ProblemId) -> None:
    """Recover a problem: resolved, made good, and quiet since."""
    problem = turn.state.problems[name]
    turn.put_problem(replace(problem, recovered_at=turn.now))
    turn.note(f"problem {problem.type} recovered{_where(problem)}")
    turn.request("recovered", name)
    thanks.arm(turn, name)


def recovery_due(quiet_period: int, state: CustomerState, problem: Problem) -> Instant | None:
    """Return when a problem recovers if nothing happens; None while it, or the remedy of its cause, is not settled.

    Each problem of a cause recovers by itself: another one that is still open holds marketing on its own.
    """
    if problem.resolved_at is None or not problem.active:
        return None
    since = problem.resolved_at
    for remedy in state.remedies.values():
        if remedy.cause == problem.cause and remedy.occasion in _MAKING_GOOD:
            if remedy.settled_at is None:
                return None
            since = max(since, remedy.settled_at)
    return Instant(since + quiet_period)


def _where(problem: Problem) -> str:
    place = [str(part) for part in (problem.journey, problem.consignment, problem.case) if part]
    return f" at {', '.join(place)}" if place else ""


def _how_bad(problem: Problem) -> str:
    return f"extent {problem.extent}, severity {problem.severity}"

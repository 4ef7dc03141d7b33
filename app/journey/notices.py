"""Notices: said at the end of an instant, once for each cause; to customers outside their quiet hours."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Final, NamedTuple

from msgspec.structs import replace

from app.clock import Instant, to_iso
from app.decide.book import NoticeInputs, NoticePlan
from app.decide.deadlines import quiet_end
from app.decide.notice import notices_of
from app.ids import JourneyId
from app.journey import progress, wording
from app.journey.brands import brand_of
from app.journey.broken import broken_by, promised_at
from app.journey.course import Place
from app.journey.trouble import PendingNotice, Problem
from app.journey.turn import Revised, Turn
from app.journey.wording import CUSTOMER
from app.outputs import Notice

_AFTER_THE_FACT: Final = frozenset({"resolved", "recovered", "withdrawn"})
_NEWEST_LAST: Final = ("progress", "opened", "resolved", "recovered", "withdrawn")
_LEAST: Final = 1
"""The severity asked with for a new date that is no problem (yet)."""


class _Line(NamedTuple):
    turn: Turn
    problem: Problem
    occasion: str
    plan: NoticePlan


def say(turns: Sequence[Turn]) -> None:
    """Say everything that the causes of one instant asked for: others at once, the customer once for each cause."""
    to_customer: list[_Line] = []
    for turn in turns:
        for request in turn.requests:
            for line in _lines(turn, turn.state.problems[request.problem], request.occasion):
                to_customer.append(line) if line.plan.recipient == CUSTOMER else _tell(line)
        for revised in turn.revised:
            _say_revised(turn, revised)
    to_customer.sort(key=_by_cause)
    for _, lines in groupby(to_customer, key=_by_cause):
        worst, *others = sorted(lines, key=lambda line: progress.rank(line.problem))
        _tell_customer(worst)
        for other in others:
            other.turn.note(f"problem {other.problem.type}: the customer is told with {worst.problem.type}, not apart")


def _by_cause(line: _Line) -> tuple[str, str]:
    return (line.problem.cause, line.occasion)


def _lines(turn: Turn, problem: Problem, occasion: str) -> Iterator[_Line]:
    if not _stands(problem, occasion):
        return
    inputs = NoticeInputs(problem.type, occasion, problem.severity)
    for plan in turn.ruled(notices_of(turn.policy, inputs)):
        if occasion not in _AFTER_THE_FACT or plan.recipient in problem.told:
            yield _Line(turn, problem, occasion, plan)


def _stands(problem: Problem, occasion: str) -> bool:
    """Say whether the reason for a notice still holds."""
    if occasion in {"opened", "progress"}:
        return problem.open
    return problem.status == occasion


def _tell_customer(line: _Line) -> None:
    turn, problem = line.turn, line.problem
    until = None if line.plan.overrides_quiet_hours else _quiet_until(turn, problem.journey)
    if until is None:
        _tell(line)
        return
    waits = PendingNotice(until, problem.cause, problem.id, line.occasion, line.plan.template, turn.now)
    turn.state = replace(turn.state, pending=(*turn.state.pending, waits))
    turn.note(f"notice {line.plan.template} to the customer waits until {to_iso(until)}: quiet hours")


def _quiet_until(turn: Turn, journey: JourneyId | None) -> Instant | None:
    zone = None if turn.state.profile is None else turn.state.profile.time_zone
    return quiet_end(turn.policy, turn.now, zone, brand_of(turn.policy, turn.state, journey).name)


def _tell(line: _Line) -> None:
    turn, plan = line.turn, line.plan
    problem = turn.state.problems[line.problem.id]
    broken = broken_by(turn.state, problem)
    due = None if broken is None else broken.first_due
    place = Place(problem.journey, problem.consignment, problem.case)
    promised = due if broken is not None and broken.basis == "promised" else None
    fields = wording.problem_fields(turn.policy, turn.state, problem, promised)
    day = "" if promised is None else wording.day_before(promised, wording.zone_for(turn.policy, turn.state, place))
    ordinal = problem.progress_said if line.occasion == "progress" else 1
    turn.said.append(
        Notice(
            id=turn.id_for(f"notice/{line.occasion}", plan.recipient, problem.id, ordinal),
            at=turn.now,
            customer=turn.state.customer,
            recipient=plan.recipient,
            template=plan.template,
            problem=problem.id,
            journey=problem.journey,
            case=problem.case,
            fields=fields,
            text=wording.text_of(plan.recipient, line.occasion, fields, turn.state.customer, day),
            ordinal=ordinal,
        )
    )
    turn.note(f"notice {plan.template} to {plan.recipient}")
    if plan.recipient not in problem.told:
        turn.put_problem(replace(problem, told=(*problem.told, plan.recipient)))


def _say_revised(turn: Turn, revised: Revised) -> None:
    for plan in _revised_plans(turn, revised):
        quiet = plan.recipient == CUSTOMER and not plan.overrides_quiet_hours
        until = _quiet_until(turn, revised.place.journey) if quiet else None
        if until is None:
            _tell_revised(turn, revised, plan.recipient, plan.template)
        else:
            _defer_revised(turn, revised, plan.template, until)


def _defer_revised(turn: Turn, revised: Revised, template: str, until: Instant) -> None:
    place = revised.place
    cause = f"{place.journey or place.case or ''}/{place.consignment or ''}/promise/{revised.milestone}"
    waits = PendingNotice(
        due=until,
        cause=cause,
        problem=None,
        occasion="promise_revised",
        template=template,
        since=turn.now,
        place=place,
        milestone=revised.milestone,
        promised=revised.due,
    )
    # only the newest date is worth waking up for
    others = tuple(known for known in turn.state.pending if known.cause != cause)
    turn.state = replace(turn.state, pending=(*others, waits))
    turn.note(f"notice {template} to the customer waits until {to_iso(until)}: quiet hours")


def _revised_plans(turn: Turn, revised: Revised) -> tuple[NoticePlan, ...]:
    expected = promised_at(turn.state, revised.place, revised.milestone)
    if expected is None or not expected.problem:
        return ()
    return turn.ruled(notices_of(turn.policy, NoticeInputs(expected.problem, "promise_revised", _LEAST)))


def _tell_revised(turn: Turn, revised: Revised, recipient: str, template: str) -> None:
    place = revised.place
    items = wording.lines_at(turn.policy, turn.state, place)
    fields = wording.place_fields(turn.policy, turn.state, place, items) | {
        "milestone": revised.milestone,
        "promised": to_iso(revised.due),
    }
    day = wording.day_before(revised.due, wording.zone_for(turn.policy, turn.state, place))
    about = f"{place.journey or ''}/{place.consignment or ''}/{place.case or ''}/{revised.milestone}"
    turn.said.append(
        Notice(
            id=turn.id_for("notice/promise_revised", recipient, about, 1),
            at=turn.now,
            customer=turn.state.customer,
            recipient=recipient,
            template=template,
            problem=None,
            journey=place.journey,
            case=place.case,
            fields=fields,
            text=wording.text_of(recipient, "promise_revised", fields, turn.state.customer, day),
        )
    )
    turn.note(f"notice {template} to {recipient}")


def wake(turn: Turn, cause: str) -> None:
    """Say what waited for the end of quiet hours, if its reason still holds: one notice for each cause."""
    due = [known for known in turn.state.pending if known.cause == cause and known.due <= turn.now]
    turn.state = replace(turn.state, pending=tuple(known for known in turn.state.pending if known not in due))
    about_problems = [known for known in due if known.problem is not None]
    for known in due:
        if known.problem is None:
            _wake_revised(turn, known)
    standing = [known for known in about_problems if _still_stands(turn, known)]
    for dropped in about_problems:
        if dropped not in standing:
            turn.note(f"notice {dropped.template} is not said: its reason has gone")
    # what was said wrongly is put right, whatever else there is to say
    corrections = [known for known in standing if known.occasion == "withdrawn"]
    for of_one_kind in ([known for known in standing if known not in corrections], corrections):
        if of_one_kind:
            _wake_worst(turn, of_one_kind)


def _wake_worst(turn: Turn, standing: list[PendingNotice]) -> None:
    said = min(standing, key=lambda known: _urgency(turn, known))
    for unsaid in standing:
        if unsaid is not said:
            turn.note(f"notice {unsaid.template} is not said: {said.template} says it")
    assert said.problem is not None
    for line in _lines(turn, turn.state.problems[said.problem], said.occasion):
        if line.plan.recipient == CUSTOMER:
            _tell_customer(line)


def _wake_revised(turn: Turn, known: PendingNotice) -> None:
    assert known.place is not None
    assert known.promised is not None
    revised = Revised(known.place, known.milestone, known.promised)
    for plan in _revised_plans(turn, revised):
        if plan.recipient == CUSTOMER:
            _tell_revised(turn, revised, CUSTOMER, plan.template)


def _still_stands(turn: Turn, known: PendingNotice) -> bool:
    problem = None if known.problem is None else turn.state.problems.get(known.problem)
    return problem is not None and _stands(problem, known.occasion)


def _urgency(turn: Turn, known: PendingNotice) -> tuple[tuple[int, Instant, str], int]:
    """Put the worst problem first, and of one problem what is newest."""
    assert known.problem is not None
    return (progress.rank(turn.state.problems[known.problem]), -_NEWEST_LAST.index(known.occasion))


def drop(turn: Turn, problem: Problem) -> None:
    """Drop what waits to be said about a problem that there never was."""
    kept = tuple(known for known in turn.state.pending if known.problem != problem.id)
    if len(kept) != len(turn.state.pending):
        turn.state = replace(turn.state, pending=kept)
        turn.note("what was to be said about it is not said")

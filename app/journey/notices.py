"""Notices: said at the end of an instant; to a customer one for all their matters, outside their quiet hours."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Final, NamedTuple

from msgspec.structs import replace

from app.clock import Instant, to_iso
from app.decide.book import NoticeInputs, NoticePlan
from app.decide.notice import notices_of
from app.journey import new_dates, progress, wording
from app.journey.broken import broken_by
from app.journey.course import Place
from app.journey.extent import same_failure
from app.journey.new_dates import NewDate, quiet_until
from app.journey.trouble import PendingNotice, Problem
from app.journey.turn import Request, Turn
from app.journey.wording import CUSTOMER
from app.outputs import Notice

_AFTER_THE_FACT: Final = frozenset({"resolved", "recovered", "withdrawn"})
_NEWEST_LAST: Final = ("progress", "opened", "resolved", "recovered", "withdrawn")
_GOING_ON: Final = frozenset({"opened", "progress"})
_DOING: Final = frozenset({"opened", "progress", "resolved"})
_MAKING_GOOD: Final = frozenset({"recovery", "exception"})
_SORRY: Final = frozenset({"opened", "withdrawn"})
DIGEST: Final = "digest"
"""The template of a notice about several matters."""


class _Line(NamedTuple):
    turn: Turn
    problem: Problem
    occasion: str
    plan: NoticePlan


def say(turns: Sequence[Turn]) -> None:
    """Say everything that the causes of one instant asked for: others at once, the customer all in one notice."""
    for turn in turns:
        if turn.requests or turn.woken or turn.revised:
            break
    else:
        return  # most turns ask for nothing
    matters = _distinct(sorted((line for line in _worst(list(_told_others(turns))) if _now(line)), key=_by_rank))
    dates = [date for turn in turns for date in new_dates.for_customer(turn)]
    if len(matters) + len(dates) > 1:
        _tell_together(matters, dates)
    elif matters:
        _tell(matters[0])
    elif dates:
        new_dates.tell(dates[0], CUSTOMER)


def _told_others(turns: Sequence[Turn]) -> Iterator[_Line]:
    """Tell everybody but the customer; yield what the customer is to be told."""
    for turn in turns:
        for request in (*turn.requests, *turn.woken):
            for line in _lines(turn, turn.state.problems[request.problem], request.occasion):
                if line.plan.recipient == CUSTOMER and _told_already(line):
                    with_what = f" with {line.problem.incident}" if line.problem.incident else ""
                    turn.note(f"problem {line.problem.type}: the customer knows of it{with_what}")
                    _heard(line)
                elif line.plan.recipient == CUSTOMER:
                    yield line
                elif request not in turn.woken:
                    _tell(line)


def _told_already(line: _Line) -> bool:
    """Say whether a customer has heard of what a new problem is about: one message, not one for each.

    It is the mass incident that the problem is in, or the very same failure, stated once more.
    """
    mine = line.turn.state.problems[line.problem.id]
    return line.occasion == "opened" and any(
        each.id != mine.id and each.open and CUSTOMER in each.told and _is_the_same(line.turn, each, mine)
        for each in line.turn.state.problems.values()
    )


def _is_the_same(turn: Turn, other: Problem, mine: Problem) -> bool:
    if mine.incident is not None and other.incident == mine.incident:
        return True
    return other.type == mine.type and same_failure(turn.policy, turn.state, other, mine)


def _worst(lines: Sequence[_Line]) -> Iterator[_Line]:
    """Yield the worst problem of each matter: the others are not told apart from it."""
    for _, group in groupby(sorted(lines, key=_by_cause), key=_by_cause):
        worst, *others = sorted(group, key=_by_rank)
        yield worst
        for other in others:
            other.turn.note(f"problem {other.problem.type}: the customer is told with {worst.problem.type}, not apart")


def _distinct(lines: list[_Line]) -> list[_Line]:
    """Return the matters that differ in what the customer would read; of those that do not, one says it.

    What is given with one of them is said with it.
    """
    said: dict[str, list[_Line]] = {}
    for line in lines if len(lines) > 1 else ():
        fields, text = _content(line, sorry=False)
        alike = said.setdefault(text.replace(wording.doing(fields.get("doing", "")), ""), [])
        alike.insert(0 if "doing" in fields else len(alike), line)
    for _, *others in said.values():
        for line in others:
            line.turn.note(f"notice {line.plan.template} to {CUSTOMER}: said with another of the same words")
            _heard(line)
    return sorted((alike[0] for alike in said.values()), key=_by_rank) or lines


def _by_rank(line: _Line) -> tuple[int, Instant, str]:
    return progress.rank(line.problem)


def _by_cause(line: _Line) -> tuple[str, str]:
    """While it goes on all of a mass incident is one matter; what is solved is told cause by cause."""
    shared = line.problem.incident if line.occasion in _GOING_ON else None
    return (shared or line.problem.cause, line.occasion)


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


def _now(line: _Line) -> bool:
    """Say whether a customer may be told now; else it waits for the end of their quiet hours."""
    turn, problem = line.turn, line.problem
    until = None if line.plan.overrides_quiet_hours else quiet_until(turn, problem.journey)
    if until is None:
        return True
    waits = PendingNotice(until, problem.cause, problem.id, line.occasion, line.plan.template, turn.now)
    turn.state = replace(turn.state, pending=(*turn.state.pending, waits))
    turn.note(f"notice {line.plan.template} to the customer waits until {to_iso(until)}: quiet hours")
    return False


def _content(line: _Line, *, sorry: bool) -> tuple[dict[str, str], str]:
    """Return the fields and the text of a notice about a problem."""
    turn, recipient = line.turn, line.plan.recipient
    problem = turn.state.problems[line.problem.id]
    broken = broken_by(turn.state, problem)
    due = None if broken is None else broken.first_due
    zone = wording.zone_for(turn.policy, turn.state, Place(problem.journey, problem.consignment, problem.case))
    promised = due if broken is not None and broken.basis == "promised" else None
    fields = wording.problem_fields(turn.policy, turn.state, problem, promised)
    day = "" if promised is None else wording.day_before(promised, zone)
    tone = wording.PLAIN
    if recipient == CUSTOMER:
        next_at = _next_at(turn, problem) if line.occasion in _GOING_ON else None
        fields = wording.for_customer(turn.policy, fields, next_at) | _doing(line, problem)
        if line.occasion in _SORRY:
            fields["sorry"] = "yes" if sorry else "no"
        next_time = "" if next_at is None else wording.moment(next_at, zone)
        tone = wording.Tone(turn.policy.notices.say, sorry, next_time, fields.get("doing", ""))
    text = wording.text_of(recipient, line.occasion, fields, turn.state.customer, day, tone)
    if recipient == CUSTOMER and problem.incident is not None and line.occasion in _GOING_ON:
        fields |= {"incident": problem.incident.partition(":")[2], "affected": ", ".join(_affected(turn, problem))}
        text = f"{text} {wording.MANY}"
    return fields, text


def _doing(line: _Line, problem: Problem) -> dict[str, str]:
    """Return what is being done: the gestures of what makes it good, with the good news only those that come with it.

    What still waits for a budget or an approval is not spoken of.
    """
    turn = line.turn
    if line.occasion not in _DOING or turn.policy.notices.say == wording.EXPLANATION:
        return {}
    given = sorted(
        (
            remedy
            for remedy in turn.state.remedies.values()
            if remedy.cause == problem.cause and remedy.reserved is None and remedy.occasion in _MAKING_GOOD
            if line.occasion in _GOING_ON or remedy.at >= (problem.resolved_at or remedy.at)
        ),
        key=lambda remedy: (remedy.at, remedy.id),
    )
    words = wording.gestures([gesture for remedy in given for gesture in remedy.gestures])
    return {"doing": words} if words else {}


def _affected(turn: Turn, problem: Problem) -> list[str]:
    """Return the customer's orders that a mass incident has hit, by their own numbers."""
    hit = {each.journey for each in turn.state.problems.values() if each.incident == problem.incident and each.open}
    return sorted(journey.partition(":")[2] for journey in hit if journey is not None)


def _next_at(turn: Turn, problem: Problem) -> Instant | None:
    """Return when the customer will be written to again about a cause; None when no progress notice is planned."""
    speaker = progress.voice_of(turn.state, problem.cause, problem.incident)
    if speaker is None or speaker.progress_due is None:
        return None
    return quiet_until(turn, problem.journey, speaker.progress_due) or speaker.progress_due


def _says_sorry(turn: Turn, occasions: Iterable[str]) -> bool:
    """Say whether a notice to the customer says sorry, and keep that it does: said again and again it harms."""
    rules = turn.policy.notices
    lately = tuple(at for at in turn.state.apologised if turn.now - at < rules.apologies_within)
    if len(lately) >= rules.apologies or not any(occasion in _SORRY for occasion in occasions):
        return False
    turn.state = replace(turn.state, apologised=(*lately, turn.now))
    return True


def _tell_together(lines: Sequence[_Line], dates: Sequence[NewDate]) -> None:
    """Tell a customer of several matters in one notice, the worst first, new dates last: `2.order` is of the second."""
    turn, worst = (lines[0].turn, lines[0].problem) if lines else (dates[0].turn, None)
    sorry = _says_sorry(turn, [line.occasion for line in lines])
    contents = [_content(line, sorry=sorry and place == 0) for place, line in enumerate(lines)]
    contents += [new_dates.content(date, CUSTOMER) for date in dates]
    fields = {"brand": contents[0][0]["brand"], "matters": str(len(contents))}
    for number, (each, _) in enumerate(contents, 1):
        fields |= {f"{number}.{name}": value for name, value in each.items() if name != "brand"}
    about = [*sorted({line.problem.id for line in lines}), *sorted(date.about for date in dates)]
    turn.said.append(
        Notice(
            id=turn.id_for("notice/digest", CUSTOMER, ",".join(about)),
            at=turn.now,
            customer=turn.state.customer,
            recipient=CUSTOMER,
            template=DIGEST,
            problem=None if worst is None else worst.id,
            journey=dates[0].revised.place.journey if worst is None else worst.journey,
            case=dates[0].revised.place.case if worst is None else worst.case,
            fields=fields,
            text=" ".join(f"{number}. {text}" for number, (_, text) in enumerate(contents, 1)),
        )
    )
    more = len(contents) - 1
    for line in lines:
        line.turn.note(f"notice {line.plan.template} to {CUSTOMER}, in one with {more} more")
        _heard(line)
    for date in dates:
        date.turn.note(f"notice {date.template} to {CUSTOMER}, in one with {more} more")


def _heard(line: _Line) -> None:
    problem = line.turn.state.problems[line.problem.id]
    if line.plan.recipient not in problem.told:
        line.turn.put_problem(replace(problem, told=(*problem.told, line.plan.recipient)))


def _tell(line: _Line) -> None:
    turn, plan = line.turn, line.plan
    problem = turn.state.problems[line.problem.id]
    sorry = plan.recipient == CUSTOMER and _says_sorry(turn, [line.occasion])
    fields, text = _content(line, sorry=sorry)
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
            text=text,
            ordinal=ordinal,
        )
    )
    turn.note(f"notice {plan.template} to {plan.recipient}")
    _heard(line)


def wake(turn: Turn, cause: str) -> None:
    """Let what waited for the end of quiet hours be said with what else there is, if its reason still holds."""
    due = [known for known in turn.state.pending if known.cause == cause and known.due <= turn.now]
    turn.state = replace(turn.state, pending=tuple(known for known in turn.state.pending if known not in due))
    about_problems = [known for known in due if known.problem is not None]
    for known in due:
        if known.problem is None:
            new_dates.wake(turn, known)
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
    turn.woken.append(Request(said.occasion, said.problem))


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

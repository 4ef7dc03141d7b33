"""What a problem's extent is read from: the state alone, whenever its parts were learnt."""

from collections.abc import Iterator, Sequence
from decimal import ROUND_HALF_UP, Decimal
from itertools import chain, pairwise
from typing import Final

from app.clock import HOUR, Instant
from app.decide.book import ExtentInputs
from app.decide.policy import Policy
from app.facts import Line, Money
from app.journey import causes, parts, reached
from app.journey.broken import broken_by
from app.journey.course import Case, Consignment, Journey, Steps
from app.journey.state import CustomerState
from app.journey.trouble import Problem

_SHARE: Final = Decimal("0.0001")
_WHOLE: Final = Decimal(1)
_NONE: Final = Decimal(0)


def sorted_problems(state: CustomerState) -> list[Problem]:
    """Return all problems in a total order that does not depend on when we learnt of them."""
    return sorted(state.problems.values(), key=lambda problem: (problem.opened_at, problem.id))


def extent_inputs(policy: Policy, state: CustomerState, problem: Problem, until: Instant | None) -> ExtentInputs:
    """Return what the extent book reads.

    Hours late, of business time, run from the first promise (or the opening) to `until`, or to the newest thing that
    the customer went through: the opening, a contact, a reopening.
    """
    contacts = contacts_of(state, problem)
    efforts = attempts(contacts, policy.chasing.apart)
    since = problem.opened_at if problem.first_due is None else problem.first_due
    latest = max(problem.opened_at, problem.reopened_at or problem.opened_at, *contacts) if until is None else until
    return ExtentInputs(
        problem=problem.type,
        hours_late=_late(policy, state, problem, since, latest) // HOUR,
        value_share=value_share(policy, state, problem),
        effort=len(efforts),
        repeats=repeats_of(policy, state, problem),
    )


def _late(policy: Policy, state: CustomerState, problem: Problem, since: Instant, until: Instant) -> int:
    """Return the time from `since` to `until` on the calendar that the policy names for the problem's type."""
    calendar = policy.problems[problem.type].late_by
    if calendar is None:
        return max(0, until - since)
    journey = None if problem.journey is None else state.journeys.get(problem.journey)
    country = policy.brand(None).country if journey is None else reached.country_of(policy, journey)
    return policy.calendars.between(calendar, country, since, until)


def contacts_of(state: CustomerState, problem: Problem) -> tuple[Instant, ...]:
    """Return when the customer had to get in touch while a problem of theirs was open."""
    times = sorted(set(_contact_times(state, problem)))
    until = problem.resolved_at
    return tuple(at for at in times if problem.opened_at < at and (until is None or at <= until))


def attempts(contacts: Sequence[Instant], apart: int) -> list[Instant]:
    """Return when each attempt began: contacts that follow one another in less than `apart` (one chat) are one."""
    return [*contacts[:1], *(at for before, at in pairwise(contacts) if at - before >= apart)]


def _contact_times(state: CustomerState, problem: Problem) -> Iterator[Instant]:
    yield from _contacted(contact_steps(state))
    journey = None if problem.journey is None else state.journeys.get(problem.journey)
    if journey is not None:
        yield from _contacted(journey.own.steps)
    for case in state.cases.values():
        if case.id == problem.case or (journey is not None and case.journey == journey.id):
            yield from _contacted(case.leg.steps)


def contact_steps(state: CustomerState) -> Steps:
    """Return the contacts and answers that name neither journey nor case."""
    steps: dict[str, tuple[Instant, ...]] = {}
    for contact in state.contacts:
        steps[contact.word] = (*steps.get(contact.word, ()), contact.at)
    return steps


def _contacted(steps: Steps) -> Iterator[Instant]:
    return (at for word, times in steps.items() if word.startswith("contacted_") for at in times)


def repeats_of(policy: Policy, state: CustomerState, problem: Problem) -> int:
    """Count the earlier failures of the journey; another side of the same cause (first stalled, then late) is none.

    What goes wrong at the same instant (two parts of one promise) goes wrong once. What the policy does not count as a
    failure (a complaint about one) neither is a repeat nor makes one.
    """
    if problem.journey is None or not policy.problems[problem.type].counts:
        return 0
    earlier = [
        other
        for other in state.problems.values()
        if other.journey == problem.journey
        and other.withdrawn_at is None
        and policy.problems[other.type].counts
        and other.opened_at < problem.opened_at
        and not same_failure(policy, state, other, problem)
    ]
    first = _failures(policy, state, earlier)
    broken = [other for other in first if other.expectation is not None]
    again = sum(1 for other in broken if (other.cause, other.type) == (problem.cause, problem.type))
    return again + len({other.cause for other in broken} - {problem.cause}) + len(first) - len(broken)


def _failures(policy: Policy, state: CustomerState, problems: list[Problem]) -> list[Problem]:
    """Return of some problems those that are no other side of an earlier one of them.

    Each is compared with no more than it could be a side of: two broken expectations are never one failure, and what
    was over when another was stated is no longer looked at.
    """
    if all(each.expectation is not None for each in problems):
        return problems
    found: list[Problem] = []
    stated_before: dict[tuple[str | None, str | None, str], list[Problem]] = {}
    broken_before: dict[tuple[str | None, str | None, str], list[Problem]] = {}
    for other in sorted(problems, key=lambda each: each.opened_at):
        rules = policy.problems[other.type]
        key = (other.consignment, other.case, rules.cause_group)
        stated, broken = stated_before.setdefault(key, []), broken_before.setdefault(key, [])
        if other.expectation is None and not rules.anew:
            stated[:] = [one for one in stated if causes.lasts(one, other.opened_at)]
        known = chain(stated, broken) if other.expectation is None else stated
        if not any(one.opened_at < other.opened_at and same_failure(policy, state, one, other) for one in known):
            found.append(other)
        (stated if other.expectation is None else broken).append(other)
    return found


def same_failure(policy: Policy, state: CustomerState, other: Problem, problem: Problem) -> bool:
    """Say whether an earlier problem and this one are one failure, from what happened alone, whenever it was learnt.

    A failure stated once more, of what it was stated of and while it lasts, is; so are a broken promise and why it was
    broken: who is not served by the promised time because nothing was there has been failed once.
    """
    if (other.consignment, other.case, other.journey) != (problem.consignment, problem.case, problem.journey):
        return False
    if policy.problems[other.type].cause_group != policy.problems[problem.type].cause_group:
        return False
    if (other.expectation is None) == (problem.expectation is None):
        return problem.expectation is None and _stated_again(policy, state, other, problem)
    late, stated = (other, problem) if problem.expectation is None else (problem, other)
    if not policy.problems[stated.type].anew:
        return True
    if late is other:
        return causes.lasts(late, problem.opened_at)
    broken = broken_by(state, late)
    return broken is not None and broken.start < stated.opened_at


def _stated_again(policy: Policy, state: CustomerState, other: Problem, problem: Problem) -> bool:
    if policy.problems[problem.type].anew or policy.problems[other.type].anew:
        return False
    journey = None if problem.journey is None else state.journeys.get(problem.journey)
    lasts = causes.lasts(other, problem.opened_at)
    return lasts and (journey is None or causes.covers(journey, other, problem))


def steps_for(state: CustomerState, problem: Problem) -> Steps:
    """Return what was reached where a problem is: its consignment, those of its lines, its journey or its case."""
    own = {} if problem.case is None else _case_steps(state.cases.get(problem.case))
    journey = None if problem.journey is None else state.journeys.get(problem.journey)
    if problem.case is not None:
        # what a case was promised (a refund) may come about in its journey
        return (
            own if problem.expectation is None or journey is None else reached.merged(own, reached.of_journey(journey))
        )
    if journey is None:
        return contact_steps(state) if problem.journey is None else {}
    if problem.consignment is not None and problem.consignment in journey.consignments:
        return reached.of_consignment(journey, journey.consignments[problem.consignment])
    return reached.of_lines(journey, problem.line_ids)


def _case_steps(case: Case | None) -> Steps:
    return {} if case is None else case.leg.steps


def lines_of(journey: Journey, problem: Problem) -> tuple[Line, ...]:
    """Return the lines a problem is about: those it names, those of its consignment, or all of them."""
    names = problem.line_ids
    if not names and problem.consignment is not None and problem.consignment in journey.consignments:
        names = journey.consignments[problem.consignment].line_ids
    return tuple(line for line in journey.lines if line.line_id in names) if names else journey.lines


def missing_lines(policy: Policy, journey: Journey, problem: Problem) -> tuple[Line, ...]:
    """Return the lines a problem is still about: not those that came by themselves before it was solved.

    A part that arrives shrinks a problem which its arrival solves; what arrived damaged stays damaged.
    """
    lines = lines_of(journey, problem)
    solved_by = policy.problems[problem.type].resolved_by
    come = {
        line
        for part in journey.consignments.values()
        if part.line_ids and part.id != problem.consignment and _came(journey, part, problem, solved_by)
        for line in part.line_ids
    }
    return tuple(
        line
        for line in lines
        if line.line_id not in come and not parts.is_out(journey, line.line_id, problem, solved_by)
    )


def _came(journey: Journey, part: Consignment, problem: Problem, solved_by: tuple[str, ...]) -> bool:
    steps = reached.of_consignment(journey, part)
    firsts = [steps[word][0] for word in solved_by if word in steps and word not in journey.own.steps]
    return bool(firsts) and (problem.resolved_at is None or min(firsts) < problem.resolved_at)


def price_of(lines: tuple[Line, ...]) -> Decimal:
    """Return what the customer paid for lines."""
    return sum((line.unit_price * line.quantity for line in lines), _NONE)


def value_share(policy: Policy, state: CustomerState, problem: Problem) -> Decimal:
    """Return the share of the journey's goods that a problem is about, from 0 to 1; a contact as such is about none."""
    journey = None if problem.journey is None else state.journeys.get(problem.journey)
    if journey is None or (problem.case is not None and not problem.line_ids):
        return _NONE
    whole = price_of(journey.lines)
    if not whole:
        return _WHOLE
    return (price_of(missing_lines(policy, journey, problem)) / whole).quantize(_SHARE, ROUND_HALF_UP)


def lost_money(policy: Policy, state: CustomerState, problem: Problem) -> Money | None:
    """Return what the customer paid for what they have not got; None when nothing is known to be missing."""
    journey = None if problem.journey is None else state.journeys.get(problem.journey)
    if journey is None or journey.value is None or problem.case is not None:
        return None
    lines = missing_lines(policy, journey, problem)
    if lines == journey.lines:
        return journey.value
    return Money(price_of(lines), journey.value.currency)

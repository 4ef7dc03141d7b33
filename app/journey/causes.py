"""What stated failures have one cause: said again, or in other words, of what is still wrong. They get one remedy.

A failure of other lines, or one that is stated after the earlier one was over (what was sent instead is lost as well),
is a cause of its own: it is paid back, or made good, like the first (decision 0015).
"""

from app.clock import Instant
from app.decide.policy import Policy
from app.journey import parts
from app.journey.course import Journey
from app.journey.state import CustomerState
from app.journey.trouble import Problem


def cause_of_stated(policy: Policy, state: CustomerState, problem: Problem, what: str) -> str:
    """Return the cause of a stated failure of a journey; `what` tells it from the others, where there are any."""
    journey = None if problem.journey is None else state.journeys.get(problem.journey)
    rules = policy.problems[problem.type]
    if journey is None or problem.case is not None or rules.anew or not rules.counts:
        return problem.cause
    group = [each for each in state.problems.values() if _is_in(each, problem)]
    same = [each for each in group if lasts(each, problem.opened_at) and covers(journey, each, problem)]
    if same:
        return min(same, key=lambda each: (each.opened_at, each.id)).cause
    return f"{problem.cause}/{what}" if group else problem.cause


def _is_in(other: Problem, problem: Problem) -> bool:
    known = other.id != problem.id and other.withdrawn_at is None
    return known and (other.cause == problem.cause or other.cause.startswith(f"{problem.cause}/"))


def lasts(other: Problem, at: Instant) -> bool:
    """Say whether a problem had begun by a time, and was not over."""
    ended = other.resolved_at if other.written_off_at is None else other.written_off_at
    return other.opened_at <= at and (ended is None or ended > at)


def covers(journey: Journey, other: Problem, problem: Problem) -> bool:
    """Say whether all that a problem is about is something that an earlier one is about already."""
    whole = {*parts.scope_of(journey, problem.consignment)}
    theirs = {*other.line_ids} or whole
    return theirs >= ({*problem.line_ids} or whole)

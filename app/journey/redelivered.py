"""What went to the wrong place and then came after all: a delivery counts that happened after the problem began."""

from collections.abc import Iterator

from app.clock import Instant
from app.decide.policy import Policy
from app.decide.words import REDELIVERED
from app.journey import reached
from app.journey.course import Consignment, Journey
from app.journey.extent import lines_of
from app.journey.state import CustomerState
from app.journey.trouble import Problem


def times(policy: Policy, state: CustomerState, problem: Problem, since: Instant) -> Iterator[Instant]:
    """Yield when, from `since` on, what a problem is about was delivered.

    Of several parts only one that had been delivered before counts: the others were on their way all the time.
    """
    journey = None if problem.journey is None else state.journeys.get(problem.journey)
    if journey is None or REDELIVERED not in policy.problems[problem.type].resolved_by:
        return
    ends = reached.rules_of(policy, journey).completes_on
    of = _parts(journey, problem)
    for part in of:
        steps = reached.of_consignment(journey, part)
        known = [at for word in ends for at in steps.get(word, ())]
        if known and (len(of) == 1 or min(known) < since):
            yield from (at for at in known if at >= since)


def _parts(journey: Journey, problem: Problem) -> list[Consignment]:
    parts = list(journey.consignments.values())
    if problem.consignment is not None:
        return [part for part in parts if part.id == problem.consignment]
    lines = {line.line_id for line in lines_of(journey, problem)}
    return [part for part in parts if not part.line_ids or not lines.isdisjoint(part.line_ids)]

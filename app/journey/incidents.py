"""What a customer's new problem may have in common with other customers' is told to the register, once."""

from collections.abc import Iterator

from app.facts import IncidentReported, incident_key
from app.journey import asking, extent
from app.journey.brands import brand_of
from app.journey.extent import sorted_problems
from app.journey.trouble import Problem
from app.journey.turn import Turn


def review(turn: Turn) -> None:
    """Report the problems that this cause has opened."""
    rules = turn.policy.incidents
    if rules is None or turn.state.problems is turn.problems_before:
        return
    for problem in sorted_problems(turn.state):
        if problem.id not in turn.problems_before and problem.type in rules.by:
            brand = brand_of(turn.policy, turn.state, problem.journey).name
            for shared in _shared(turn, problem, rules.by[problem.type]):
                cause = f"{brand}/{problem.type}/{shared}"
                what = IncidentReported(problem.type, shared, brand)
                asking.tell(turn, incident_key(cause), what, f"incident/{problem.id}/{shared}")


def _shared(turn: Turn, problem: Problem, by: str) -> Iterator[str]:
    journey = None if problem.journey is None else turn.state.journeys.get(problem.journey)
    if journey is None:
        return
    if by == "product":
        yield from sorted({line.product_id for line in extent.lines_of(journey, problem)})
    elif problem.consignment is not None and problem.consignment in journey.consignments:
        carrier = journey.consignments[problem.consignment].carrier
        if carrier is not None:
            yield carrier

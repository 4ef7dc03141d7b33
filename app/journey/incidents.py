"""What a customer's problem has in common with other customers': told to the register, and what it makes of it.

A customer reports a cause once while it hurts them, whatever the number of their problems. What the register calls a
mass incident joins all of them: they are told of as one matter, and the customer leaves it when the last has recovered.
"""

from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from app.facts import Fact, IncidentLeft, IncidentReported, IncidentTold, incident_key
from app.ids import ProblemId
from app.journey import asking, extent
from app.journey.brands import brand_of
from app.journey.course import WHOLE, Consignment
from app.journey.extent import sorted_problems
from app.journey.trouble import Problem
from app.journey.turn import Turn


def review(turn: Turn) -> None:
    """Report what this cause has opened, and say which incidents have let go of the customer, or have them again."""
    if turn.state.problems is turn.problems_before:
        return
    _report(turn)
    before, now = _hurting(turn.problems_before), _hurting(turn.state.problems)
    for incident in sorted(before - now):
        _leave(turn, incident, back=False)
    joined = {each.incident for each in turn.state.problems.values() if _newly_told(turn, each)}
    for incident in sorted(now - before - joined):
        _leave(turn, incident, back=True)


def _newly_told(turn: Turn, problem: Problem) -> bool:
    """Say whether the register has just counted the customer in, with the report that it answered."""
    known = turn.problems_before.get(problem.id)
    return known is not None and known.incident is None


def _report(turn: Turn) -> None:
    rules = turn.policy.incidents
    if rules is None:
        return
    for problem in sorted_problems(turn.state):
        if problem.id in turn.problems_before or problem.shared or problem.type not in rules.by:
            continue
        brand = brand_of(turn.policy, turn.state, problem.journey).name
        causes = {
            incident_key(f"{brand}/{problem.type}/{common}").decode(): common
            for common in _common(turn, problem, rules.by[problem.type])
        }
        known = {key: each for each in turn.state.problems.values() if each.active for key in each.shared}
        incident = next((known[key].incident for key in causes if key in known), None)
        turn.put_problem(replace(problem, shared=tuple(causes), incident=incident))
        for key in [key for key in causes if key not in known]:
            what = IncidentReported(problem.type, causes[key], brand, f"{problem.id}/{key}")
            asking.ask(turn, key.encode(), what)


def _common(turn: Turn, problem: Problem, by: str) -> Iterator[str]:
    """Yield what others may have in common with a problem: products, a carrier, its depot, or a place of ours."""
    journey = None if problem.journey is None else turn.state.journeys.get(problem.journey)
    if by == "location":
        yield from (problem.location,) if problem.location is not None else ()
    elif journey is None:
        return
    elif by == "product":
        yield from sorted({line.product_id for line in extent.lines_of(journey, problem)})
    else:
        consignment = journey.consignments.get(problem.consignment or WHOLE)
        carrier = None if consignment is None else _carrier(consignment)
        if consignment is not None and carrier is not None:
            depot = consignment.last_seen if by == "depot" else None
            yield carrier if depot is None else f"{carrier}/{depot[1]}"


def _carrier(consignment: Consignment) -> str | None:
    carriers = (parcel.ref.carrier for parcel in consignment.parcels)
    return consignment.carrier or next(carriers, None)


def told(turn: Turn, _: Fact, what: IncidentTold) -> None:
    """Join the problems that share its cause to an incident; one that has recovered meanwhile leaves it at once."""
    if what.declared_at is None:
        return
    mine = [each for each in sorted_problems(turn.state) if what.incident in each.shared and each.incident is None]
    for problem in mine:
        turn.put_problem(replace(problem, incident=what.incident))
        turn.note(f"problem {problem.type} is part of {what.incident}")
    if mine and not any(each.active for each in mine):
        _leave(turn, what.incident, back=False)


def _hurting(problems: Mapping[ProblemId, Problem]) -> set[str]:
    return {each.incident for each in problems.values() if each.incident is not None and each.active}


def _leave(turn: Turn, incident: str, *, back: bool) -> None:
    asking.tell(turn, incident.encode(), IncidentLeft(back), f"incident/{incident}/{'back' if back else 'left'}")
    turn.note(f"{incident} hurts this customer again" if back else f"{incident} is over for this customer")

"""Progress notices: at the policy's pace, even if nothing changed, by the worst open problem of a cause."""

from msgspec.structs import replace

from app.clock import Instant
from app.decide.notice import pace_of
from app.ids import ProblemId
from app.journey import escalations
from app.journey.state import CustomerState
from app.journey.trouble import Problem
from app.journey.turn import Turn


def begin(turn: Turn, name: ProblemId) -> None:
    """Set a problem's first progress notice; a pace of none sets none."""
    problem = turn.state.problems[name]
    pace = turn.ruled(pace_of(turn.policy, problem.type, problem.severity))
    due = Instant(turn.now + pace.first) if pace.most > problem.progress_said else None
    turn.put_problem(replace(problem, progress_due=due))


def dues(state: CustomerState) -> list[tuple[Instant, Problem]]:
    """Return when progress notices are due, each with whose it is: only the worst open problem of a matter speaks.

    One pass for all problems: a customer may have very many, and this is asked for every fact.
    """
    running = [each for each in state.problems.values() if each.open]
    by_cause: dict[str, Problem] = {}
    by_incident: dict[str, Problem] = {}
    for each in running:
        by_cause[each.cause] = _worse(by_cause.get(each.cause), each)
        if each.incident is not None:
            by_incident[each.incident] = _worse(by_incident.get(each.incident), each)
    found: list[tuple[Instant, Problem]] = []
    for each in running:
        voice = by_cause[each.cause]
        if each.incident is not None:
            voice = _worse(by_incident[each.incident], voice)
        if each.progress_due is not None and voice is each:
            found.append((each.progress_due, each))
    return found


def _worse(known: Problem | None, other: Problem) -> Problem:
    return other if known is None or rank(other) < rank(known) else known


def worst_open(state: CustomerState, cause: str) -> Problem | None:
    """Return the worst open problem of a cause; among equals the oldest."""
    return min((each for each in state.problems.values() if each.cause == cause and each.open), key=rank, default=None)


def voice_of(state: CustomerState, cause: str, incident: str | None) -> Problem | None:
    """Return the worst open problem of a matter: of one cause, or of one mass incident."""
    if incident is None:
        return worst_open(state, cause)
    matter = (
        each for each in state.problems.values() if each.open and (each.cause == cause or each.incident == incident)
    )
    return min(matter, key=rank, default=None)


def rank(problem: Problem) -> tuple[int, Instant, str]:
    """Order problems from the worst: severity, then age, then id."""
    return (-problem.severity, problem.opened_at, problem.id)


def tell(turn: Turn, name: ProblemId) -> None:
    """Tell progress, and set the next time, or call an owner when the customer has been told often enough."""
    problem = turn.state.problems[name]
    pace = turn.ruled(pace_of(turn.policy, problem.type, problem.severity))
    said = problem.progress_said + 1
    gap = int(pace.first * pace.widening**said)  # whole milliseconds
    due = Instant(turn.now + gap) if said < pace.most else None
    turn.put_problem(replace(problem, progress_said=said, progress_due=due))
    turn.request("progress", name)
    if due is None:
        turn.note(f"problem {problem.type}: progress was told {said} times, the most there is")
        escalations.ask(turn, name, "notices_exhausted")


def hand_over(turn: Turn, cause: str) -> None:
    """Let the next worst problem of a matter speak, at its own pace from now when its time has passed."""
    incidents = (each.incident for each in turn.state.problems.values() if each.cause == cause and each.incident)
    heir = voice_of(turn.state, cause, next(incidents, None))
    if heir is not None and heir.progress_due is not None and heir.progress_due <= turn.now:
        begin(turn, heir.id)

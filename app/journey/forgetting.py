"""What is of no journey is let go of, too, when it has been over for the policy's retention: cases, and loose problems.

A case of a journey that is kept goes with that journey (`closing.py`).
"""

from collections.abc import Iterator

from msgspec.structs import replace

from app.clock import Instant
from app.decide.policy import Policy
from app.ids import CaseId, ProblemId
from app.intake.aliases import case_alias
from app.journey import coupon_time
from app.journey.cases import life_of
from app.journey.closing import ended_at
from app.journey.course import Case
from app.journey.state import CustomerState
from app.journey.steps import is_waiting
from app.journey.trouble import GivenRemedy, Problem
from app.journey.turn import Turn

_CASE = "case/"
_PROBLEM = "problem/"


def dues(policy: Policy, state: CustomerState) -> Iterator[tuple[Instant, str]]:
    """Yield when what may be forgotten, by its name for `forget`."""
    by_case: dict[CaseId, list[Problem]] = {}
    for problem in state.problems.values():
        if problem.journey in state.journeys:
            continue
        if problem.case is not None and problem.case in state.cases:
            by_case.setdefault(problem.case, []).append(problem)
        elif not problem.active and _settled(state, [problem]):
            yield Instant(ended_at(problem) + policy.limits.retention), f"{_PROBLEM}{problem.id}"
    for case in state.cases.values():
        if case.journey not in state.journeys:
            over = _over_since(state, case, by_case.get(case.id, []))
            if over is not None:
                yield Instant(over + policy.limits.retention), f"{_CASE}{case.id}"


def _over_since(state: CustomerState, case: Case, problems: list[Problem]) -> Instant | None:
    """Return since when nothing of a case is left to happen; None while something is."""
    if any(problem.active for problem in problems) or any(map(is_waiting, case.leg.expectations)):
        return None
    given_up = any(problem.of_case and problem.written_off_at is not None for problem in problems)
    if case.opened_at is not None and life_of(case.turns).resolved_at is None and not given_up:
        return None
    if not _settled(state, problems):
        return None
    times = [*(turn.at for turn in case.turns), *(at for steps in case.leg.steps.values() for at in steps)]
    times += [*(each.at for each in case.desks), *(each.at for each in case.waits)]
    times += [ended_at(problem) for problem in problems]
    times += [remedy.settled_at for remedy in _remedies(state, problems) if remedy.settled_at is not None]
    return max(times, default=None)


def _of(state: CustomerState, case: CaseId) -> list[Problem]:
    return [one for one in state.problems.values() if one.case == case and one.journey not in state.journeys]


def _remedies(state: CustomerState, problems: list[Problem]) -> list[GivenRemedy]:
    if not state.remedies:
        return []
    about = {problem.id for problem in problems}
    return [remedy for remedy in state.remedies.values() if remedy.problem in about]


def _settled(state: CustomerState, problems: list[Problem]) -> bool:
    return all(remedy.settled_at is not None for remedy in _remedies(state, problems))


def forget(turn: Turn, name: str) -> None:
    """Let go of a case with its problems, or of a problem of no case; what coupons had of it stays with them."""
    state = turn.state
    if name.startswith(_CASE):
        case = CaseId(name.removeprefix(_CASE))
        problems = _of(state, case)
        coupons = coupon_time.with_pauses(state, {case}) if state.coupons else state.coupons
        alias = case_alias(case.partition(":")[2])
        turn.state = replace(
            state,
            cases={key: known for key, known in state.cases.items() if key != case},
            calls={key: known for key, known in state.calls.items() if key != case},
            coupons=coupons,
            left=state.left if alias in state.left else (*state.left, alias),
        )
    else:
        problems = [state.problems[ProblemId(name.removeprefix(_PROBLEM))]]
    _let_go(turn, problems)


def _let_go(turn: Turn, problems: list[Problem]) -> None:
    state = turn.state
    remedies = {remedy.id for remedy in _remedies(state, problems)}
    gone = {problem.id for problem in problems}
    given_since = turn.now - turn.policy.limits.retention
    turn.state = replace(
        state,
        problems={key: known for key, known in state.problems.items() if key not in gone},
        history={key: known for key, known in state.history.items() if key not in gone},
        holds=tuple(hold for hold in state.holds if hold.owner not in gone),
        remedies={key: known for key, known in state.remedies.items() if key not in remedies},
        by_hand=tuple(one for one in state.by_hand if one.journey is not None or one.at > given_since),
    )
    turn.holds_before = turn.state.holds

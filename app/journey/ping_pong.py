"""Ping-pong: back to a desk that passed it on, or three desks without an answer to the customer."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from msgspec.structs import replace

from app.clock import Instant
from app.ids import CaseId
from app.journey import problems
from app.journey.course import Assignment, Place
from app.journey.turn import Turn

PING_PONG: Final = "ping_pong"
_DESKS: Final = 3


def hand_offs(desks: Sequence[Assignment]) -> list[Assignment]:
    """Return the first assignment and every one that changed the desk."""
    return [*desks[:1], *(later for before, later in pairwise(desks) if later.desk != before.desk)]


def ping_pong_at(desks: Sequence[Assignment], answers: Sequence[Instant]) -> Instant | None:
    """Return when a case became ping-pong: A→B→A, or the third desk with no answer since the first of the three."""
    passed = hand_offs(desks)
    for first, _, third in zip(passed, passed[1:], passed[2:], strict=False):
        if third.desk == first.desk or not any(first.at <= at <= third.at for at in answers):
            return third.at
    return None


def review(turn: Turn, name: CaseId) -> None:
    """Open, move or withdraw the problem, as desks and answers now stand."""
    case = turn.state.cases[name]
    at = ping_pong_at(case.desks, case.leg.steps.get("replied", ()))
    if at == case.ping_pong_at:
        return
    turn.put_case(replace(case, ping_pong_at=at))
    place = Place(case.journey, None, name)
    if case.ping_pong_at is not None:
        problems.withdraw(turn, problems.problem_id(turn.state, place, PING_PONG, f"{name}@{case.ping_pong_at}"))
    if at is None:
        return
    turn.note(f"{name}: passed from desk to desk")
    problems.open_stated(turn, place, PING_PONG, f"{name}@{at}", at=at)

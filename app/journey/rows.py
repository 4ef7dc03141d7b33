"""A customer's state as plain rows: a line per journey and per case, for files and pages.

Times are ISO 8601 UTC with milliseconds, decimals are strings, what is not known is null.
"""

from collections.abc import Iterator
from typing import Any

from app.clock import Instant, to_iso
from app.journey import ping_pong
from app.journey.cases import life_of
from app.journey.course import Case, Consignment, Expectation, Journey, JourneyReceipt
from app.journey.desk import ENDS
from app.journey.extent import sorted_problems
from app.journey.state import CustomerState
from app.journey.trouble import GivenRemedy, Hold, Problem
from app.outputs import Gesture

Row = dict[str, Any]


def journey_rows(state: CustomerState) -> Iterator[Row]:
    """Yield a row per journey, by id; of one that has shrunk to its receipt, what the receipt says."""
    rows = {journey.id: _journey(state, journey) for journey in state.journeys.values()}
    rows |= {receipt.journey: _receipt(state, receipt) for receipt in state.receipts.values()}
    yield from (rows[name] for name in sorted(rows))


def case_rows(state: CustomerState) -> Iterator[Row]:
    """Yield a row per case, by id."""
    yield from (_case(state, state.cases[name]) for name in sorted(state.cases))


def _journey(state: CustomerState, journey: Journey) -> Row:
    problems = [problem for problem in sorted_problems(state) if problem.journey == journey.id]
    mine = {problem.id for problem in problems}
    return {
        "journey_id": journey.id,
        "customer_id": state.customer,
        "kind": journey.kind or None,
        "brand": journey.brand or None,
        "status": journey.status,
        "began_at": _iso(journey.began_at),
        "expectations": list(_expectations(journey)),
        "problems": [_problem(problem) for problem in problems],
        "holds": [_hold(hold) for hold in state.holds if hold.owner in mine],
        "remedies": [_remedy(remedy) for remedy in _remedies(state) if remedy.journey == journey.id],
    }


def _receipt(state: CustomerState, receipt: JourneyReceipt) -> Row:
    return {
        "journey_id": receipt.journey,
        "customer_id": state.customer,
        "kind": receipt.kind,
        "brand": receipt.brand,
        "status": receipt.status,
        "began_at": _iso(receipt.began_at),
        "closed_at": _iso(receipt.closed_at),
        "expectations": [],
        "problems": [],
        "holds": [],
        "remedies": [],
    }


def _expectations(journey: Journey) -> Iterator[Row]:
    yield from (_expectation(None, each) for each in _in_order(journey.own.expectations))
    parts: list[Consignment] = sorted(journey.consignments.values(), key=lambda consignment: consignment.id)
    for consignment in parts:
        yield from (_expectation(consignment.id or None, each) for each in _in_order(consignment.leg.expectations))


def _in_order(expectations: tuple[Expectation, ...]) -> list[Expectation]:
    return sorted(expectations, key=lambda expectation: expectation.key)


def _expectation(consignment: str | None, expectation: Expectation) -> Row:
    return {
        "milestone": expectation.milestone,
        "basis": expectation.basis,
        "rule": expectation.rule,
        "consignment_id": consignment,
        "first_due": _iso(expectation.first_due),
        "due": _iso(expectation.due),
        "met_at": _iso(expectation.met_at),
        "ended_at": _iso(expectation.ended_at),
        "breached_at": _iso(expectation.breached_at),
        "withdrawn_at": _iso(expectation.withdrawn_at),
        "revisions": [
            {"at": _iso(revision.at), "by": revision.by, "due": _iso(revision.due)}
            for revision in expectation.revisions
        ],
    }


def _problem(problem: Problem) -> Row:
    return {
        "problem_id": problem.id,
        "type": problem.type,
        "cause": problem.cause,
        "consignment_id": problem.consignment,
        "case_id": problem.case,
        "extent": problem.extent,
        "severity": problem.severity,
        "fault": problem.fault,
        "status": problem.status,
        "reopened": problem.reopened,
        "opened_at": _iso(problem.opened_at),
        "resolved_at": _iso(problem.resolved_at),
        "recovered_at": _iso(problem.recovered_at),
        "withdrawn_at": _iso(problem.withdrawn_at),
        "written_off_at": _iso(problem.written_off_at),
    }


def _hold(hold: Hold) -> Row:
    return {
        "problem": hold.owner,
        "reason": hold.reason,
        "scope": {"classes": list(hold.scope.classes), "channels": list(hold.scope.channels)},
        "since": _iso(hold.since),
        "until": _iso(hold.until),
    }


def _remedies(state: CustomerState) -> list[GivenRemedy]:
    return sorted(state.remedies.values(), key=lambda remedy: (remedy.at, remedy.id))


def _remedy(remedy: GivenRemedy) -> Row:
    return {
        "remedy_id": remedy.id,
        "cause": remedy.cause,
        "occasion": remedy.occasion,
        "problem": remedy.problem,
        "at": _iso(remedy.at),
        "settled_at": _iso(remedy.settled_at),
        "gestures": [_gesture(gesture) for gesture in remedy.gestures],
    }


def _gesture(gesture: Gesture) -> Row:
    amount = gesture.amount
    return {
        "kind": gesture.kind,
        "amount": None if amount is None else {"amount": f"{amount.amount:f}", "currency": amount.currency},
        "cost": {"amount": f"{gesture.cost.amount:f}", "currency": gesture.cost.currency},
    }


def _case(state: CustomerState, case: Case) -> Row:
    problems = [problem for problem in sorted_problems(state) if problem.case == case.id]
    mine = {problem.id for problem in problems}
    passed = [assignment.desk for assignment in ping_pong.hand_offs(case.desks)]
    life = life_of(case.turns)
    return {
        "case_id": case.id,
        "customer_id": state.customer,
        "journey_id": case.journey,
        "topic": case.topic,
        "complaint": case.complaint,
        "desks": passed,
        "handoff_count": max(0, len(passed) - 1),
        "reopen_count": life.reopened,
        "ping_pong_at": _iso(case.ping_pong_at),
        "opened_at": _iso(case.opened_at),
        "resolved_at": _iso(_ended(case, "resolved")),
        "closed_at": _iso(_ended(case, "closed")),
        "escalations": [
            {"at": _iso(asked.at), "owner": asked.owner, "reason": asked.reason, "problem": problem.id}
            for problem in problems
            for asked in problem.asked
        ],
        "expectations": [_expectation(None, each) for each in _in_order(case.leg.expectations)],
        "problems": [_problem(problem) for problem in problems],
        "holds": [_hold(hold) for hold in state.holds if hold.owner in mine],
        "remedies": [_remedy(remedy) for remedy in _remedies(state) if remedy.problem in mine],
    }


def _ended(case: Case, word: str) -> Instant | None:
    """Return when the case was first resolved, or closed, since it was last reopened."""
    found: Instant | None = None
    over = False
    for turn in case.turns:
        if turn.word in ENDS:
            over = True
            found = turn.at if turn.word == word and found is None else found
        elif over:
            found, over = None, False
    return found


def _iso(at: Instant | None) -> str | None:
    return None if at is None else to_iso(at)

"""Invariants 2, 4, 5, 6 and 7 of the domain over random timelines, from input bytes to output records."""

from collections import Counter
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.clock import DAY, HOUR, MINUTE, Instant
from app.directory.limits import WAIT_LIMIT
from app.journey.trouble import Problem
from app.outputs import Notice, Remedy, Suppression
from app.topics import Topic
from tests.support.pipeline import Step
from tests.support.plays import Played, one_by_one, play, rows_at, settling_policy, state_after, together
from tests.support.timelines import PARCELS, START, Moment, beginnings, moment, timelines, unknown_scan

FAR = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
DUE = START + 3 * DAY
QUIET = 11 * HOUR
"""The longest that quiet hours last."""

AFTERWARDS = 30 * DAY
"""Long enough for every quiet period to pass, shorter than a closed journey is kept whole."""


def _end(moments: list[Moment]) -> int:
    return max(int(each.known_at) for each in moments) + AFTERWARDS


def _said(played: Played) -> list[tuple[str, bytes, bytes]]:
    records = (record for heard in played.heard for record in heard.records)
    return sorted((record.topic, record.key or b"", record.value or b"") for record in records)


@FAR
@given(timelines())
def test_a_customer_is_held_exactly_by_what_is_not_recovered(moments: list[Moment]) -> None:
    told: Suppression | None = None
    for heard in play(one_by_one(moments, _end(moments))).heard:
        state = state_after(heard)
        ledgers = [output for output in heard.outputs() if isinstance(output, Suppression)]
        told = ledgers[-1] if ledgers else told
        owing = {problem.id for problem in state.problems.values() if problem.active and problem.scope is not None}
        assert {hold.owner for hold in state.holds if hold.until is None} == owing
        assert {hold.owner for hold in (told.holds if told else ())} == owing
        assert (told is not None and told.suppressed) == bool(owing)


@FAR
@given(timelines(), st.data())
def test_order_of_arrival_repeats_and_ticks_change_nothing(moments: list[Moment], data: st.DataObject) -> None:
    end = _end(moments)
    straight = play(one_by_one(moments, end))
    arrived = play(_jumbled(moments, end, data))
    assert _said(arrived) == _said(straight)
    assert arrived.end == straight.end


def _jumbled(moments: list[Moment], end: int, data: st.DataObject) -> list[Step]:
    """Cut the timeline anywhere, repeat events and let those between two ticks arrive in any order.

    A stretch is of less time than a fact waits for its customer, as the player's are (decision 0007).
    """
    cuts = data.draw(st.sets(st.integers(1, len(moments)), max_size=4))
    steps = []
    for part in _stretches(moments, cuts):
        repeats = data.draw(st.lists(st.sampled_from(part), max_size=3))
        arriving = data.draw(st.permutations([*part, *repeats]))
        steps.append(together(arriving, max(each.known_at for each in part)))
    return [*steps, together((), end)]


def _stretches(moments: list[Moment], cuts: set[int]) -> list[list[Moment]]:
    found: list[list[Moment]] = []
    for place, each in enumerate(moments):
        if not found or place in cuts or each.known_at - found[-1][0].known_at >= WAIT_LIMIT:
            found.append([])
        found[-1].append(each)
    return found


@FAR
@given(timelines(), st.data())
def test_what_becomes_known_late_ends_in_the_same(moments: list[Moment], data: st.DataObject) -> None:
    begun = len(beginnings())
    delays = data.draw(st.lists(st.integers(0, 100), min_size=len(moments) - begun, max_size=len(moments) - begun))
    late = [
        *moments[:begun],
        *(
            each._replace(known_at=Instant(each.known_at + delay * HOUR))
            for each, delay in zip(moments[begun:], delays, strict=True)
        ),
    ]
    end = max(_end(moments), _end(late))
    learnt_late, learnt_at_once = (play(one_by_one(each, end), settling_policy()) for each in (late, moments))
    assert _stands(learnt_late) == _stands(learnt_at_once)


def _stands(played: Played) -> list[Any]:
    """Return journeys, problems and holds as they are, without when we knew."""
    state = played.end
    expected = [
        (row.get("journey_id") or row.get("case_id"), *_expectation(each))
        for row in rows_at(state)
        for each in row["expectations"]
        if _counts(each)
    ]
    problems = [
        (problem.id, problem.opened_at, problem.resolved_at, problem.status, problem.extent, problem.severity)
        for problem in state.problems.values()
        if problem.withdrawn_at is None
    ]
    holds = [(hold.owner, hold.scope) for hold in state.holds if hold.until is None]
    return [sorted(map(repr, part)) for part in (expected, problems, holds)]


def _counts(row: dict[str, Any]) -> bool:
    """Say whether an expectation stands.

    One that was withdrawn without being met or over in time was never to be: a correction. Of the gaps from movement to
    movement only those that were too long are kept.
    """
    kept = any(row[when] is not None and row[when] < row["first_due"] for when in ("met_at", "ended_at"))
    standing = row["withdrawn_at"] is None
    return standing and not kept if row["rule"] == "next_scan" else standing or kept


def _expectation(row: dict[str, Any]) -> tuple[Any, ...]:
    broken = row["breached_at"] is not None and row["withdrawn_at"] is None
    return (row["consignment_id"], row["milestone"], row["first_due"], row["met_at"], row["ended_at"], broken)


@FAR
@given(st.sampled_from(sorted(PARCELS)), st.integers(10, 3 * 24 * 60 - 1), st.integers(0, 5 * 24 * 60))
def test_a_scan_dated_before_the_deadline_clears_the_accusation(parcel: str, minutes: int, delay: int) -> None:
    scan = {"carrier": "parcelwave", "tracking_number": PARCELS[parcel], "status": "delivered"}
    happened = moment(99, START + minutes * MINUTE, Topic.TRACKING_SCANS, "parcel_scanned", scan)
    late = happened._replace(known_at=Instant(max(DUE, happened.known_at) + delay * MINUTE))
    played = play(one_by_one([*beginnings(), late], late.known_at + QUIET))
    accused = [each for each in played.end.problems.values() if each.consignment == parcel and each.first_due == DUE]
    assert accused
    assert all(each.withdrawn_at == late.known_at for each in accused)
    assert not {hold.owner for hold in played.end.holds if hold.until is None} & {each.id for each in accused}
    notices = [output for output in played.outputs() if isinstance(output, Notice)]
    told = {recipient for each in accused for recipient in each.told}
    assert {said.recipient for said in notices if _puts_right(played, said, accused)} == told


def _puts_right(played: Played, notice: Notice, accused: list[Problem]) -> bool:
    """Say whether a notice corrects an accusation: about its cause, or as a digest that says so among other things."""
    causes = {each.cause for each in accused}
    same = {each.id for each in played.end.problems.values() if each.cause in causes}
    if notice.template == "digest":
        return "We were wrong" in notice.text
    return notice.template == "correction" and notice.problem in same


@FAR
@given(timelines(), st.lists(st.tuples(st.integers(0, 60 * 24 * 14), st.sampled_from(sorted(PARCELS))), max_size=8))
def test_unknown_scans_change_nothing(moments: list[Moment], unknown: list[tuple[int, str]]) -> None:
    scans = [unknown_scan(1000 + n, START + 10 * MINUTE + at * MINUTE, of) for n, (at, of) in enumerate(unknown)]
    end = max(_end(moments), _end([*moments, *scans]))
    assert _said(play(one_by_one([*moments, *scans], end))) == _said(play(one_by_one(moments, end)))


@FAR
@given(timelines(), st.lists(st.tuples(st.integers(0, 60 * 24 * 14), st.sampled_from(sorted(PARCELS))), max_size=4))
def test_a_failure_scan_closes_no_promise(moments: list[Moment], failed: list[tuple[int, str]]) -> None:
    scans = [
        moment(
            1000 + n,
            START + 10 * MINUTE + at * MINUTE,
            Topic.TRACKING_SCANS,
            "parcel_scanned",
            {"carrier": "parcelwave", "tracking_number": PARCELS[of], "status": "failure"},
        )
        for n, (at, of) in enumerate(failed)
    ]
    end = max(_end(moments), _end([*moments, *scans]))
    assert _promises(play(one_by_one([*moments, *scans], end))) == _promises(play(one_by_one(moments, end)))


def _promises(played: Played) -> list[dict[str, Any]]:
    return [each for row in rows_at(played.end) for each in row["expectations"] if each["basis"] == "promised"]


@FAR
@given(timelines())
def test_nothing_is_made_good_twice(moments: list[Moment]) -> None:
    outputs = play(one_by_one(moments, _end(moments))).outputs()
    remedies = [output for output in outputs if isinstance(output, Remedy)]
    times = Counter((each.cause, each.occasion) for each in remedies)
    assert set(times.values()) <= {1}
    refunds = [gesture for each in remedies for gesture in each.gestures if gesture.kind == "refund"]
    assert sum((gesture.cost.amount for gesture in refunds), Decimal(0)) <= Decimal("100.00")

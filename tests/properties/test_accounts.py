"""The people of one account: each is free exactly when the last severe problem of the others is recovered."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.clock import HOUR, Instant, from_iso, to_iso
from app.ids import CustomerId
from app.journey.state import POLICY_KEY, CustomerState
from app.journey.stored import decode_state
from app.journey.trouble import Problem
from app.outputs import Suppression
from app.replay.timeline import Event
from app.topics import Topic
from tests.support.pipeline import Heard, Step, run
from tests.support.plays import default_policy, one_by_one, together
from tests.support.timelines import Moment

START = from_iso("2026-03-02T09:00:00Z")
PEOPLE = ("P-1", "P-2", "P-3")
NAMED = ("P-1", "P-2")
"""Those whose role the policy names; P-3 only uses what was bought."""
SEVERE = 3
PRIORITIES = {"calmer": 3, "worse": 1}
AFTERWARDS = 20 * 24 * HOUR

FAR = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])


class Act(NamedTuple):
    """So many hours after the one before, somebody's case goes on, or they move to the other account."""

    gap: int
    who: str
    what: str


ACTS = st.lists(
    st.builds(
        Act,
        st.integers(1, 60),
        st.sampled_from(PEOPLE),
        st.sampled_from(["goes on", "goes on", "goes on", "calmer", "worse", "moves", "released"]),
    ),
    max_size=14,
)


class Upstream:
    """Publishes what happens to the people of two accounts; each has one case, opened, resolved, reopened in turn."""

    def __init__(self) -> None:
        self.moments: list[Moment] = []
        self._account = dict.fromkeys(PEOPLE, "ACME")
        self._case: dict[str, str] = {}
        self._at = int(START)

    def introduce(self) -> None:
        for who in PEOPLE:
            self._profile(who)
            self._at += 1

    def act(self, act: Act) -> None:
        self._at += act.gap * HOUR
        who = act.who
        if act.what == "moves":
            self._account[who] = "BOLT" if self._account[who] == "ACME" else "ACME"
            self._profile(who)
        elif act.what == "released":
            by = {"action": "release", "operator": "o-1", "role": "cx_lead", "reason": "agreed"}
            self._say(Topic.OPERATOR_DECISIONS, "operator_decided", customer_id=who, **by)
        elif act.what in PRIORITIES and who in self._case:
            self._of_case(who, "case_priority_changed", priority=PRIORITIES[act.what])
        else:
            self._next(who)

    def end(self) -> None:
        for who, word in tuple(self._case.items()):
            self._at += HOUR
            if word != "case_resolved":
                self._next(who)

    def _next(self, who: str) -> None:
        if who not in self._case:
            self._case[who] = "case_opened"
            self._of_case(who, "case_opened", topic="outage", channel="web", priority=1)
        else:
            self._case[who] = "case_reopened" if self._case[who] == "case_resolved" else "case_resolved"
            self._of_case(who, self._case[who])

    def _profile(self, who: str) -> None:
        role = "buyer" if who in NAMED else "user"
        self._say(Topic.CUSTOMERS, "profile_stated", customer_id=who, account=self._account[who], account_role=role)

    def _of_case(self, who: str, event: str, **payload: object) -> None:
        self._say(Topic.CASE_EVENTS, event, customer_id=who, case_id=f"K-{who}", **payload)

    def _say(self, on: Topic, event: str, /, **payload: object) -> None:
        place = len(self.moments)
        whole = {"event_id": f"e{place}", "occurred_at": to_iso(Instant(self._at)), **payload}
        self.moments.append(Moment(Instant(self._at), place, Event(topic=on, type=event, payload=whole)))


def moments_of(acts: Sequence[Act]) -> list[Moment]:
    """Return the timeline: who they are, then each act, and in the end every case resolved."""
    upstream = Upstream()
    upstream.introduce()
    for act in acts:
        upstream.act(act)
    upstream.end()
    return upstream.moments


def states_of(heard: Heard) -> dict[str, CustomerState]:
    """Return everybody's state after a step."""
    stored = {key: value for key, value in heard.states.items() if key != POLICY_KEY}
    return {key.decode(): decode_state(value) for key, value in stored.items()}


def held_by(states: Mapping[str, CustomerState], who: str) -> set[str]:
    """Return the problems that must hold somebody: their own, and the severe ones of the others of their account."""
    state = states[who]
    assert state.profile is not None
    own = {str(problem.id) for problem in state.problems.values() if holds(problem) and problem.scope is not None}
    if who not in NAMED:
        return own
    assert state.membership is not None
    return own | {
        f"account:{state.profile.account}/{other}/{problem.id}"
        for other, theirs in states.items()
        if other != who and theirs.profile is not None and theirs.profile.account == state.profile.account
        for problem in theirs.problems.values()
        if holds(problem) and problem.severity >= SEVERE
    } - set(state.membership.released)


def holds(problem: Problem) -> bool:
    """Say whether a problem may hold."""
    return problem.active and problem.released_at is None


@FAR
@given(ACTS)
def test_each_is_held_exactly_by_what_they_and_the_others_of_their_account_have(acts: list[Act]) -> None:
    moments = moments_of(acts)
    heard: list[Heard] = []
    run(one_by_one(moments, moments[-1].known_at + AFTERWARDS), default_policy(), heard.append)
    said: dict[str, Suppression] = {}
    for each in heard[len(PEOPLE) - 1 :]:
        said |= {output.customer: output for output in each.outputs() if isinstance(output, Suppression)}
        states = states_of(each)
        for who in PEOPLE:
            wanted = held_by(states, who)
            ledger = said.get(CustomerId(who))
            assert {hold.owner for hold in states[who].holds if hold.until is None} == wanted
            assert {hold.owner for hold in (ledger.holds if ledger is not None else ())} == wanted
    assert not any(ledger.suppressed for ledger in said.values()), "in the end all of it is recovered"


@FAR
@given(ACTS, st.data())
def test_neither_where_a_replay_is_cut_nor_in_what_order_things_arrive_changes_what_is_said(
    acts: list[Act], data: st.DataObject
) -> None:
    moments = moments_of(acts)
    end = moments[-1].known_at + AFTERWARDS
    cuts = sorted(data.draw(st.sets(st.integers(1, len(moments)), max_size=3)))
    parts = [moments[start:stop] for start, stop in zip([0, *cuts], [*cuts, len(moments)], strict=True)]
    steps = [together(data.draw(st.permutations(part)), part[-1].known_at) for part in parts if part]
    assert _said([*steps, together((), end)]) == _said(one_by_one(moments, end))


def _said(steps: Sequence[Step]) -> list[tuple[str, bytes, bytes]]:
    heard: list[Heard] = []
    run(steps, default_policy(), heard.append)
    return sorted((record.topic, record.key or b"", record.value or b"") for each in heard for record in each.records)

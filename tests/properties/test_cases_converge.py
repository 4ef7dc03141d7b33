"""Cases: the same talk, learnt at other times, ends in the same problems of the desk and of those it asks."""

from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from app.facts import (
    CaseAssigned,
    CaseClosed,
    CaseOpened,
    CaseReopened,
    CaseResolved,
    CaseWaiting,
    ContactAttempted,
    MessageReceived,
    MessageSent,
    Party,
    What,
)
from app.ids import Desk
from tests.support.journeys import CASE, Customer, fact

TALK = st.sampled_from(
    [
        MessageReceived("email"),
        MessageReceived("email"),
        MessageSent("email"),
        MessageSent("email", by=Party.SUPPLIER),
        ContactAttempted("call"),
        ContactAttempted("form", Party.PARTNER_LOCATION),
        CaseWaiting(Party.CUSTOMER),
        CaseWaiting(Party.SUPPLIER),
        CaseWaiting(Party.NOBODY),
        CaseResolved(),
        CaseClosed(),
        CaseReopened(),
        *(CaseAssigned(Desk(name)) for name in "ABC"),
    ]
)


class Said(NamedTuple):
    """Something said in the case, so many hours after the beginning, learnt so many hours later still."""

    what: What
    at: int
    late: int


def play(said: list[Said], *, late: bool) -> Customer:
    facts = [
        fact(each.what, each.at, each.at + each.late * late, journey=None, case=CASE, name=f"f{number:02}:e{number:02}")
        for number, each in enumerate(said)
    ]
    opened = fact(CaseOpened("late", "email"), 0, journey=None, case=CASE, name="f:e")
    return Customer().learns(opened, *sorted(facts, key=lambda each: (each.known_at, each.id))).waits(24 * 90)


def stands(ann: Customer) -> Any:
    case = ann.state.cases[CASE]
    problems = {
        (each.type, each.id): (each.opened_at, each.resolved_at, each.reopened, each.status)
        for each in ann.state.problems.values()
        if each.withdrawn_at is None
    }
    return case.leg.steps, case.waits, problems, {(hold.owner, hold.scope) for hold in ann.held}


@settings(deadline=None, max_examples=150)
@given(st.lists(st.builds(Said, TALK, st.integers(1, 400), st.integers(0, 300)), max_size=14))
def test_what_is_learnt_late_of_a_case_ends_in_the_same(said: list[Said]) -> None:
    assert stands(play(said, late=True)) == stands(play(said, late=False))

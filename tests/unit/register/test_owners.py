"""The owner of a mass incident is watched: they act in time, or the next role is told, up to the last."""

import json
from decimal import Decimal

import pytest

from app.clock import DAY, HOUR, MINUTE
from app.facts import IncidentLeft, IncidentReported, Money, OperatorDecided, incident_key
from app.outputs import Escalation
from tests.support.policies import default_files
from tests.support.registers import RegisterPlay

START = 1_780_000_000_000
KEY = incident_key("house/understocked/P-1")
NAME = KEY.decode()
REPORT = IncidentReported("understocked", "P-1", "house")
MANY = 5
ACT_BY = START + HOUR
TABLE = "tables/escalations.json"


def declared(files: dict[str, bytes] | None = None, *, data_clock: bool = True) -> RegisterPlay:
    """Return a register in which an incident was declared at START."""
    play = RegisterPlay(files, data_clock=data_clock)
    for customer in range(MANY):
        play.take(KEY, REPORT, START, f"C-{customer}")
    play.tick(START)
    return play


def act(play: RegisterPlay, at: int, role: str = "incident_lead", key: bytes = KEY) -> None:
    what = OperatorDecided("act", "kim", role, "the lamp is back on Friday", incident=key.decode())
    play.take(key, what, at)
    play.tick(at)


def told(play: RegisterPlay) -> list[tuple[str, str, int]]:
    """Return who was asked, why and when, from START on in milliseconds."""
    return [(each.owner, each.reason, each.at - START) for each in play.escalations()]


LEAD = ("incident_lead", "mass_incident", 0)
HEAD = ("head_of_customer_experience", "owner_silent", HOUR)


def with_rows(*added: dict[str, str], **changed: dict[str, str]) -> dict[str, bytes]:
    """Return the default policy with rows before its own for a silent owner, and cells of its rows changed."""
    files = default_files()
    table = json.loads(files[TABLE])
    (content,) = [node["content"] for node in table["nodes"] if node["type"] == "decisionTableNode"]
    rules = content["rules"]
    place = next(number for number, rule in enumerate(rules) if rule["_id"] == "owner_silent")
    empty = dict.fromkeys(rules[place], "")
    for rule in rules:
        rule.update(changed.get(rule["_id"], {}))
    rules[place:place] = [{**empty, "reason": '"owner_silent"', **row} for row in added]
    return files | {TABLE: json.dumps(table).encode()}


def test_when_the_owner_has_not_acted_in_time_the_next_role_is_told_once() -> None:
    play = declared()
    play.tick(ACT_BY - 1)
    assert told(play) == [LEAD]
    play.tick(START + DAY)
    assert told(play) == [LEAD, HEAD]
    decision = next(each for each in play.decisions() if each.cause.kind == "deadline")
    assert decision.changes == (
        "incident_lead has not acted in time",
        "head_of_customer_experience is asked to act: owner_silent",
    )


def test_the_whole_history_stands_on_each_escalation() -> None:
    play = declared()
    play.tick(START + DAY)
    lead, head = play.escalations()
    decided_by = {output: each.id for each in play.decisions() for output in each.outputs}
    assert lead.history == (decided_by[lead.id],)
    assert head.history == (decided_by[lead.id], decided_by[head.id])


@pytest.mark.parametrize("role", ["incident_lead", "cx_lead", "head_of_customer_experience"])
def test_who_may_act_is_waited_for_no_more_once_they_have(role: str) -> None:
    play = declared()
    act(play, ACT_BY - 1, role)
    play.tick(START + 30 * DAY)
    assert told(play) == [LEAD]


def test_who_may_not_act_has_not_acted() -> None:
    play = declared()
    act(play, START + MINUTE, "agent")
    assert play.decisions()[-1].changes == ("refused: the policy does not let a agent act",)
    play.tick(START + DAY)
    assert told(play) == [LEAD, HEAD]


def test_at_the_due_time_it_is_late() -> None:
    play = declared()
    act(play, ACT_BY)
    assert told(play) == [LEAD, HEAD]
    assert play.decisions()[-1].changes[-1] == "nobody is waited for"


@pytest.mark.parametrize(("recovers_at", "asked"), [(ACT_BY - 1, [LEAD]), (ACT_BY, [LEAD, HEAD])])
def test_once_the_incident_is_over_nobody_is_told(recovers_at: int, asked: list[tuple[str, str, int]]) -> None:
    play = declared()
    for customer in range(MANY):
        play.take(KEY, IncidentLeft(), recovers_at, f"C-{customer}")
    play.tick(START + 30 * DAY)
    assert told(play) == asked


def test_while_one_customer_has_not_recovered_the_owner_is_watched() -> None:
    play = declared()
    for customer in range(MANY - 1):
        play.take(KEY, IncidentLeft(), START + MINUTE, f"C-{customer}")
    play.tick(START + DAY)
    assert told(play) == [LEAD, HEAD]


def test_a_ladder_of_the_policy_is_climbed_step_by_step_to_its_last_role() -> None:
    step = {"authority": '"anything"', "act_within": '"2 hours"'}
    files = with_rows(
        {"_id": "head", "repeats": '"first"', "owner": '"head"', **step},
        {"_id": "chief", "repeats": '"again"', "owner": '"chief"', **step},
    )
    play = declared(files)
    play.tick(START + 30 * DAY)
    above = [("head", HOUR), ("chief", 3 * HOUR), ("head_of_customer_experience", 5 * HOUR)]
    assert told(play) == [LEAD, *((owner, "owner_silent", at) for owner, at in above)]
    assert len(play.escalations()[-1].history) == len(above) + 1


def test_the_last_role_is_not_asked_again_when_it_is_silent_too() -> None:
    play = declared(with_rows(owner_silent={"act_within": '"2 hours"'}))
    play.tick(START + 30 * DAY)
    assert told(play) == [LEAD, HEAD]
    notes = [change for each in play.decisions() for change in each.changes]
    assert notes.count("head_of_customer_experience has not acted in time") == 1


def test_acting_on_a_higher_step_ends_it_as_well() -> None:
    files = with_rows(
        {"_id": "head", "owner": '"head"', "authority": '"anything"', "act_within": '"2 hours"', "repeats": '"first"'}
    )
    play = declared(files)
    act(play, START + 2 * HOUR)
    play.tick(START + 30 * DAY)
    assert told(play) == [LEAD, ("head", "owner_silent", HOUR)]


def test_the_owners_budget_is_in_the_brands_currency() -> None:
    (lead,) = declared(with_rows(mass_incident={"budget": '"300.00"'})).escalations()
    assert lead.budget == Money(Decimal("300.00"), "USD")


def test_acting_on_what_is_no_incident_leaves_nothing_behind() -> None:
    play = RegisterPlay()
    act(play, START, key=incident_key("house/understocked/none"))
    assert play.decisions()[-1].changes[-1] == "no such incident goes on: nothing to do"
    assert [key for key in play.stage.states() if not key.startswith(b"\x00")] == []


def test_a_report_that_is_no_incident_yet_waits_for_no_owner() -> None:
    play = RegisterPlay()
    play.take(KEY, REPORT, START, "C-1")
    act(play, START + 1)
    assert play.decisions()[-1].changes[-1] == "no such incident goes on: nothing to do"
    for customer in range(2, MANY + 1):
        play.take(KEY, REPORT, START + 2, f"C-{customer}")
    play.tick(START + DAY)
    assert [owner for owner, _, _ in told(play)] == [LEAD[0], HEAD[0]]


@pytest.mark.parametrize("data_clock", [True, False])
def test_however_the_time_is_cut_the_same_is_said(data_clock: bool) -> None:
    def said(*ticks: int) -> list[Escalation]:
        play = declared(data_clock=data_clock)
        for until in (*ticks, START + DAY):
            play.tick(until)
        return play.escalations()

    assert said() == said(ACT_BY - 1, ACT_BY, ACT_BY + 1) == said(*range(START, ACT_BY + HOUR, 7 * MINUTE))

from app.facts import CaseAssigned, CaseOpened, MessageReceived, MessageSent
from app.ids import Desk
from app.journey.rows import case_rows
from tests.support.journeys import CASE, Customer, at, fact


def opened() -> Customer:
    return Customer().learns(fact(CaseOpened("late", "email", desk=Desk("A")), 0, journey=None, case=CASE))


def passed(ann: Customer, *desks: str, start: float = 1) -> Customer:
    for n, desk in enumerate(desks):
        ann.learns(fact(CaseAssigned(Desk(desk)), start + n, journey=None, case=CASE))
    return ann


def test_back_to_a_desk_that_passed_it_on_is_ping_pong() -> None:
    ann = passed(opened(), "B", "A")
    assert ann.problem("ping_pong").opened_at == at(2)


def test_three_desks_without_an_answer_are_ping_pong() -> None:
    assert passed(opened(), "B", "C").problem("ping_pong").opened_at == at(2)


def test_three_desks_with_an_answer_between_are_not() -> None:
    ann = passed(opened(), "B").learns(fact(MessageSent("email"), 1.5, journey=None, case=CASE))
    assert passed(ann, "C", start=2).problems("ping_pong") == []


def test_an_automatic_message_is_no_answer() -> None:
    ann = passed(opened(), "B").learns(fact(MessageSent("email", automatic=True), 1.5, journey=None, case=CASE))
    assert passed(ann, "C", start=2).problem("ping_pong").open


def test_an_answer_learnt_late_takes_ping_pong_back() -> None:
    ann = passed(opened(), "B", "C")
    ann.learns(fact(MessageSent("email"), 1.5, known=4, journey=None, case=CASE))
    assert ann.problem("ping_pong").status == "withdrawn"


def test_a_desk_that_does_not_answer_in_its_hours_breaks_what_is_expected_of_it() -> None:
    ann = opened().learns(fact(MessageReceived("email"), 1, journey=None, case=CASE))
    assert ann.waits(5).problem("desk_silent").opened_at == at(5)


def test_a_row_says_where_a_case_has_been() -> None:
    (row,) = case_rows(passed(opened(), "B", "B", "A").state)
    assert (row["case_id"], row["desks"], row["handoff_count"]) == (CASE, ["A", "B", "A"], 2)
    assert row["ping_pong_at"] == "2026-03-02T13:00:00.000Z"

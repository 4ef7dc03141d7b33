"""Zendesk's ticket events as events of cases."""

from app.adapters import zendesk
from app.adapters.event import InputEvent
from tests.support.webhooks import accepted, body


def said(name: str, **changes: object) -> list[InputEvent]:
    return accepted(zendesk.events(body(f"zendesk/{name}", **changes), frozenset({"complaint"})))


def test_a_ticket_by_its_requester_opens_a_case_and_is_the_first_message() -> None:
    opened, message = said("ticket_created")
    assert (opened.event, message.event) == ("case_opened", "message_received")
    assert opened.payload["requester"] == {"helpdesk_id": "8447388090494"}
    assert (opened.payload["case_id"], opened.payload["desk"]) == ("5158", "101")
    assert (opened.payload["priority"], opened.payload["complaint"]) == (2, True)
    assert (opened.payload["channel"], opened.payload["topic"]) == ("email", "problem")


def test_a_ticket_that_an_agent_made_is_no_message_of_the_customer() -> None:
    assert [event.event for event in said("ticket_created", detail__submitter_id="9000")] == ["case_opened"]


def test_words_that_zendesk_adds_later_have_a_default() -> None:
    (opened, _) = said(
        "ticket_created", detail__via={"channel": "hologram"}, detail__priority="EXTREME", detail__tags=[]
    )
    assert (opened.payload["channel"], opened.payload["priority"]) == ("hologram", None)
    assert opened.payload["complaint"] is False
    assert zendesk.events(body("zendesk/ticket_created", type="zen:event-type:ticket.teleported")) == []


def test_a_public_comment_is_an_answer_or_the_customers_and_a_note_is_neither() -> None:
    (answer,) = said("comment_by_agent")
    assert (answer.event, answer.payload["automatic"]) == ("message_sent", False)
    (message,) = said("comment_by_customer")
    assert (message.event, message.payload["message_id"]) == ("message_received", "c-2")
    assert said("internal_note") == []


def test_what_a_trigger_writes_is_no_answer_by_a_person() -> None:
    author = {"id": "-1", "is_staff": True, "name": "-"}
    (answer,) = said("comment_by_agent", event__comment__author=author)
    assert answer.payload["automatic"] is True


def test_another_group_is_a_hand_over_from_desk_to_desk() -> None:
    (moved,) = said("group_assignment_changed")
    assert moved.event == "case_handed_over"
    assert (moved.payload["from_desk"], moved.payload["desk"]) == ("101", "202")
    (first,) = said("group_assignment_changed", event__previous=None)
    assert first.event == "case_assigned"
    assert said("group_assignment_changed", event__current=None) == []


def test_solved_is_not_closed_and_leaving_either_is_a_reopening() -> None:
    assert [event.event for event in said("status_solved")] == ["case_resolved"]
    assert [event.event for event in said("status_closed")] == ["case_closed"]
    assert [event.event for event in said("status_reopened")] == ["case_reopened"]


def test_waiting_is_for_the_customer_or_for_somebody_outside() -> None:
    def waits(before: str, now: str) -> list[str]:
        found = said("status_solved", event__previous=before, event__current=now)
        return [event.payload["waiting_for"] for event in found]

    assert waits("OPEN", "PENDING") == ["customer"]
    assert waits("OPEN", "HOLD") == ["unknown"]
    assert waits("PENDING", "OPEN") == ["nobody"]
    assert waits("NEW", "OPEN") == []


def test_events_of_one_update_keep_their_order_by_time() -> None:
    message, reopened = said("comment_by_customer")[0], said("status_reopened")[0]
    assert message.payload["occurred_at"] == "2026-04-23T09:00:00.000Z"
    assert reopened.payload["occurred_at"] == "2026-04-23T09:00:00.001Z"


def test_the_id_is_zendesks_own() -> None:
    assert said("status_solved")[0].payload["event_id"] == "zen-5"

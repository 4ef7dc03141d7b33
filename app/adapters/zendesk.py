"""Zendesk's ticket events. Their order is not guaranteed: each carries its own time and place in its update."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from app.adapters import event as made
from app.adapters.days import written
from app.adapters.event import InputEvent, Payload
from app.adapters.foreign import Foreign
from app.clock import from_datetime

PREFIX: Final = "zen:event-type:"

PRIORITIES: Final[Mapping[str, int]] = {"urgent": 1, "high": 2, "normal": 3, "low": 4}
"""Zendesk's priorities, 1 the most urgent; one not listed is none."""

CHANNELS: Final[Mapping[str, str]] = {
    "email": "email",
    "web": "form",
    "web_form": "form",
    "api": "form",
    "mobile": "form",
    "chat": "chat",
    "native_messaging": "chat",
    "messaging": "chat",
    "whatsapp": "chat",
    "voice": "phone",
    "phone": "phone",
    "facebook": "social",
    "twitter": "social",
}
"""`via.channel` in our words; a channel not listed keeps its own name."""

_SYSTEM: Final = frozenset({"-1", "0"})
"""Authors that are no person: triggers and automations."""

_ENDED: Final = frozenset({"solved", "closed"})


def events(body: Foreign, complaint_tags: frozenset[str] = frozenset()) -> list[InputEvent]:
    """Return what a ticket event says; types that are not mapped say nothing.

    `complaint_tags`: a ticket that carries one of them is a complaint.
    """
    read = _READ.get(body.text("type").removeprefix(PREFIX))
    if read is None:
        return []
    return read(body, complaint_tags)


def _common(body: Foreign) -> Payload:
    """Return what all events of a ticket share. The requester is an id of Zendesk's: the directory knows whose."""
    return {
        "event_id": body.text("id"),
        "occurred_at": _when(body),
        "requester": {"helpdesk_id": body.text("detail.requester_id")},
        "case_id": body.text("detail.id"),
    }


def _when(body: Foreign) -> str:
    """Return the event's time; those of one update share it, so each is put a millisecond after the one before."""
    moment = datetime.fromisoformat(body.moment("time"))
    place = body.at("event.meta.sequence.position").value
    later = place - 1 if isinstance(place, int) and place > 0 else 0
    return written(from_datetime(moment) + later, body.at("time"))


def _created(body: Foreign, complaint_tags: frozenset[str]) -> list[InputEvent]:
    tags = body.at("detail.tags").value
    complaint = isinstance(tags, list) and not complaint_tags.isdisjoint(str(tag) for tag in tags)
    opened = made.case(
        "case_opened",
        _common(body)
        | {
            "channel": _channel(body),
            "topic": body.word("detail.type") or "other",
            "priority": PRIORITIES.get(body.word("detail.priority")),
            "complaint": complaint,
            "desk": body.optional("detail.group_id"),
        },
    )
    if body.optional("detail.submitter_id") != body.optional("detail.requester_id"):
        return [opened]
    first = {"event_id": f"{body.text('id')}/description", "channel": _channel(body)}
    return [opened, made.case("message_received", _common(body) | first)]


def _commented(body: Foreign, _: frozenset[str]) -> list[InputEvent]:
    """Return a public comment: the customer's, or an answer to them. An internal note reaches nobody."""
    comment = body.at("event.comment").must_be_object()
    if not comment.truth("is_public"):
        return []
    author = comment.at("author").must_be_object()
    said = {"message_id": comment.text("id"), "channel": _channel(body)}
    if not author.truth("is_staff") and author.optional("id") not in _SYSTEM:
        return [made.case("message_received", _common(body) | said)]
    automatic = author.optional("id") in _SYSTEM
    return [made.case("message_sent", _common(body) | said | {"automatic": automatic})]


def _moved(body: Foreign, _: frozenset[str]) -> list[InputEvent]:
    desk, before = body.optional("event.current"), body.optional("event.previous")
    if desk is None:
        return []
    owner = body.optional("detail.assignee_id")
    if before is None:
        return [made.case("case_assigned", _common(body) | {"desk": desk, "owner": owner})]
    return [made.case("case_handed_over", _common(body) | {"from_desk": before, "desk": desk, "owner": owner})]


def _assigned(body: Foreign, _: frozenset[str]) -> list[InputEvent]:
    desk, owner = body.optional("detail.group_id"), body.optional("event.current")
    if desk is None or owner is None:
        return []
    return [made.case("case_assigned", _common(body) | {"desk": desk, "owner": owner})]


def _status(body: Foreign, _: frozenset[str]) -> list[InputEvent]:
    """Return a change of status: solved is not closed, and leaving either is a reopening."""
    now, before = body.word("event.current"), body.word("event.previous")
    if now in _ENDED:
        return [made.case("case_resolved" if now == "solved" else "case_closed", _common(body))]
    if before in _ENDED:
        return [made.case("case_reopened", _common(body))]
    if now in _WAITS_FOR or before in _WAITS_FOR:
        return [made.case("case_waiting", _common(body) | {"waiting_for": _WAITS_FOR.get(now, "nobody")})]
    return []


_WAITS_FOR: Final[Mapping[str, str]] = {"pending": "customer", "hold": "unknown"}
"""Pending waits for the requester; on hold for somebody outside, who is not said."""


def _pressed(body: Foreign, _: frozenset[str]) -> list[InputEvent]:
    priority = PRIORITIES.get(body.word("event.current"))
    return [] if priority is None else [made.case("case_priority_changed", _common(body) | {"priority": priority})]


def _channel(body: Foreign) -> str:
    channel = body.word("detail.via.channel")
    return CHANNELS.get(channel, channel or "other")


_READ: Final[Mapping[str, Callable[[Foreign, frozenset[str]], list[InputEvent]]]] = {
    "ticket.created": _created,
    "ticket.comment_added": _commented,
    "ticket.group_assignment_changed": _moved,
    "ticket.agent_assignment_changed": _assigned,
    "ticket.status_changed": _status,
    "ticket.priority_changed": _pressed,
}

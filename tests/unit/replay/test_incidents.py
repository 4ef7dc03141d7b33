"""An incident's rows become what happened to it, without a glance at the columns that tell the future."""

import csv
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from app.clock import to_iso
from app.replay import incidents
from app.replay.source import InputEvent
from tests.support.incidents_like import make_incidents


def played(folder: Path) -> list[InputEvent]:
    return list(incidents.load(folder).events())


def log(folder: Path, *rows: dict[str, str]) -> list[tuple[str, dict[str, Any]]]:
    """Write rows of one incident over defaults; return (type, own fields) of the events."""
    make_incidents(folder, incidents=1)
    file = folder / incidents.FILE
    with file.open(encoding="utf-8", newline="") as text:
        template = next(csv.DictReader(text))
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, list(template))
        writer.writeheader()
        for revision, row in enumerate(rows):
            plain = {"sys_mod_count": str(revision), "sys_updated_at": f"01-03-2016 10:{revision:02}"}
            unsaid = {"assignment_group": "?", "assigned_to": "?", "priority": "?", "caller_id": "Caller 1"}
            writer.writerow({**template, **unsaid, **plain, **row})
    common = ("event_id", "occurred_at", "customer_id", "case_id")
    return [(e.type, {k: v for k, v in e.payload.items() if k not in common}) for e in played(folder)]


def types(events: list[tuple[str, dict[str, Any]]]) -> list[str]:
    return [type_ for type_, _ in events]


def test_rows_are_read_in_the_order_of_update_modification_count_and_line(tmp_path: Path) -> None:
    made = make_incidents(tmp_path, incidents=80)
    events = played(tmp_path)
    assert all((a.known_at, a.sequence) < (b.known_at, b.sequence) for a, b in pairwise(events))
    assert len({event.payload["case_id"] for event in events}) == made.incidents
    assert {row.line for row in incidents.load(tmp_path).malformed} == made.malformed


def test_resolved_closed_and_reopened_come_from_changes_of_state_alone(tmp_path: Path) -> None:
    states = ("New", "Resolved", "Resolved", "Active", "Resolved", "Closed", "Closed")
    events = log(tmp_path, *({"incident_state": state} for state in states))
    assert types(events) == ["case_opened", "case_resolved", "case_reopened", "case_resolved", "case_closed"]


def test_an_incident_first_seen_resolved_is_opened_and_resolved_at_once(tmp_path: Path) -> None:
    assert types(log(tmp_path, {"incident_state": "Resolved"})) == ["case_opened", "case_resolved"]


def test_a_question_mark_changes_nothing(tmp_path: Path) -> None:
    events = log(
        tmp_path,
        {"incident_state": "Active", "assignment_group": "Group 1", "priority": "2 - High"},
        {"incident_state": "?", "assignment_group": "?", "priority": "?", "caller_id": "?"},
    )
    assert types(events) == ["case_opened"]


def test_awaiting_the_caller_is_waiting_for_the_customer_and_no_answer(tmp_path: Path) -> None:
    events = log(
        tmp_path,
        {"incident_state": "New"},
        {"incident_state": "Awaiting User Info"},
        {"incident_state": "Active"},
    )
    assert events[1:] == [("case_waiting", {"waiting_for": "customer"}), ("case_waiting", {"waiting_for": "nobody"})]


def test_an_assignment_group_is_the_desk_and_a_change_of_it_a_hand_over(tmp_path: Path) -> None:
    groups = ("Group 1", "Group 2", "Group 2", "Group 1")
    events = log(tmp_path, *({"incident_state": "Active", "assignment_group": group} for group in groups))
    assert events[0][1]["desk"] == "Group 1"
    assert [fields["desk"] for type_, fields in events if type_ == "case_assigned"] == ["Group 2", "Group 1"]


def test_an_incident_opened_after_its_first_update_occurred_at_that_update(tmp_path: Path) -> None:
    make_incidents(tmp_path, incidents=200)
    opened = [event for event in played(tmp_path) if event.type == "case_opened"]
    assert all(event.payload["occurred_at"] <= to_iso(event.known_at) for event in opened)
    assert any(event.payload["occurred_at"] == to_iso(event.known_at) for event in opened)


@pytest.mark.parametrize("column", ["resolved_at", "closed_at", "reopen_count", "made_sla"])
def test_a_column_that_tells_the_future_is_not_read(tmp_path: Path, column: str) -> None:
    make_incidents(tmp_path, incidents=20)
    before = played(tmp_path)
    file = tmp_path / incidents.FILE
    with file.open(encoding="utf-8", newline="") as text:
        rows = list(csv.DictReader(text))
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        writer.writerows({**row, column: "?"} for row in rows)
    assert played(tmp_path) == before

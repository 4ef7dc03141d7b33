"""Anybody can write a timeline as JSON lines."""

import json
from pathlib import Path
from typing import Any

import pytest

from app.clock import from_iso
from app.errors import SetupError
from app.replay import events
from app.replay.source import Malformed
from app.replay.wire import records

PAYLOAD = {"occurred_at": "2026-07-10T09:00:00Z", "order_id": "1001", "customer_id": "ann"}


def line(at: str, **other: Any) -> str:
    event = {
        "topic": "orders",
        "key": "1001",
        "known_at": at,
        "value": {"event": "order_placed", "payload": PAYLOAD},
    }
    return json.dumps({**event, **other})


def write(folder: Path, *lines: str) -> Path:
    file = folder / "events.jsonl"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def test_lines_are_played_in_the_order_of_time_and_equal_times_in_that_of_the_file(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        line("2026-07-10T11:00:00Z"),
        "",
        line("2026-07-10T10:00:00+01:00"),
        line("2026-07-10T09:00:00Z", key=None),
    )
    played = list(events.load(file).events())
    assert [(event.origin.line, event.sequence) for event in played] == [(3, 0), (4, 1), (1, 2)]
    assert played[0].known_at == from_iso("2026-07-10T09:00:00Z")
    assert [event.key for event in played] == ["1001", None, "1001"]


def test_a_folder_stands_for_the_file_in_it_and_a_missing_one_is_named(tmp_path: Path) -> None:
    write(tmp_path, line("2026-07-10T11:00:00Z"))
    assert events.load(tmp_path).total == 1
    with pytest.raises(SetupError, match="elsewhere"):
        events.load(tmp_path / "elsewhere")


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("7", "not a JSON object"),
        (line("2026-07-10T11:00:00"), "known_at"),
        (line("soon"), "known_at"),
        (line("2026-07-10T11:00:00Z", topic="decisions"), "topic is none of"),
        (line("2026-07-10T11:00:00Z", key=7), "key is not text"),
        (line("2026-07-10T11:00:00Z", value={"payload": {}}), "value is not"),
        (line("2026-07-10T11:00:00Z", value={"event": "order_placed"}), "value.payload"),
    ],
)
def test_a_line_that_is_no_event_is_reported_and_the_rest_goes_on(tmp_path: Path, broken: str, reason: str) -> None:
    timeline = events.load(write(tmp_path, broken, line("2026-07-10T11:00:00Z")))
    assert [(row.line, reason in row.reason) for row in timeline.malformed] == [(1, True)]
    assert timeline.total == 1


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"event": "order_lost", "payload": {}}, "no event 'order_lost'"),
        ({"event": "order_placed", "payload": {**PAYLOAD, "colour": "red"}}, "colour"),
        ({"event": "order_placed", "payload": {**PAYLOAD, "value": {"amount": 1.5, "currency": "EUR"}}}, "amount"),
        ({"event": "order_placed", "payload": {"order_id": "1"}}, "occurred_at"),
    ],
)
def test_a_payload_that_fits_no_schema_is_reported_with_its_line_and_field(
    tmp_path: Path, value: dict[str, Any], reason: str
) -> None:
    file = write(tmp_path, line("2026-07-10T11:00:00Z"), line("2026-07-10T12:00:00Z", value=value))
    reported: list[Malformed] = []
    assert len(list(records(events.load(file).events(), None, reported.append))) == 1
    assert [(row.line, reason in row.reason) for row in reported] == [(2, True)]

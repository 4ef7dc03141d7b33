"""`makegood explain` over the folder that a replay writes."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.cli import cli
from app.clock import DAY, Millis
from app.emit.records import Emit
from app.ids import PolicyVersion
from app.replay.recording import Recording
from app.wire.codec import bundled_codec
from tests.support.explained_customer import ANN, outputs


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    codec = bundled_codec()
    emit = Emit(codec)
    with Recording(tmp_path / "out", codec, Millis(DAY)) as recording:
        for output in outputs():
            recording.said(emit.record(output))
        recording.said(emit.tombstone(ANN))
        recording.finish("test", PolicyVersion("0123456789abcdef"), None)
    return tmp_path / "out"


def explain(*args: object) -> Result:
    return CliRunner().invoke(cli, ["explain", *map(str, args)])


def test_a_replays_customer_is_explained_in_plain_text(folder: Path) -> None:
    result = explain("ann", "--from", folder)
    assert result.exit_code == 0, result.output
    first, *rest = result.output.splitlines()
    assert first.startswith("ann: 3 steps; marketing is not held")
    told = "\n".join(rest)
    assert "2026-07-13T00:00:00.000Z  deadline: delivered promised (order:1001)" in told
    assert "It will be late. [sorry]" in told, "brackets are text, not markup"
    assert "severity: late by days because days_late = 0, value = 200.00" in told
    assert max(map(len, rest)) <= 120


def test_json_gives_each_decision_with_what_it_led_to_as_the_files_have_it(folder: Path) -> None:
    result = explain("ann", "--from", folder, "--json")
    steps = [json.loads(line) for line in result.output.splitlines()]
    on_file = [json.loads(line) for line in (folder / "decisions.jsonl").read_text().splitlines()]
    assert [step["decision"] for step in steps] == [row for row in on_file if row["customer"] == "ann"]
    assert [[one["id"] for one in step["said"]] for step in steps] == [
        [],
        ["ledger-1", "notice-1", "escalation-1"],
        ["ledger-2", "remedy-1"],
    ]


def test_an_unknown_customer_is_a_clear_message_and_exit_code_1(folder: Path) -> None:
    result = explain("nobody", "--from", folder)
    assert result.exit_code == 1
    assert "nothing is on record of customer 'nobody'" in result.output


def test_another_folder_is_a_clear_message(tmp_path: Path) -> None:
    result = explain("ann", "--from", tmp_path)
    assert result.exit_code == 2
    assert "holds no decisions.jsonl: name the --out folder of a `makegood replay`" in result.output


def test_a_line_that_was_tampered_with_is_named_by_file_and_number(folder: Path) -> None:
    file = folder / "decisions.jsonl"
    lines = file.read_text().splitlines()
    changed = json.loads(lines[0]) | {"at": "yesterday"}
    file.write_text("\n".join([json.dumps(changed, separators=(",", ":")), *lines[1:]]))
    result = explain("ann", "--from", folder)
    assert result.exit_code == 2
    assert "decisions.jsonl, line 1: no decision as a replay of this version writes it" in result.output

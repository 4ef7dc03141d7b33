"""`makegood webhooks` and `makegood sinks`, as far as they go without a cluster."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.cli import cli
from tests.support.webhooks import FOLDER

WAREHOUSE = str(FOLDER / "declared" / "warehouse.yaml")


def _run(*args: str, **env: str) -> Result:
    return CliRunner().invoke(cli, args, env=env)


def test_a_good_mapping_is_said_to_be_good() -> None:
    told = _run("webhooks", "check", WAREHOUSE)
    assert told.exit_code == 0
    assert told.output == f"{WAREHOUSE}: good; 2 events from source warehouse\n"


def test_a_mapping_is_tried_on_a_body() -> None:
    told = _run("webhooks", "check", WAREHOUSE, "--body", str(FOLDER / "declared" / "short.json"))
    assert told.exit_code == 0
    assert '{"topic": "orders", "event": "understocked", "payload": {"event_id": "78"' in told.output


def test_a_wrong_mapping_is_one_line_with_its_place(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("source: x\nevents:\n  - topic: orders\n    event: teleported\n    fields: {}\n", encoding="utf-8")
    told = _run("webhooks", "check", str(wrong))
    assert told.exit_code == 2
    assert told.output.startswith(f"makegood: {wrong}:4: event of orders: `teleported` is unknown; known are ")


def test_a_body_that_would_be_refused_is_said_so(tmp_path: Path) -> None:
    body = tmp_path / "body.json"
    body.write_text('{"kind": "short", "id": 1, "at": "yesterday", "order": 5}', encoding="utf-8")
    told = _run("webhooks", "check", WAREHOUSE, "--body", str(body))
    assert told.exit_code == 2
    assert "would be refused with 422: understocked.occurred_at: must be ISO 8601" in told.output


def test_a_setting_that_is_no_json_is_one_line_without_its_value() -> None:
    told = _run("settings", MAKEGOOD_WEBHOOK_SECRETS="hunter2")
    assert told.exit_code == 2
    assert 'wrong setting, error parsing value for field "secrets"' in told.output
    assert "hunter2" not in told.output


def test_secrets_of_webhooks_and_tools_are_never_shown() -> None:
    told = _run(
        "settings",
        MAKEGOOD_WEBHOOK_SECRETS='{"warehouse": "hunter2"}',
        MAKEGOOD_BRAZE_KEY="hunter2",
        MAKEGOOD_HOLD_WEBHOOK_SECRET="hunter2",
    )
    assert told.exit_code == 0
    assert "hunter2" not in told.output


@pytest.mark.parametrize("command", ["sinks", "webhooks"])
def test_help_says_where_to_read_on(command: str) -> None:
    assert "docs/adapters.md" in _run(command, "--help").output

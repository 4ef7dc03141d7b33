import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.cli import cli
from app.decide import load_folder, version_of
from tests.support.policies import POLICIES


def run(*arguments: str, folder: Path = POLICIES / "default") -> Result:
    return CliRunner().invoke(cli, ["policy", *arguments], env={"MAKEGOOD_POLICY_DIR": str(folder)})


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    return Path(shutil.copytree(POLICIES, tmp_path / "policies"))


@pytest.mark.parametrize("name", ["default", "flights", "broadband", "olist", "incidents"])
def test_check_passes_what_we_ship(name: str) -> None:
    result = run("check", str(POLICIES / name))
    assert result.exit_code == 0, result.output
    assert f"{name}, version {version_of(load_folder(POLICIES / name))}" in result.output


def test_check_notes_who_is_asked_to_act_without_the_right_to(copied: Path) -> None:
    top = copied / "default" / "policy.yaml"
    text = top.read_text()
    for role in (", cx_lead, head_of_customer_experience]", "service_recovery_lead, "):
        assert role in text
    text = text.replace("write_off: [cx_lead, head_of_customer_experience]", "write_off: [operations]")
    top.write_text(text.replace("service_recovery_lead, ", "").replace("campaign_lead, ", ""))
    result = run("check", str(copied / "default"))
    assert result.exit_code == 0
    notes = [line.partition(": row ")[2] for line in result.stderr.splitlines()]
    assert notes == [
        "critical asks service_recovery_lead, whom `operators` lets do nothing",
        "stuck asks service_recovery_lead, whom `operators` lets do nothing",
        "handed_on asks service_recovery_lead, whom `operators` lets do nothing",
        "hold_age asks cx_lead for what `operators` does not let them do: write_off",
        "offer_terms asks campaign_lead, whom `operators` lets do nothing",
    ]
    assert all(
        line.startswith(f"note: {copied / 'default' / 'tables' / 'escalations.json'}:")
        for line in result.stderr.splitlines()
    )


def test_check_notes_what_nothing_resolves(copied: Path) -> None:
    problems = copied / "default" / "problems.yaml"
    text = problems.read_text()
    for resolved_by in ("[redelivered, replaced, returned, refunded]", "[served, refunded]\n  remedy_on: never"):
        assert text.count(resolved_by) == 1
    text = text.replace("  resolved_by: [redelivered, replaced, returned, refunded]\n", "")
    problems.write_text(text.replace("[served, refunded]\n  remedy_on: never", "[delivered]\n  remedy_on: never"))
    result = run("check", str(copied / "default"))
    assert result.exit_code == 0
    lines = problems.read_text().splitlines()
    misdelivered, given_up = (1 + lines.index(f"{name}:") for name in ("misdelivered", "given_up"))
    places = [line.partition(": problem ")[0] for line in result.stderr.splitlines()]
    assert places == [f"note: {problems}:{misdelivered}", f"note: {problems}:{given_up}"]
    assert [line.partition(": problem ")[2].partition(", and")[0] for line in result.stderr.splitlines()] == [
        "misdelivered: order states it",
        "given_up: reservation states it",
    ]


@pytest.mark.parametrize("name", ["default", "flights", "broadband", "olist", "incidents"])
def test_whoever_we_ask_to_act_may(name: str) -> None:
    assert run("check", str(POLICIES / name)).stderr == ""


def test_check_names_every_error_by_file_and_line(copied: Path) -> None:
    bands = copied / "default" / "bands.yaml"
    bands.write_text(bands.read_text().replace("below 72", "below 7").replace("below 10\n", "below ten\n"))
    result = run("check", str(copied / "default"))
    assert result.exit_code == 2
    lines = result.stderr.splitlines()
    assert lines[0].startswith(f"{bands}:5: band lateness: bounds must rise")
    assert lines[1].startswith(f"{bands}:23: bound: `ten` is no amount")


def test_check_names_the_file_of_the_policy_below(copied: Path) -> None:
    kinds = copied / "default" / "kinds.yaml"
    kinds.write_text(kinds.read_text().replace("problem: stalled", "problem: staled"))
    line = 1 + kinds.read_text().splitlines().index("      problem: staled")
    assert f"{kinds}:{line}: " in run("check", str(copied / "incidents")).stderr


def test_check_of_a_folder_without_a_policy_says_so(tmp_path: Path) -> None:
    result = run("check", str(tmp_path))
    assert result.exit_code == 2
    assert "there is no policy here" in result.stderr


def test_version_is_the_content_address() -> None:
    assert run("version").output.strip() == version_of(load_folder(POLICIES / "default"))


def test_show_lists_what_can_be_shown() -> None:
    assert {"policy", "kinds", "brands", "severity", "remedies"} <= set(run("show").output.split())


def test_show_prints_a_table_in_the_order_in_which_rows_decide() -> None:
    output = run("show", "holds").output
    assert output.index("severe") < output.index("serious") < output.index("in every other case")
    assert "then  classes: *; channels: *" in output


def test_show_prints_a_policy_as_it_comes_out_of_its_layers() -> None:
    output = run("show", "policy", "--policy", str(POLICIES / "olist")).output
    assert "retention: 3650 days" in output
    assert "hold_age: 30 days" in output


def test_show_of_what_is_not_there_says_what_is() -> None:
    result = run("show", "severities")
    assert result.exit_code == 2
    assert "there is no `severities`" in result.stderr
    assert "severity" in result.stderr


def test_show_says_what_a_row_may_ask_for_and_answer() -> None:
    said = run("show", "remedies").output.partition("a row may ask for")[2]
    assert "values: lasting, no_discounts, plain, service, store_credit" in said
    assert "first time: false, true" in said
    assert "it answers: apology, refund, store_credit, perk" in said


def test_show_prints_the_rows_of_an_unsound_policy_all_the_same(copied: Path) -> None:
    bands = copied / "default" / "bands.yaml"
    bands.write_text(bands.read_text().replace("below 72", "below 7"))
    result = run("show", "remedies", folder=copied / "default")
    assert result.exit_code == 0
    assert "plan_b" in result.output
    assert "a row may ask for" not in result.output

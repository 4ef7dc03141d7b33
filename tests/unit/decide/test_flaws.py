"""What cannot be meant is named when a policy is checked, and read all the same: it may have been activated before."""

import json

import pytest

from app.decide import compile_policy
from app.decide.book import EscalationInputs, NoticeInputs
from app.decide.escalation import escalation_of
from app.decide.notice import NO_PROGRESS, notices_of, pace_of
from app.decide.reading.flaws import flaws
from tests.support.policies import default_files


def with_cells(table: str, row: str, **cells: str) -> dict[str, bytes]:
    files = default_files()
    document = json.loads(files[f"tables/{table}.json"])
    rows = document["nodes"][1]["content"]["rules"]
    next(each for each in rows if each["_id"] == row).update(cells)
    return files | {f"tables/{table}.json": json.dumps(document, indent=2).encode()}


def with_text(file: str, old: str, new: str) -> dict[str, bytes]:
    files = default_files()
    text = files[file].decode()
    assert old in text
    return files | {file: text.replace(old, new, 1).encode()}


def found(files: dict[str, bytes]) -> list[str]:
    return list(flaws(files, compile_policy(files)))


def test_what_we_ship_has_none() -> None:
    assert found(default_files()) == []


@pytest.mark.parametrize(
    ("table", "row", "cells", "says"),
    [
        ("escalations", "critical", {"act_within": '"0 hours"'}, "act_within: no time at all"),
        ("escalations", "critical", {"authority": ""}, "without authority: give all or nothing"),
        ("escalations", "otherwise", {"budget": '"5.00"'}, "answers budget without owner, authority"),
        ("notices", "parcel", {"template": ""}, "answers recipients without template"),
        ("pace", "severe", {"first": '"0 hours"'}, "first: no time at all"),
        ("pace", "severe", {"most": ""}, "answers first, widening without most"),
    ],
)
def test_half_an_answer_is_named_with_file_line_and_row(table: str, row: str, cells: dict[str, str], says: str) -> None:
    files = with_cells(table, row, **cells)
    (said,) = found(files)
    line = 1 + files[f"tables/{table}.json"].decode().splitlines().index(f'            "_id": "{row}",')
    assert said.startswith(f"tables/{table}.json:{line}: row {row}")
    assert says in said


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        ("kinds.yaml", "within: 2 business days of shop", "within: 0 hours", "dispatch: within: no time at all"),
        ("policy.yaml", "lost_after: 365 days", "lost_after: 0 days", "lost_after: no time at all"),
        ("policy.yaml", "per_week: 2", "per_week: 0", "none a week is no release"),
        (
            "policy.yaml",
            "deals: {brands: [deals], currency: USD",
            "deals: {brands: [deals], currency: EUR",
            "deals gives in USD, so one in EUR bounds nothing",
        ),
        (
            "policy.yaml",
            "deals: {brands: [deals], currency: USD",
            "deals: {cost_centres: [marketing], currency: CHF",
            "marketing gives in GBP, USD, so one in CHF bounds nothing",
        ),
    ],
)
def test_a_number_that_cannot_be_meant_is_named_with_file_and_line(file: str, old: str, new: str, says: str) -> None:
    (said,) = found(with_text(file, old, new))
    assert said.startswith(f"{file}:")
    assert says in said


def test_under_a_policy_that_was_activated_all_the_same_half_an_answer_says_nothing() -> None:
    pace = compile_policy(with_cells("pace", "severe", most=""))
    assert pace_of(pace, "lost", 3).answer == NO_PROGRESS
    notices = compile_policy(with_cells("notices", "parcel", template=""))
    assert notices_of(notices, NoticeInputs("lost", "opened", 3)).answer == ()
    escalations = compile_policy(with_cells("escalations", "critical", authority=""))
    plan = escalation_of(escalations, EscalationInputs("severe", "lost", 4)).answer
    assert plan is not None
    assert plan.authority == "unstated"

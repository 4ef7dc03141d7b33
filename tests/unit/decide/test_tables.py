"""Decision tables: checked cell by cell, and the engine agrees with the check about which row decides."""

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.decide import compile_policy
from app.decide.book import EscalationInputs
from app.decide.escalation import escalation_of
from app.decide.reading.cells import Values, representatives, values_of, without
from app.decide.reading.jdm import read_jdm
from app.decide.reading.shapes import SHAPES
from app.decide.tables import Cell, Tables
from app.errors import PolicyError
from tests.support.policies import default_files, default_policy, line_of

Rows = list[dict[str, str]]


def table_with(name: str, change: Any) -> dict[str, bytes]:
    """Return the default folder with the rows of one table changed, in the format of the shipped files."""
    files = default_files()
    document = json.loads(files[f"tables/{name}.json"])
    rows: Rows = document["nodes"][1]["content"]["rules"]
    change(rows)
    return files | {f"tables/{name}.json": json.dumps(document, indent=2).encode()}


def row_named(rows: Rows, name: str) -> dict[str, str]:
    return next(row for row in rows if row["_id"] == name)


def error_of(files: dict[str, bytes]) -> str:
    with pytest.raises(PolicyError) as error:
        compile_policy(files)
    return str(error.value)


def setting(row: str, **cells: str) -> Any:
    return lambda rows: row_named(rows, row).update(cells)


@pytest.mark.parametrize(
    ("table", "row", "cells", "reason"),
    [
        ("severity", "contact", {"problem": '"contcat"'}, "unknown are contcat"),
        ("severity", "severe", {"severity": "5"}, "no severity"),
        ("severity", "severe", {"extent": "startsWith($, 's')"}, "cannot be checked"),
        ("severity", "severe", {"severity": "3 +"}, "row severe, severity"),
        ("escalations", "critical", {"severity": ">= 5"}, "lets nothing through"),
        ("escalations", "critical", {"act_within": '"soon"'}, "no length of time"),
        ("escalations", "critical", {"act_within": '"-1 hours"'}, "negative"),
        ("holds", "severe", {"classes": '"promotions"'}, "promotions: unknown"),
        ("holds", "severe", {"channels": '"fax"'}, "fax: unknown"),
        ("notices", "parcel", {"recipients": '"costumer"'}, "costumer: unknown"),
        ("notices", "parcel_critical", {"overrides_quiet_hours": '"yes"'}, "true or false"),
        ("pace", "severe", {"widening": '"0.5"'}, "at least 1"),
        ("pace", "severe", {"most": "0"}, "at least one"),
        ("remedies", "not_supplied", {"refund": '"101%"'}, "at most 100%"),
        ("remedies", "late_credit", {"store_credit": "5.00"}, "must be a text in quotes"),
        ("remedies", "late_credit", {"store_credit": '"-5.00"'}, "no amount"),
        ("remedies", "late_credit", {"store_credit": '"151%"'}, "above the cap of 150%"),
        ("remedies", "not_supplied_credit", {"store_credit": '"51%"'}, "gives 151% of the price, above the cap"),
        ("remedies", "plan_b", {"perk": "alternative, upgrade"}, "`alternative, upgrade` is no answer: write words in"),
        ("remedies", "late_credit", {"perk": '"ride_home"'}, "brand deals has no cost for"),
        ("remedies", "late_credit", {"values": '"premium"'}, "unknown are premium"),
        ("thank_you", "made_good", {"discount": '"5"'}, "share of at most 100%"),
    ],
)
def test_a_wrong_cell_is_named_with_file_line_and_row(table: str, row: str, cells: dict[str, str], reason: str) -> None:
    files = table_with(table, setting(row, **cells))
    line = line_of(f"tables/{table}.json", f'"_id": "{row}"', files)
    found = [error for error in error_of(files).splitlines() if error.startswith(f"tables/{table}.json:{line}: ")]
    assert any(reason in error for error in found), error_of(files)


def test_a_row_that_earlier_rows_take_everything_from_is_unreachable() -> None:
    files = table_with(
        "holds", lambda rows: rows.insert(2, {**rows[1], "_id": "never", "severity": "4", "classes": '""'})
    )
    assert "row never can never be reached: severe and the rows before it take all its cases" in error_of(files)


def test_a_row_that_several_earlier_rows_take_everything_from_together_is_unreachable() -> None:
    def add(rows: Rows) -> None:
        pattern = rows[0]
        rows[:1] = [
            {**pattern, "_id": name, "severity": cell}
            for name, cell in (("low", "<= 2"), ("high", ">= 3"), ("middle", "[2..3]"))
        ]

    assert "row middle can never be reached: high and the rows before it" in error_of(table_with("thank_you", add))


def test_the_same_case_with_another_answer_is_a_contradiction() -> None:
    files = table_with(
        "severity",
        lambda rows: rows.insert(
            rows.index(row_named(rows, "severe")) + 1, {**row_named(rows, "severe"), "_id": "mild", "severity": "2"}
        ),
    )
    assert "row mild contradicts row severe: the same case, another answer" in error_of(files)


@pytest.mark.parametrize("table", sorted(SHAPES))
def test_a_table_without_a_catch_all_is_refused(table: str) -> None:
    assert "the last row must be a catch-all" in error_of(table_with(table, lambda rows: rows.pop()))


def test_two_rows_of_one_name_are_refused() -> None:
    files = table_with("pace", lambda rows: rows[0].update({"_id": "serious"}))
    assert "two rows have the `_id` serious" in error_of(files)


def test_a_row_without_a_name_is_refused() -> None:
    assert "row 1 has no `_id`" in error_of(table_with("pace", lambda rows: rows[0].pop("_id")))


def test_a_table_that_reads_what_nobody_tells_it_is_refused() -> None:
    files = default_files()
    text = files["tables/pace.json"].replace(b'"field": "severity"', b'"field": "mood"')
    assert "this table cannot read `mood`" in error_of(files | {"tables/pace.json": text})


def test_a_table_of_escalations_from_before_hand_offs_could_go_on_freezes_them_always() -> None:
    files = default_files()
    document = json.loads(files["tables/escalations.json"])
    content = document["nodes"][1]["content"]
    content["outputs"] = [column for column in content["outputs"] if column["field"] != "freeze_hand_offs"]
    earlier = compile_policy(files | {"tables/escalations.json": json.dumps(document, indent=2).encode()})
    of_a_hold = EscalationInputs("hold_age", "late_delivery", 2)
    plans = [escalation_of(policy, of_a_hold).answer for policy in (earlier, default_policy())]
    assert [plan.freezes for plan in plans if plan is not None] == [True, False]


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"perk": '"ride_home"'}, "gives ride_home, which brand audio has no cost for"),
        ({"discount": '"100%"', "store_credit": '"51%"'}, "gives 151% of the price, above the cap of 150%"),
        ({"store_credit": '"200.01"'}, "gives 200.01, above the 200.00 that brand deals gives one customer in all"),
        ({"store_credit": "5.00"}, "must be a text in quotes"),
    ],
)
def test_what_a_thank_you_gives_is_bounded_as_a_remedy_is(cells: dict[str, str], reason: str) -> None:
    files = default_files()
    document = json.loads(files["tables/thank_you.json"])
    content = document["nodes"][1]["content"]
    content["outputs"] += [{"id": name, "name": name, "field": name} for name in ("store_credit", "perk")]
    row_named(content["rules"], "made_good").update(cells)
    assert reason in error_of(files | {"tables/thank_you.json": json.dumps(document, indent=2).encode()})


def test_a_table_of_another_hit_policy_is_refused() -> None:
    files = default_files()
    text = files["tables/pace.json"].replace(b'"hitPolicy": "first"', b'"hitPolicy": "collect"')
    assert "`hitPolicy` must be `first`" in error_of(files | {"tables/pace.json": text})


def test_what_is_not_json_is_named_with_its_line() -> None:
    assert "tables/pace.json:2: this is not JSON" in error_of(default_files() | {"tables/pace.json": b"{\n nope"})


def test_an_answer_names_its_row_and_what_it_read() -> None:
    answers, fired = default_policy().tables.row("holds", problem="late_delivery", severity=3)
    assert answers == {"classes": "*", "channels": "*"}
    assert (fired.table, fired.row) == ("holds", "severe")
    assert fired.inputs == {"problem": "late_delivery", "severity": "3"}


def test_no_matching_row_is_an_error_and_never_an_empty_answer() -> None:
    content = table_with("holds", lambda rows: rows.pop())["tables/holds.json"]
    tables = Tables({"holds": content}, {"holds": ("classes", "channels")})
    with pytest.raises(LookupError, match="no row of table holds"):
        tables.row("holds", problem="stalled", severity=1)


def test_an_unknown_input_is_said_to_be_unknown() -> None:
    fired = default_policy().tables.row(
        "severity",
        problem="contact",
        extent="slight",
        first_time=False,
        needed_by_at_risk=False,
        reopened=0,
        priority=None,
    )[1]
    assert fired.inputs["priority"] == "unknown"
    assert fired.inputs["first_time"] == "false"


UNIVERSE: Values = frozenset({"a", "b", "c"})


@pytest.mark.parametrize(
    ("cell", "left"),
    [("", UNIVERSE), ("-", UNIVERSE), ('"a"', {"a"}), ('"a", "c"', {"a", "c"})],
)
def test_a_cell_of_words_lets_those_words_through(cell: str, left: Values) -> None:
    assert values_of(cell, UNIVERSE) == left


@pytest.mark.parametrize(
    ("cell", "left"),
    [("3", {3}), (">= 3", {3, 4}), ("> 3", {4}), ("<= 2", {1, 2}), ("< 2", {1}), ("[2..3]", {2, 3})],
)
def test_a_cell_of_numbers_lets_those_numbers_through(cell: str, left: set[int]) -> None:
    assert values_of(cell, frozenset({1, 2, 3, 4})) == left


def test_numbers_are_told_apart_at_their_bounds() -> None:
    assert representatives([">= 3", "", '"9"'], least=0) == {0, 1, 2, 3, 4}


small = st.frozensets(st.integers(0, 3), max_size=4)
boxes = st.tuples(small, small, small)


@given(boxes, boxes, st.tuples(*[st.integers(0, 3)] * 3))
def test_cutting_a_box_out_of_a_box_leaves_exactly_the_rest(
    one: tuple[Values, ...], other: tuple[Values, ...], point: tuple[int, ...]
) -> None:
    def inside(box: tuple[Values, ...]) -> bool:
        return all(value in side for value, side in zip(point, box, strict=True))

    rest = without([one], other)
    assert sum(inside(piece) for piece in rest) == (inside(one) and not inside(other))


PROBLEMS = sorted(default_policy().problems)
ANYTHING: Mapping[str, st.SearchStrategy[Cell]] = {
    "problem": st.sampled_from(PROBLEMS),
    "severity": st.integers(1, 4),
    "occasion": st.sampled_from(["opened", "progress", "resolved", "recovered", "withdrawn", "promise_revised"]),
    "reason": st.sampled_from(["severe", "reopened", "hold_age", "owner_silent", "remedy_failed", "ping_pong"]),
    "extent": st.sampled_from(["slight", "moderate", "severe"]),
    "stake": st.sampled_from(["unknown", "low", "medium", "high"]),
    "fault": st.sampled_from(["merchant", "customer", "carrier", "unknown"]),
    "values": st.sampled_from(["plain", "no_discounts", "store_credit", "service"]),
    "truth": st.booleans(),
    "season": st.sampled_from(["ordinary", "holidays"]),
    "tenure": st.sampled_from(["unknown", "recent", "long"]),
    "repeats": st.sampled_from(["first", "again", "often"]),
    "count": st.integers(0, 4),
    "priority": st.none() | st.integers(1, 5),
}


@given(st.data(), st.sampled_from(["severity", "holds", "notices", "pace", "remedies", "escalations", "thank_you"]))
def test_the_engine_and_the_check_agree_on_the_row(data: st.DataObject, table: str) -> None:
    shape = SHAPES[table]
    inputs = {field: data.draw(ANYTHING[kind], label=field) for field, kind in shape.inputs.items()}
    rows = read_jdm(table, default_files()[f"tables/{table}.json"]).rows
    first = next(row.id for row in rows if all(_lets_through(row.cells.get(f, ""), v) for f, v in inputs.items()))
    assert default_policy().tables.row(table, **inputs)[1].row == first


def _lets_through(cell: str, value: Cell) -> bool:
    if isinstance(value, str):
        return not cell or value in values_of(cell, frozenset({value, *re.findall(r'"([^"]*)"', cell)}))
    numbers = representatives([cell], least=0) | {value, True, False}
    return value in values_of(cell, numbers)

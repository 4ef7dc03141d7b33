"""A short form of `make fuzz` (docs/fuzzing.md): every target, some cases each, and what the long form once found."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.decide import compile_policy, load_folder
from app.errors import PolicyError
from app.settings import ROOT
from tests.fuzz.all_targets import targets
from tests.fuzz.run import run_one, table
from tests.fuzz.target import Target, seeded

CASES = 12_000
"""Of all targets together: some seconds."""
TARGETS = targets()


@pytest.mark.parametrize("target", TARGETS, ids=[target.name for target in TARGETS])
def test_every_case_is_accepted_or_refused_with_a_reason(target: Target) -> None:
    outcome = run_one(target, range(max(5, CASES * target.share // 1000)), seed=7)
    assert not outcome.findings, outcome.findings[0].trace
    assert outcome.came_to.total() == outcome.cases


@given(st.sampled_from(TARGETS), st.integers(min_value=0))
@settings(deadline=None, max_examples=60)
def test_so_is_a_case_that_hypothesis_picks(target: Target, number: int) -> None:
    assert target.case(seeded(0, target.name, number))


def test_the_shares_are_a_whole() -> None:
    assert sum(target.share for target in TARGETS) == 1000


def test_a_finding_is_counted_and_named() -> None:
    broken = TARGETS[0]._replace(case=lambda _: json.loads("not json"))
    outcome = run_one(broken, range(100), seed=1)
    assert [finding.number for finding in outcome.findings] == [0, 1, 2, 3, 4]
    assert "JSONDecodeError" in outcome.findings[0].trace
    assert any("| 5 | 0 | 0 | 5 |" in row for row in table([outcome]))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda table: table["rules"][0].update(_id=7), "Expected `str`, got `int`"),
        (lambda table: table["rules"][0].update({next(iter(table["rules"][0])): None}), "Expected `str`, got `null`"),
        (lambda table: table.update(rules=None), "Expected `array`, got `null`"),
        (lambda table: table["inputs"][1].update(id=table["inputs"][0]["id"]), "the same id or field"),
        (lambda table: table["inputs"][0].update(id=table["outputs"][0]["id"]), "have the same id"),
    ],
)
def test_a_table_of_another_shape_is_refused_with_its_file(change: object, why: str) -> None:
    files = load_folder(ROOT / "policies" / "default")
    document = json.loads(files["tables/remedies.json"])
    change(next(node["content"] for node in document["nodes"] if node["type"] == "decisionTableNode"))  # type: ignore[operator]
    with pytest.raises(PolicyError, match=why) as told:
        compile_policy({**files, "tables/remedies.json": json.dumps(document).encode()})
    assert "tables/remedies.json:1" in str(told.value)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"[" * 100_000, b"[]", b"7", b'{"nodes": 1}', b""])
def test_a_table_that_is_no_table_is_refused_with_its_file(content: bytes) -> None:
    files = load_folder(ROOT / "policies" / "default")
    with pytest.raises(PolicyError, match=r"tables/remedies\.json:1"):
        compile_policy({**files, "tables/remedies.json": content})

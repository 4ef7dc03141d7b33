"""`docs/policy.md` tells a reader who has never seen the code how to change what is given: done here to the letter."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from app.settings import ROOT

PAGE: Final = (ROOT / "docs" / "policy.md").read_text(encoding="utf-8")
HEADING: Final = "## Change what a hire-car customer is given\n"
LIVE: Final = "makegood policy activate"
"""Needs a cluster; every step before it does not."""


class Step(NamedTuple):
    """What the reader does: runs a command, writes a file, or compares what the last command printed."""

    what: str
    text: str
    file: str = ""


def steps() -> Iterator[Step]:
    """Yield the steps of the page's section, in order; a file's name stands alone on the line above its content."""
    named, kind, kept = "", "", ""
    for line in PAGE.partition(HEADING)[2].partition("\n## ")[0].splitlines():
        if kind and line == "```":
            yield Step("write" if kind == "yaml" else "read", kept, named)
            named, kind, kept = "", "", ""
        elif kind:
            kept += f"{line}\n"
        elif line.startswith("```"):
            kind = line.removeprefix("```")
        elif line.startswith("    "):
            yield Step("run", line.strip())
        elif line.startswith("`") and line.endswith("`"):
            named = line.strip("`")


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A reader's folder with the policies in it, and nothing else."""
    shutil.copytree(ROOT / "policies", tmp_path / "policies")
    return tmp_path


def run(command: str, desk: Path) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "COLUMNS": "120"}
    return subprocess.run(command, shell=True, cwd=desk, env=environment, capture_output=True, text=True, check=False)


def test_a_reader_who_follows_the_page_sees_what_it_says(desk: Path) -> None:
    printed, done = "", []
    for step in steps():
        if step.what == "run" and step.text.startswith(LIVE):
            done.append("activate")
        elif step.what == "run":
            ran = run(step.text, desk)
            assert ran.returncode == 0, f"{step.text}\n{ran.stderr}"
            printed = ran.stdout
            done.append("run")
        elif step.what == "write":
            (desk / step.file).write_text(step.text, encoding="utf-8")
            done.append("write")
        else:
            assert [" ".join(line.split()) for line in printed.splitlines()] == [
                " ".join(line.split()) for line in step.text.splitlines()
            ]
            done.append("read")
    assert done == ["run"] * 4 + ["read", "run", "write", "write"] + ["run"] * 5 + ["read", "activate"]


def with_a_row_for_first_timers(desk: Path, *, below: bool) -> subprocess.CompletedProcess[str]:
    """Copy the row `plan_b` above or below itself, for first-timers alone and with one perk less; check the policy."""
    tables = desk / "policies" / "mine" / "tables"
    tables.mkdir(parents=True)
    (tables.parent / "policy.yaml").write_text("extends: default\nname: mine\nwords: First-timers pay the fee.\n")
    document = json.loads((desk / "policies" / "default" / "tables" / "remedies.json").read_text(encoding="utf-8"))
    rows = document["nodes"][1]["content"]["rules"]
    at = next(number for number, row in enumerate(rows) if row["_id"] == "plan_b")
    rows.insert(at + below, {**rows[at], "_id": "first_timers", "first_time": "true", "perk": '"alternative"'})
    (tables / "remedies.json").write_text(json.dumps(document, indent=2), encoding="utf-8")
    return run("makegood policy check policies/mine", desk)


def test_a_row_of_ones_own_decides_for_those_whom_it_fits(desk: Path) -> None:
    checked = with_a_row_for_first_timers(desk, below=False)
    assert checked.returncode == 0, checked.stderr
    played = run("makegood replay stories --offline --policy policies/mine --out results/mine", desk)
    assert played.returncode == 0, played.stderr
    explained = run("makegood explain C-3003 --from results/mine | grep '^  gesture'", desk).stdout
    assert "alternative, at the nearest desk with a car" in explained
    assert "waived_fee" not in explained


def test_a_row_of_ones_own_that_stands_too_low_is_named(desk: Path) -> None:
    checked = with_a_row_for_first_timers(desk, below=True)
    assert checked.returncode == 2
    assert "row first_timers can never be reached: plan_b" in checked.stderr

"""`docs/policy.md` tells a reader who has never seen the code how to change what is given: done here to the letter."""

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


def test_a_reader_who_follows_the_page_sees_what_it_says(desk: Path) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "COLUMNS": "120"}
    printed, done = "", []
    for step in steps():
        if step.what == "run" and step.text.startswith(LIVE):
            done.append("activate")
        elif step.what == "run":
            ran = subprocess.run(
                step.text, shell=True, cwd=desk, env=environment, capture_output=True, text=True, check=False
            )
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

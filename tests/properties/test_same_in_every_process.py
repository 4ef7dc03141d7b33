"""What is said does not depend on the process that says it: Python orders its sets anew in each."""

import os
import subprocess
import sys
from pathlib import Path

from app.settings import ROOT
from tests.support.olist_like import make_olist


def _replayed(data: Path, out: Path, seed: str) -> dict[str, bytes]:
    command = [sys.executable, "-m", "app", "replay", "olist", "--offline", "--data", str(data), "--out", str(out)]
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    subprocess.run(command, check=True, cwd=ROOT, env=environment, capture_output=True)
    return {file.name: file.read_bytes() for file in out.iterdir()}


def test_two_processes_that_order_their_sets_differently_say_the_same(tmp_path: Path) -> None:
    make_olist(tmp_path / "data", orders=96)
    first, second = (_replayed(tmp_path / "data", tmp_path / seed, seed) for seed in ("1", "2"))
    assert first["decisions.jsonl"]
    assert first == second

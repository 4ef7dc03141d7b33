"""The short form of the chaos run: workers, broker and network are broken in a seeded order, and nothing is lost."""

import asyncio
from pathlib import Path

import pytest

from chaos.diary import Diary
from chaos.run import run, short_plan

SEED = 7


@pytest.mark.expects_error_log("")  # of our own clients, while the broker is away
def test_what_workers_say_through_faults_is_what_an_undisturbed_run_of_the_same_logs_says(tmp_path: Path) -> None:
    diary = Diary(tmp_path / "chaos.jsonl", quiet=True)
    verdict = asyncio.run(run(short_plan(SEED), diary))
    assert verdict.faults == [], diary.file.read_text(encoding="utf-8")
    assert verdict.compared["decisions"] > 0
    assert verdict.compared["suppressions"] > 0

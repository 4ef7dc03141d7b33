"""The detectors against a service desk's own reassignment and reopen counters (docs/detectors.md)."""

import re
import sys
from pathlib import Path
from typing import Final

import pytest

from app.settings import ROOT
from tests.support.detectors import MANY, Seen, incidents, ping_pong_score, reopening_score, table
from tests.support.replays import replay

PAGE: Final = (ROOT / "docs" / "detectors.md").read_text(encoding="utf-8")
SAID: Final = {"ping-pong: back": "back", "ping-pong: a third": "third", "not ping-pong": "none"}


@pytest.fixture(scope="module")
def seen(data: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Seen]:
    """Every incident with what an offline replay says of it."""
    out = replay("incidents", tmp_path_factory.mktemp("incidents") / "offline", "--data", data)
    return incidents(data / "incidents", out)


def test_the_table_is_printed_for_a_reader(seen: list[Seen], capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        sys.stdout.write(f"\n{table(seen)}\n")
    assert len(seen) > 500, "the log was not read whole"


def test_three_or_more_reassignments_are_ping_pong_and_none_is_not(seen: list[Seen]) -> None:
    decided = {one.number: one.ping_pong for one in seen if one.reassigned == 0 or one.reassigned >= MANY}
    wanted = {one.number: one.reassigned >= MANY for one in seen if one.number in decided}
    assert any(wanted.values())
    assert not all(wanted.values())
    assert decided == wanted
    score = ping_pong_score(seen)
    assert score.precision == 1
    assert score.recall == 1


def test_every_reopening_is_seen_as_often_as_it_was_counted(seen: list[Seen]) -> None:
    reopened = {one.number: one.reopened for one in seen if one.reopened}
    assert reopened
    assert {one.number: one.reopenings for one in seen if one.reopened} == reopened
    assert reopening_score(seen).recall == 1


def test_the_page_says_of_each_incident_in_between_what_the_replay_says(seen: list[Seen]) -> None:
    rows = re.findall(
        r"^\| ([12]) \| (ping-pong: back|ping-pong: a third|not ping-pong)[^|]*\| ([^|]+) \|$", PAGE, re.MULTILINE
    )
    listed = {(int(row[0]), SAID[row[1]], f"INC0000{number}") for row in rows for number in row[2].split(", ")}
    assert listed == {(one.reassigned, one.how, one.number) for one in seen if one.reassigned in {1, 2}}


def test_a_single_hand_off_is_never_ping_pong(seen: list[Seen]) -> None:
    assert [one.number for one in seen if one.reassigned == 1 and one.ping_pong] == []

"""The files of a snapshot: whole or refused with what to do, and nobody's but their owner's."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from app.cli import cli
from app.clock import Instant
from app.errors import SetupError
from app.replay.snapshot.folder import (
    SNAPSHOT,
    WINDOW,
    Appending,
    new_folder,
    open_snapshot,
    read_states,
    read_window,
    states_file,
    window_file,
)
from app.stage import LogRecord
from app.topics import LOGS, Topic
from tests.support.kept_logs import logs, snapshot_of

STATES = states_file(Topic.JOURNEY_LOG, 0)
FOLLOWED = window_file(Topic.JOURNEY_LOG, 0)


@pytest.fixture
def taken(tmp_path: Path) -> Path:
    kept = logs()
    snapshot_of(tmp_path / "taken", kept, {log: len(records) // 2 for log, records in kept.items()})
    return tmp_path / "taken"


def told(folder: Path) -> str:
    """Return what a replay of a folder is refused with."""
    result = CliRunner().invoke(cli, ["replay", "snapshot", "--data", str(folder), "--out", str(folder / "out")])
    assert result.exit_code == 2, result.output
    return result.stderr


def flipped(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def altered(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    said = json.loads(path.read_text())
    change(said)
    path.write_text(json.dumps(said))


def test_what_was_written_is_read_again_and_belongs_to_its_owner_alone(taken: Path) -> None:
    opened = open_snapshot(taken)
    kept = logs()
    for log in LOGS:
        place = opened.snapshot.starts[log][0].offset
        followed = list(read_window(opened, log, 0))
        assert [(r.key, r.value, r.offset, r.timestamp) for r in followed] == [
            (r.key, r.value, r.offset, r.timestamp) for r in kept[log][place:]
        ]
    assert read_states(opened, Topic.JOURNEY_LOG, 0)
    assert taken.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in taken.iterdir()} == {0o600}


@pytest.mark.parametrize("name", [STATES, FOLLOWED])
@pytest.mark.parametrize("damage", [flipped, cut])
def test_a_damaged_file_is_named_and_nothing_of_it_is_used(
    taken: Path, name: str, damage: Callable[[Path], None]
) -> None:
    damage(taken / name)
    assert f"{taken / name} is not what was written" in told(taken)


@pytest.mark.parametrize("name", [STATES, FOLLOWED])
def test_a_file_that_is_gone_is_named(taken: Path, name: str) -> None:
    (taken / name).unlink()
    assert f"{taken / name} is gone" in told(taken)


def test_a_taking_that_did_not_end_is_no_snapshot(taken: Path) -> None:
    (taken / SNAPSHOT).unlink()
    assert "whose taking did not end" in told(taken)


def test_a_snapshot_without_a_window_says_how_to_take_it(taken: Path) -> None:
    (taken / WINDOW).unlink()
    assert f"makegood snapshot window {taken}" in told(taken)


@pytest.mark.parametrize("name", [SNAPSHOT, WINDOW])
def test_what_says_what_is_whole_is_itself_refused_when_damaged_or_of_a_later_version(taken: Path, name: str) -> None:
    content = (taken / name).read_text()
    for wrong in (content[:-9], content.replace('"journey-log"', '"journey-lag"'), "[]", "", "\x00", '{"format": 1}'):
        (taken / name).write_text(wrong)
        assert "take a snapshot anew" in told(taken)
    (taken / name).write_text(content)
    altered(taken / name, lambda said: said.update(format=2))
    assert "use a later one" in told(taken)


def test_a_file_that_nobody_named_is_refused(taken: Path) -> None:
    altered(taken / SNAPSHOT, lambda said: said["parts"].pop(STATES))
    assert "is not among the files that were written" in told(taken)


def test_what_names_more_than_is_there_is_refused(taken: Path) -> None:
    def change(said: dict[str, Any]) -> None:
        said["parts"][FOLLOWED]["records"] += 1

    altered(taken / WINDOW, change)
    assert f"{taken / FOLLOWED} holds what is no record" in told(taken)
    altered(taken / WINDOW, lambda said: said["spans"][Topic.DIRECTORY].append({"worked": 0, "kept": 0}))
    assert "is of a snapshot with other partitions" in told(taken)


def test_what_a_lengthening_that_did_not_end_left_behind_is_written_over(taken: Path) -> None:
    before = open_snapshot(taken)
    assert before.window is not None
    part = before.window.parts[FOLLOWED]
    with (taken / FOLLOWED).open("ab") as file:
        file.write(b"half a record")
    assert len(list(read_window(before, Topic.JOURNEY_LOG, 0))) == part.records
    more = LogRecord(b"C1", b"more", Instant(1), Topic.JOURNEY_LOG, 0, 10_000, (("h", b"1"),))
    with Appending(taken / FOLLOWED, part) as file_again:
        file_again.add_record(more)
        longer = file_again.part()
    window = before.window
    opened = before._replace(window=type(window)(window.format, window.taken_at, window.spans, {FOLLOWED: longer}))
    assert list(read_window(opened, Topic.JOURNEY_LOG, 0))[part.records :] == [more]
    flipped(taken / FOLLOWED)
    with pytest.raises(SetupError, match="is not what was written"):
        Appending(taken / FOLLOWED, longer)


def test_a_snapshot_gets_a_folder_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "something").write_text("else")
    with pytest.raises(SetupError, match="is not empty"):
        new_folder(tmp_path)


@pytest.mark.parametrize(
    ("option", "value"), [("--bootstrap", "there:9092"), ("--workers", "2"), ("--until", "2026-03-03T00:00:00Z")]
)
def test_what_is_said_about_another_kind_of_replay_is_refused(taken: Path, option: str, value: str) -> None:
    arguments = ["replay", "snapshot", "--data", str(taken), "--out", str(taken / "out"), option, value]
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 2
    assert f"leave out {option}" in result.stderr


def test_a_replay_of_a_snapshot_says_what_came_out(taken: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = CliRunner().invoke(cli, ["replay", "snapshot", "--data", str(taken), "--out", str(out), "--offline"])
    assert result.exit_code == 0, result.output
    assert "notices" in result.output
    assert json.loads((out / "summary.json").read_text())["source"] == "snapshot"
    told = CliRunner().invoke(cli, ["replay", "snapshot", "--out", str(out)])
    assert "with --data" in told.stderr

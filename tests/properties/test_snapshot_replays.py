"""A copy of the changelog and the log after it come to what the whole log comes to, wherever the copy was made.

So logs need not be kept for ever: what is older than their retention stands in the states.
"""

import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from app.decide.folder import load_folder, version_of
from app.replay.live_log import LiveLog
from app.replay.snapshot.folder import open_snapshot, read_states
from app.replay.snapshot.playing import play_log
from app.replay.snapshot.run import open_with_window, replay_snapshot
from app.settings import WorkerSettings
from app.stage import LogRecord, OutRecord
from app.topics import LOGS, Topic
from tests.support.kept_logs import logs, replayed, snapshot_of, stage_of
from tests.support.replays import different_files


@pytest.mark.parametrize("log", LOGS)
@pytest.mark.parametrize("share", [0.01, 0.2, 0.5, 0.8, 0.99])
def test_a_snapshot_and_the_log_after_it_come_to_what_the_whole_log_comes_to(log: Topic, share: float) -> None:
    records = logs()[log]
    whole = replayed(log, records)
    place = int(len(records) * share)
    before = replayed(log, records[:place])
    after = LiveLog(stage_of(log), 0, snapshot=before.table)
    after.replay(records[place:])
    assert after.table == whole.table
    assert [*before.said, *after.said] == whole.said


def test_the_lives_fill_every_log_and_their_deadlines_fire() -> None:
    whole = replayed(Topic.JOURNEY_LOG, logs()[Topic.JOURNEY_LOG])
    said = {each.topic for each in whole.said}
    assert {Topic.SUPPRESSIONS, Topic.NOTICES, Topic.DECISIONS, Topic.REMEDIES} <= said
    assert all(any(record.key is not None for record in records) for records in logs().values())


def cut(share_of: Mapping[Topic, float], kept: Mapping[Topic, list[LogRecord]]) -> dict[Topic, int]:
    return {log: int(len(records) * share_of[log]) for log, records in kept.items()}


AT_ONE_PLACE = dict.fromkeys(LOGS, 0.3)
JOURNEYS_AHEAD = {Topic.DIRECTORY: 0.1, Topic.JOURNEY_LOG: 0.5, Topic.REGISTER_LOG: 0.2}
REGISTER_AHEAD = {Topic.DIRECTORY: 0.1, Topic.JOURNEY_LOG: 0.2, Topic.REGISTER_LOG: 0.9}


@pytest.mark.parametrize("shares", [AT_ONE_PLACE, JOURNEYS_AHEAD, REGISTER_AHEAD])
def test_the_files_of_a_snapshot_replay_to_what_was_said_after_it_and_to_the_same_states(
    shares: Mapping[Topic, float], tmp_path: Path
) -> None:
    kept = logs()
    cuts = cut(shares, kept)
    snapshot_of(tmp_path / "taken", kept, cuts)
    opened = open_snapshot(tmp_path / "taken")
    for log in LOGS:
        heard: list[OutRecord] = []
        end = play_log(opened, stage_of(log), 0, lambda output, _: heard.append(output), lambda _: None)  # noqa: B023 - called within the turn
        whole = replayed(log, kept[log])
        assert end.table == whole.table
        assert heard == whole.said[len(replayed(log, kept[log][: cuts[log]]).said) :]


@pytest.mark.parametrize("shares", [AT_ONE_PLACE, JOURNEYS_AHEAD, REGISTER_AHEAD])
def test_what_would_have_been_said_under_the_policy_that_it_was_said_under_is_what_was_said(
    shares: Mapping[Topic, float], tmp_path: Path
) -> None:
    kept = logs()
    snapshot_of(tmp_path / "taken", kept, cut(shares, kept))
    opened = open_with_window(tmp_path / "taken")
    was = replay_snapshot(opened, tmp_path / "was", lambda _: None)
    would = replay_snapshot(opened, tmp_path / "would", lambda _: None, policy=WorkerSettings().policy_dir)
    assert would == was
    assert was["outputs"]["notices"] > 0
    assert different_files(tmp_path / "was", tmp_path / "would") == []


def test_another_policy_decides_from_the_snapshot_on(tmp_path: Path) -> None:
    kept = logs()
    snapshot_of(tmp_path / "taken", kept, cut(AT_ONE_PLACE, kept))
    policy = tmp_path / "forgetful"
    shutil.copytree(WorkerSettings().policy_dir, policy)
    words = (policy / "policy.yaml").read_text()
    assert "tombstone_after: 30 days" in words
    (policy / "policy.yaml").write_text(words.replace("tombstone_after: 30 days", "tombstone_after: 1 hour"))
    opened = open_with_window(tmp_path / "taken")
    was = replay_snapshot(opened, tmp_path / "was", lambda _: None)
    would = replay_snapshot(opened, tmp_path / "would", lambda _: None, policy=policy)
    assert would["policy"] == version_of(load_folder(policy)) != was["policy"]
    assert {decision["policy"] for decision in rows(tmp_path / "would" / "decisions.jsonl")} == {would["policy"]}
    newest = {row["customer"]: row for row in rows(tmp_path / "was" / "suppressions.jsonl")}
    forgotten = {row["customer"] for row in rows(tmp_path / "would" / "suppressions.jsonl") if row.get("tombstone")}
    assert forgotten == {customer for customer, row in newest.items() if not row["suppressed"]} != set()


@pytest.mark.parametrize("policy", [None, WorkerSettings().policy_dir])
def test_whoever_was_erased_after_the_snapshot_is_gone_when_it_has_been_replayed(
    policy: Path | None, tmp_path: Path
) -> None:
    kept = logs("C3")
    snapshot_of(tmp_path / "taken", kept, cut(AT_ONE_PLACE, kept))
    opened = open_with_window(tmp_path / "taken")
    assert b"C3" in read_states(opened, Topic.JOURNEY_LOG, 0)
    ends: dict[Topic, Mapping[bytes, bytes]] = {}
    replay_snapshot(opened, tmp_path / "out", lambda _: None, policy=policy, ended=ends.__setitem__)
    assert set(ends) == set(LOGS)
    for log, states in ends.items():
        assert [key for key, value in states.items() if b"C3" in key or named(b"C3", value)] == [], log
    assert b"C4" in ends[Topic.JOURNEY_LOG]
    assert '"C3"' not in (tmp_path / "out" / "journeys.jsonl").read_text()


def named(customer: bytes, value: bytes) -> bool:
    """Say whether bytes name a customer, and not one whose name only begins so."""
    return re.search(customer + rb"(?![0-9])", value) is not None


def rows(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]

"""Replays of recorded data against the data itself."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.replays import different_files, replay
from tests.support.truth import incident_faults, olist_faults, read_rows

Faults = Callable[[Path, Path], list[str]]
_SOURCES: dict[str, Faults] = {"olist": olist_faults, "incidents": incident_faults}


@pytest.fixture(scope="session", params=_SOURCES)
def source(request: pytest.FixtureRequest) -> str:
    """The name of a source; everything below is tested for each."""
    return str(request.param)


@pytest.fixture(scope="session")
def offline(source: str, data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The result files of an offline replay."""
    return replay(source, tmp_path_factory.mktemp(source) / "offline", "--data", data)


@pytest.fixture(scope="session")
def on_kafka(source: str, data: Path, tmp_path_factory: pytest.TempPathFactory, kafka_bootstrap: str) -> Path:
    """The result files of a replay through real workers on a real broker."""
    out = tmp_path_factory.mktemp(source) / "kafka"
    return replay(source, out, "--data", data, kafka=kafka_bootstrap)


def test_an_offline_replay_says_what_the_data_says(source: str, data: Path, offline: Path) -> None:
    assert _SOURCES[source](data / source, offline) == []


def test_a_replay_on_kafka_says_what_the_data_says(source: str, data: Path, on_kafka: Path) -> None:
    assert _SOURCES[source](data / source, on_kafka) == []


def test_offline_and_kafka_write_the_same_bytes(offline: Path, on_kafka: Path) -> None:
    assert different_files(offline, on_kafka) == []


def test_a_second_offline_replay_writes_the_same_bytes(source: str, data: Path, offline: Path, tmp_path: Path) -> None:
    again = replay(source, tmp_path / "again", "--data", data)
    assert different_files(offline, again) == []


def test_every_row_of_the_data_is_played_and_none_is_refused(offline: Path) -> None:
    assert read_rows(offline, "dead-letters.jsonl") == []
    assert read_rows(offline, "malformed.jsonl") == []

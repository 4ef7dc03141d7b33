"""A replay's workers are started again when they die, but not for ever, and end with the replay."""

import asyncio
import os
from pathlib import Path

import pytest

from app.broker import process
from app.errors import SetupError
from app.replay.on_kafka import settings_of
from app.replay.workers import Workers, environment_of
from app.settings import KafkaSettings


async def watch_until_given_up(workers: Workers) -> None:
    async with asyncio.timeout(60):
        while True:
            await workers.watch()
            await asyncio.sleep(0.05)


def test_workers_that_die_again_and_again_end_the_replay_with_their_last_words(tmp_path: Path) -> None:
    told: list[str] = []
    environment = {**os.environ, "MAKEGOOD_PARTITIONS": "none"}
    with (
        Workers(1, environment, tmp_path, told.append) as workers,
        pytest.raises(SetupError, match="MAKEGOOD_PARTITIONS"),
    ):
        asyncio.run(watch_until_given_up(workers))
    assert len(told) == 5
    assert "exit code 2" in told[0]


def test_workers_are_gone_when_the_replay_is_over(tmp_path: Path) -> None:
    settings = settings_of("test", tmp_path)
    kafka = KafkaSettings(bootstrap="127.0.0.1:1", security_protocol="PLAINTEXT")
    with Workers(2, environment_of(kafka, settings), tmp_path, print) as workers:
        pids = workers.pids
        assert all(process.is_running(pid) for pid in pids)
    assert not any(process.is_running(pid) for pid in pids)


def test_a_worker_s_settings_are_all_spelt_out_so_that_nothing_of_ours_leaks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAKEGOOD_SCHEMA_REGISTRY_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("KAFKA_BOOTSTRAP", "live:9092")
    settings = settings_of("token", tmp_path)
    environment = environment_of(KafkaSettings(bootstrap="127.0.0.1:7"), settings)
    assert "MAKEGOOD_SCHEMA_REGISTRY_URL" not in environment
    assert environment["KAFKA_BOOTSTRAP"] == "127.0.0.1:7"
    assert environment["MAKEGOOD_TOPIC_PREFIX"] == "replay-token."
    assert environment["MAKEGOOD_CLOCK"] == "data"

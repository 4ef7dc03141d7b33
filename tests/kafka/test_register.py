"""Journeys ask the register through the logs and get their answers, whatever happens to the workers."""

import asyncio
from collections.abc import Awaitable, Mapping
from pathlib import Path

import pytest

from app.replay import on_kafka
from app.replay.offline import play_offline
from app.replay.player import play
from app.replay.recording import file_of
from app.replay.run import Told, load, replay
from app.replay.session import Session
from app.settings import KafkaSettings
from app.topics import Topic
from app.wire.codec import bundled_codec
from tests.scenarios.scenarios import scenarios
from tests.support.killing import killing_one_worker_after_the_other
from tests.support.register_like import make_month, write_events
from tests.support.replays import different_files
from tests.support.truth import read_rows

_SILENT = Told(lambda _: None, lambda _: None)
_KILLS = {1: 0.05, 3: 0.3, 5: 0.7}


def test_the_round_trip_of_journey_and_register_survives_kill_9(
    tmp_path: Path, kafka_settings: KafkaSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_month(tmp_path / "data")
    month = load("events", tmp_path / "data")

    def offline(session: Session) -> Awaitable[Mapping[bytes, bytes]]:
        return play_offline(session, bundled_codec())

    asyncio.run(replay(month, tmp_path / "offline", offline, _SILENT))
    told: list[str] = []

    async def with_kills(session: Session) -> dict[bytes, bytes]:
        async with on_kafka.namespace(kafka_settings, workers=2, keep=False, tell=told.append) as place:
            stretches = killing_one_worker_after_the_other(place, session.stretches(), _KILLS)
            monkeypatch.setattr(session, "stretches", lambda: stretches)
            return dict(await play(session, place.cluster))

    asyncio.run(replay(month, tmp_path / "kafka", with_kills, _SILENT, size=25))
    assert sum("started again" in words for words in told) >= len(_KILLS)
    assert different_files(tmp_path / "offline", tmp_path / "kafka") == []


def test_the_people_of_one_account_and_who_has_become_another_are_held_on_kafka_as_they_are_in_memory(
    tmp_path: Path, kafka_settings: KafkaSettings
) -> None:
    merges = ("merged-with-another-profile", "cleared-after-a-merge")
    on_kafka_as_in_memory(tmp_path, kafka_settings, "the-people-of-one-account", *merges)
    said = read_rows(tmp_path / "kafka", file_of(Topic.SUPPRESSIONS))
    owners = [hold["owner"] for row in said for hold in row.get("holds") or ()]
    assert any(owner.startswith("account:ACME/P-1/") for owner in owners)


def test_the_owners_of_incidents_are_watched_on_kafka_as_they_are_in_memory(
    tmp_path: Path, kafka_settings: KafkaSettings
) -> None:
    on_kafka_as_in_memory(tmp_path, kafka_settings, "many-customers-one-cause", "a-depot-stands-still")
    said = read_rows(tmp_path / "kafka", file_of(Topic.ESCALATIONS))
    asked = [(row["customer"], row["owner"]) for row in said if row["customer"].startswith("incident:")]
    nobody_acted, acted = "incident:house/understocked/HOT", "incident:deals/stalled/parcelwave/Reading"
    assert asked == [
        (nobody_acted, "incident_lead"),
        (nobody_acted, "head_of_customer_experience"),
        (acted, "incident_lead"),
    ]


def on_kafka_as_in_memory(tmp_path: Path, kafka_settings: KafkaSettings, *names: str) -> None:
    """Replay the events of scenarios in memory and on two workers; both must write the same files."""
    write_events(tmp_path / "data", *(story for story in scenarios() if story.name in names))
    events = load("events", tmp_path / "data")

    def offline(session: Session) -> Awaitable[Mapping[bytes, bytes]]:
        return play_offline(session, bundled_codec())

    async def on_workers(session: Session) -> dict[bytes, bytes]:
        async with on_kafka.namespace(kafka_settings, workers=2, keep=False, tell=lambda _: None) as place:
            return dict(await play(session, place.cluster))

    asyncio.run(replay(events, tmp_path / "offline", offline, _SILENT))
    asyncio.run(replay(events, tmp_path / "kafka", on_workers, _SILENT))
    assert different_files(tmp_path / "offline", tmp_path / "kafka") == []

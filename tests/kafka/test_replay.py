"""A replay through real workers on a real broker gives what it gives in memory."""

import asyncio
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from app.replay import on_kafka
from app.replay.player import play
from app.replay.run import Told, load, replay
from app.replay.session import Session
from app.settings import KafkaSettings
from tests.support import replays
from tests.support.incidents_like import make_incidents
from tests.support.killing import killing_one_worker_after_the_other
from tests.support.olist_like import make_olist
from tests.support.truth import incident_faults, olist_faults

_SILENT = Told(lambda _: None, lambda _: None)
_KILLS = {1: 0.05, 3: 0.15, 5: 0.4}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    make_olist(folder / "olist", orders=200)
    make_incidents(folder / "incidents", incidents=80)
    return folder


@pytest.fixture(scope="module")
def offline(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("offline")
    for source in ("olist", "incidents"):
        replays.replay(source, folder / source, "--data", data)
    return folder


@pytest.mark.parametrize("workers", [1, 2])
def test_olist_on_kafka_is_byte_identical_to_offline(
    data: Path, offline: Path, tmp_path: Path, kafka_bootstrap: str, workers: int
) -> None:
    out = replays.replay("olist", tmp_path, "--data", data, "--workers", str(workers), kafka=kafka_bootstrap)
    assert replays.different_files(offline / "olist", out) == []
    assert olist_faults(data / "olist", out) == []


def test_incidents_on_kafka_are_byte_identical_to_offline(
    data: Path, offline: Path, tmp_path: Path, kafka_bootstrap: str
) -> None:
    out = replays.replay("incidents", tmp_path, "--data", data, kafka=kafka_bootstrap)
    assert replays.different_files(offline / "incidents", out) == []
    assert incident_faults(data / "incidents", out) == []


def test_stories_on_kafka_are_byte_identical_to_offline(tmp_path: Path, kafka_bootstrap: str) -> None:
    one = replays.replay("stories", tmp_path / "one")
    other = replays.replay("stories", tmp_path / "other", kafka=kafka_bootstrap)
    assert replays.different_files(one, other) == []


def test_a_worker_killed_in_the_middle_and_started_again_gives_the_same_files(
    data: Path, offline: Path, tmp_path: Path, kafka_settings: KafkaSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []

    async def with_kills(session: Session) -> dict[bytes, bytes]:
        async with on_kafka.namespace(kafka_settings, workers=2, keep=False, tell=told.append) as place:
            stretches = killing_one_worker_after_the_other(place, session.stretches(), _KILLS)
            monkeypatch.setattr(session, "stretches", lambda: stretches)
            return dict(await play(session, place.cluster))

    asyncio.run(replay(load("olist", data), tmp_path, with_kills, _SILENT, size=150))
    assert sum("started again" in words for words in told) >= len(_KILLS)
    assert replays.different_files(offline / "olist", tmp_path) == []


def test_the_namespace_is_gone_afterwards_and_no_other_topic_was_touched(
    data: Path, tmp_path: Path, kafka_bootstrap: str
) -> None:
    before = asyncio.run(_topics(kafka_bootstrap))
    replays.replay("incidents", tmp_path, "--data", data, "--until", "2016-03-02T00:00:00Z", kafka=kafka_bootstrap)
    assert asyncio.run(_topics(kafka_bootstrap)) == before


async def _topics(bootstrap: str) -> set[str]:
    """The cluster's topics but for Kafka's own, which it creates when they are first needed."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        return {name for name in await admin.list_topics() if not name.startswith("__")}
    finally:
        await admin.close()

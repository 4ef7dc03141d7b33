"""Journeys ask the register through the logs and get their answers, whatever happens to the workers."""

import asyncio
from collections.abc import Awaitable, Mapping
from pathlib import Path

from app.replay import on_kafka
from app.replay.offline import play_offline
from app.replay.player import play
from app.replay.run import Told, load, replay
from app.replay.session import Session
from app.settings import KafkaSettings
from app.wire.codec import bundled_codec
from tests.support.register_like import make_month
from tests.support.replays import different_files

_SILENT = Told(lambda _: None, lambda _: None)


def test_the_round_trip_of_journey_and_register_survives_kill_9(tmp_path: Path, kafka_settings: KafkaSettings) -> None:
    make_month(tmp_path / "data")
    month = load("events", tmp_path / "data")

    def offline(session: Session) -> Awaitable[Mapping[bytes, bytes]]:
        return play_offline(session, bundled_codec())

    asyncio.run(replay(month, tmp_path / "offline", offline, _SILENT))
    told: list[str] = []

    async def with_kills(session: Session) -> dict[bytes, bytes]:
        async with on_kafka.namespace(kafka_settings, workers=2, keep=False, tell=told.append) as place:
            killer = asyncio.ensure_future(_kill_again_and_again(place))
            try:
                return dict(await play(session, place.cluster))
            finally:
                killer.cancel()

    asyncio.run(replay(month, tmp_path / "kafka", with_kills, _SILENT, size=25))
    assert sum("started again" in words for words in told) >= 2
    assert different_files(tmp_path / "offline", tmp_path / "kafka") == []


async def _kill_again_and_again(place: on_kafka.Place) -> None:
    """Kill one worker after the other with -9, at moments that have nothing to do with what they are at."""
    for victim, pause in enumerate((7.0, 6.3, 7.7)):
        await asyncio.sleep(pause)
        place.workers.kill(victim % 2)

"""Replay in a namespace of its own on a Kafka cluster: topics, group and transactional ids of nobody else (0007)."""

import secrets
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final

from app.broker import Broker
from app.replay.player import play
from app.replay.session import Session
from app.replay.workers import Tell, Workers, environment_of
from app.settings import ROOT, KafkaSettings, WorkerSettings
from app.shell.replay_cluster import ReplayCluster
from app.shell.topics_admin import delete_namespace

_SESSION_TIMEOUT_MS: Final = 30_000
"""Live it is short, because it is the standstill after a crash. Here a dead worker is started again under its own name
and takes its partitions back at once, while a round of a whole stretch may keep a worker's loop busy for seconds."""
_COMMIT_INTERVAL_MS: Final = 50
"""The player waits for the commits of intake at every stretch."""


class Place:
    """A namespace and its workers."""

    def __init__(self, settings: WorkerSettings, cluster: ReplayCluster, workers: Workers) -> None:
        self.settings = settings
        self.cluster = cluster
        self.workers = workers


async def play_on_kafka(
    session: Session, kafka: KafkaSettings, *, workers: int, keep: bool, tell: Tell
) -> Mapping[bytes, bytes]:
    """Play a session through real workers; return the customers' states at the end."""
    async with namespace(kafka, workers=workers, keep=keep, tell=tell) as place:
        return await play(session, place.cluster)


@asynccontextmanager
async def namespace(kafka: KafkaSettings, *, workers: int, keep: bool, tell: Tell) -> AsyncIterator[Place]:
    """Create a namespace and start its workers; in the end stop them and delete it, whatever happened, unless kept."""
    with tempfile.TemporaryDirectory(prefix="makegood-replay-") as folder:
        settings = settings_of(secrets.token_hex(4), Path(folder))
        crew = Workers(workers, environment_of(kafka, settings), Path(folder), tell)
        try:
            async with ReplayCluster(kafka, settings, crew.watch) as cluster:
                with crew:
                    yield Place(settings, cluster, crew)
        finally:
            if keep:
                tell(f"kept: the topics {settings.topic_prefix}* on {kafka.bootstrap}")
            else:
                await delete_namespace(kafka, settings.topic_prefix)


def settings_of(token: str, folder: Path) -> WorkerSettings:
    """Return the settings of a replay's workers: those of the environment, but for the namespace and the clock.

    Records are in single-object encoding even where there is a registry: a replay leaves nothing behind in it.
    """
    return WorkerSettings(
        application_id=f"makegood-replay-{token}",
        topic_prefix=f"replay-{token}.",
        clock="data",
        session_timeout_ms=_SESSION_TIMEOUT_MS,
        commit_interval_ms=_COMMIT_INTERVAL_MS,
        schema_registry_url=None,
        state_dir=folder,
        web_port=0,
    )


@contextmanager
def embedded_broker(tell: Tell) -> Iterator[KafkaSettings]:
    """Start the embedded broker and stop it in the end; one that runs already is used and left running."""
    data = ROOT / ".run" / "kafka"
    running = Broker.running_on(data)
    if running is not None:
        tell(f"using the broker that runs on {running.bootstrap}")
        yield KafkaSettings(bootstrap=running.bootstrap, security_protocol="PLAINTEXT")
        return
    tell("starting the embedded broker")
    with Broker.start(data) as broker:
        yield KafkaSettings(bootstrap=broker.bootstrap, security_protocol="PLAINTEXT")

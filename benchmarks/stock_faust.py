"""The contender: the same stages on stock Faust, one message at a time; run as a process of its own.

Set up as Faust's documentation recommends for throughput: uvloop, the compiled streams, raw bytes (the stages decode
and encode themselves), a producer that lingers, sends that are not awaited one by one, changelogs through tables,
table state in memory, no web server. Its guarantee is at-least-once: state and outputs may be written twice after a
crash. It has no ticks: a deadline fires when its customer's next fact comes.
"""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import faust
import uvloop

from app.clock import Instant
from app.main import stages
from app.settings import KafkaSettings, WorkerSettings
from app.stage import KeyedStage, LogRecord, OutRecord, Round
from app.topics import INPUTS, OUTPUTS, Topic
from app.wire.codec import bundled_codec
from benchmarks.core import keyed_stages
from benchmarks.faust_app import faust_app

_COMMIT_SECONDS: Final = 0.5
_BEGINNING: Final = Instant(0)

Send = Callable[[OutRecord], Awaitable[Any]]


def build(settings: WorkerSettings, kafka: KafkaSettings) -> faust.App:
    """Return the app: an agent per input topic and per stage."""
    name, folder = settings.application_id, settings.state_dir / "stock"
    app = faust_app(name, kafka.bootstrap, "at_least_once", _COMMIT_SECONDS, folder)
    built = stages(bundled_codec(), data_clock=False)
    intake, keyed = built.intake, keyed_stages(built)
    topics = {topic: _raw(app, settings.topic_prefix + topic) for topic in (*INPUTS, *OUTPUTS)}
    topics |= {stage.log: _raw(app, settings.topic_prefix + stage.log) for stage in keyed}

    async def send(out: OutRecord) -> None:
        await topics[out.topic].send(key=out.key, value=out.value, headers=dict(out.headers))

    for topic in INPUTS:
        app.agent(topics[topic], name=f"intake-{topic}")(_intake_agent(intake.admit, topic, send))
    for stage in keyed:
        changelog = _raw(app, settings.topic_prefix + stage.changelog)
        table = app.Table(
            stage.name,
            partitions=settings.partitions,
            key_type=bytes,
            value_type=bytes,
            changelog_topic=changelog,
        )
        app.agent(topics[stage.log], name=stage.name)(_keyed_agent(stage, table, send))
    return app


def _raw(app: faust.App, name: str) -> Any:
    return app.topic(name, key_type=bytes, value_type=bytes)


def _intake_agent(admit: Callable[[LogRecord], Any], topic: Topic, send: Send) -> Callable[[Any], Awaitable[None]]:
    async def agent(stream: Any) -> None:
        async for event in stream.events():
            for out in admit(_record(event.message, topic)):
                await send(out)

    return agent


def _keyed_agent(stage: KeyedStage, table: Any, send: Send) -> Callable[[Any], Awaitable[None]]:
    async def agent(stream: Any) -> None:
        async for event in stream.events():
            record = _record(event.message, stage.log)
            effects = stage.work(Round(record.partition, (record,), (), _BEGINNING), table)
            for key, value in effects.changes.items():
                if value is None:
                    table.pop(key, None)
                else:
                    table[key] = value
            for out in effects.outputs:
                await send(out)

    return agent


def _record(message: Any, topic: Topic) -> LogRecord:
    at = Instant(int(message.timestamp * 1000))
    return LogRecord(message.key, message.value, at, topic, message.partition, message.offset, ())


def main() -> None:
    """Run until SIGTERM."""
    uvloop.install()
    settings, kafka = WorkerSettings(), KafkaSettings()
    app = build(settings, kafka)
    Path(settings.state_dir).mkdir(parents=True, exist_ok=True)
    worker = faust.Worker(app, loglevel="warning", redirect_stdouts=False, quiet=True)
    worker.execute_from_commandline()


if __name__ == "__main__":
    main()

"""Run a worker until it is told to stop, or until something fails: `run_worker` (decision 0001)."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

import faust
import uvloop

from app.errors import SetupError
from app.settings import KafkaSettings, WorkerSettings
from app.shell.kafka_client import client_options, wait_for_broker
from app.shell.telemetry_protocol import NoTelemetry, Telemetry
from app.shell.topics_admin import topic_differences
from app.shell.worker_app import WorkerApp
from app.stage import IntakeStage, KeyedStage
from app.topics import INPUTS, Topic

log = logging.getLogger(__name__)

_BEAT_SECONDS: Final = 1.0
_STOP_SECONDS: Final = 60.0
_CRASH_STOP_SECONDS: Final = 8.0
"""A worker that has failed waits no longer than this for its own parts; the broker ends what is left."""


class Companion(Protocol):
    """Something that lives as long as the worker does, such as its small web server."""

    async def start(self) -> None:
        """Begin; an exception stops the worker's start."""
        ...

    async def stop(self) -> None:
        """End."""
        ...


def run_worker(
    settings: WorkerSettings,
    kafka: KafkaSettings,
    intake: IntakeStage,
    stages: Sequence[KeyedStage],
    *,
    inputs: Sequence[Topic] = INPUTS,
    telemetry: Telemetry | None = None,
    companions: Sequence[Companion] = (),
) -> int:
    """Work until SIGTERM or SIGINT (0: the batches in flight were finished) or a failure (1: nothing acknowledged).

    Waits, visibly, for a broker; SetupError when topics are missing. A worker that fails does not go on in part.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_run(settings, kafka, intake, stages, inputs, telemetry or NoTelemetry(), companions))


async def _run(
    settings: WorkerSettings,
    kafka: KafkaSettings,
    intake: IntakeStage,
    stages: Sequence[KeyedStage],
    inputs: Sequence[Topic],
    telemetry: Telemetry,
    companions: Sequence[Companion],
) -> int:
    told_to_stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told_to_stop.set)
    beat = asyncio.ensure_future(_beat(telemetry))
    # before the broker is there: whoever watches must see that we wait
    for companion in companions:
        await companion.start()
    try:
        waiting = asyncio.ensure_future(_surroundings(settings, kafka, inputs, stages))
        if not await _first(waiting, told_to_stop):
            return 0
        connection = client_options(kafka)
        app = WorkerApp(
            settings,
            connection,
            _credentials(kafka, connection),
            inputs=inputs,
            intake=intake,
            stages=stages,
            telemetry=telemetry,
        )
        return await _work(app, told_to_stop)
    finally:
        beat.cancel()
        for companion in companions:
            await companion.stop()


async def _beat(telemetry: Telemetry) -> None:
    while True:
        telemetry.alive()
        await asyncio.sleep(_BEAT_SECONDS)


async def _first(work: "asyncio.Future[None]", told_to_stop: asyncio.Event) -> bool:
    """Return whether the work ended (its failure raises) before we were told to stop."""
    stop: asyncio.Future[Any] = asyncio.ensure_future(told_to_stop.wait())
    await asyncio.wait({work, stop}, return_when=asyncio.FIRST_COMPLETED)
    stop.cancel()
    if work.done():
        await work
        return True
    work.cancel()
    await asyncio.wait([work])
    return False


async def _surroundings(
    settings: WorkerSettings, kafka: KafkaSettings, inputs: Sequence[Topic], stages: Sequence[KeyedStage]
) -> None:
    """Wait for the broker and make sure of the topics: Faust leaves missing ones out without a word."""
    await wait_for_broker(kafka)
    ours = {*inputs, *(stage.log for stage in stages), *(stage.changelog for stage in stages)}
    names = {settings.topic_prefix + topic for topic in ours}
    for difference in await topic_differences(kafka, settings):
        if difference.kind == "missing" and difference.topic in names:
            raise SetupError(f"topic {difference.topic} is missing on {kafka.bootstrap}: run `makegood topics apply`")


async def _work(app: WorkerApp, told_to_stop: asyncio.Event) -> int:
    log.info("joining group %s", app.conf.id)
    starting = asyncio.ensure_future(_start(app))
    crashed: asyncio.Future[Any] = asyncio.ensure_future(app._crashed.wait())  # noqa: SLF001 - mode has no public wait
    stop: asyncio.Future[Any] = asyncio.ensure_future(told_to_stop.wait())
    await asyncio.wait([crashed, stop, starting], return_when=asyncio.FIRST_COMPLETED)
    if starting.done() and starting.exception() is None:
        await asyncio.wait([crashed, stop], return_when=asyncio.FIRST_COMPLETED)
    failure = app.crash_reason if app.crashed else starting.exception() if starting.done() else None
    for task in (crashed, stop):
        task.cancel()
    return await _stop(app, starting, failure)


async def _start(app: WorkerApp) -> None:
    await app.start_beside()
    await app.start()


async def _stop(app: WorkerApp, starting: "asyncio.Future[None]", failure: BaseException | None) -> int:
    try:
        async with asyncio.timeout(_STOP_SECONDS if failure is None else _CRASH_STOP_SECONDS):
            if not starting.done():
                starting.cancel()
                await asyncio.wait([starting])
            await app.stop()
            await app.stop_beside()
    except TimeoutError:
        log.error("the worker did not stop in time; its transactions are left to the broker")  # noqa: TRY400
        sys.stderr.flush()
        os._exit(1)
    failure = failure or app.crash_reason
    if failure is not None:
        log.error("worker stopped by %s: %s", type(failure).__name__, failure)
        return 1
    log.info("worker stopped")
    return 0


def _credentials(kafka: KafkaSettings, connection: Mapping[str, Any]) -> Any:
    """Return Faust's form of the same log-in; its own producer is made with it."""
    context = connection.get("ssl_context")
    if kafka.security_protocol == "PLAINTEXT":
        return None
    if kafka.security_protocol == "SSL":
        return faust.SSLCredentials(context=context)
    return faust.SASLCredentials(
        username=kafka.sasl_username,
        password=kafka.sasl_password.get_secret_value() if kafka.sasl_password else None,
        mechanism=kafka.sasl_mechanism,
        ssl_context=context,
    )

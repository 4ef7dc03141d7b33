"""Run a worker until it is told to stop, or until something fails: `run_worker` (decision 0001)."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import monotonic
from typing import Any, Final, NamedTuple, Protocol

import faust
import uvloop
from aiokafka.errors import KafkaError

from app.errors import SetupError
from app.settings import KafkaSettings, WorkerSettings
from app.shell.cancelling import GivenUpError, only_from_outside
from app.shell.kafka_client import client_options, wait_for_broker
from app.shell.telemetry_protocol import NoTelemetry, Telemetry
from app.shell.topics_admin import ClusterLostError, partition_counts
from app.shell.worker_app import WorkerApp
from app.stage import IntakeStage, KeyedStage
from app.topics import INPUTS, Topic

log = logging.getLogger(__name__)

_BEAT_SECONDS: Final = 1.0
_STOP_SECONDS: Final = 60.0
_MOST_RETURNS: Final = 5
"""One that needs more of them in a row has a twin or a sick cluster; whoever runs it should know."""
_SOUND_SECONDS: Final = 20.0
"""Whoever has worked for so long has returned soundly: what happens after that is another trouble."""
_LEARNING_SECONDS: Final = 5.0
"""A broker that has just started answers before it knows its topics."""
_LOOK_SECONDS: Final = 0.5
_LOST: Final = (KafkaError, TimeoutError, ConnectionError)
"""What says that the cluster or our partitions were lost; the client lets a connection's own errors through."""
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


class _Parts(NamedTuple):
    """What a worker is made of; it may be put together more than once."""

    settings: WorkerSettings
    kafka: KafkaSettings
    inputs: Sequence[Topic]
    intake: IntakeStage
    stages: Sequence[KeyedStage]
    telemetry: Telemetry


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

    Waits, visibly, for a broker; SetupError when topics are missing. A worker that fails does not go on in part. One
    that lost its partitions or the cluster (frozen, or the broker away, longer than the session timeout) joins anew,
    a few times in a row: what it did not finish is not acknowledged, and it reads the truth again.
    """
    make_state_dir(settings.state_dir)
    parts = _Parts(settings, kafka, inputs, intake, stages, telemetry or NoTelemetry())
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_run(parts, companions))


def make_state_dir(folder: Path) -> None:
    """Make the folder that Faust keeps its own in; it would make its last part alone, and only after joining."""
    try:
        (folder / "faust").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SetupError(
            f"cannot make the folder {folder} ({error.strerror}): set MAKEGOOD_STATE_DIR to one that may be written"
        ) from error


async def _run(parts: _Parts, companions: Sequence[Companion]) -> int:
    told_to_stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told_to_stop.set)
    beat = asyncio.ensure_future(_beat(parts.telemetry))
    # before the broker is there: whoever watches must see that we wait
    for companion in companions:
        await companion.start()
    try:
        failure = await _work_again(parts, told_to_stop)
    finally:
        beat.cancel()
        for companion in companions:
            await companion.stop()
    if failure is None:
        log.info("worker stopped")
        return 0
    log.error("worker stopped by %s: %s", type(failure).__name__, failure)
    return 1


async def _work_again(parts: _Parts, told_to_stop: asyncio.Event) -> BaseException | None:
    """Work, and join anew when the cluster or our partitions were lost, up to `_MOST_RETURNS` times in a row."""
    returns = 0
    while True:
        began = monotonic()
        failure = await _work(parts, told_to_stop)
        lost = isinstance(failure, _LOST)
        if not lost or told_to_stop.is_set():
            return failure
        returns = 1 if monotonic() - began > _SOUND_SECONDS else returns + 1
        if returns > _MOST_RETURNS:
            return failure
        log.warning("lost the cluster or our partitions (%s: %s); joining anew", type(failure).__name__, failure)


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


async def _surroundings(parts: _Parts) -> None:
    """Wait for the broker and make sure of the topics; one that goes away meanwhile is waited for again."""
    while True:
        try:
            with only_from_outside():
                await wait_for_broker(parts.kafka)
                await _make_sure_of_topics(parts)
        except (ClusterLostError, GivenUpError) as error:
            log.warning("%s; waiting for it again", error)
            await asyncio.sleep(_LOOK_SECONDS)
        else:
            return


async def _make_sure_of_topics(parts: _Parts) -> None:
    """Raise SetupError when a topic is missing: Faust leaves missing ones out without a word."""
    ours = {*parts.inputs, *(topic for stage in parts.stages for topic in (stage.log, stage.changelog))}
    names = {parts.settings.topic_prefix + topic for topic in ours}
    since = monotonic()
    while missing := sorted(names - (await partition_counts(parts.kafka, parts.settings)).keys()):
        if monotonic() - since < _LEARNING_SECONDS:
            await asyncio.sleep(_LOOK_SECONDS)
            continue
        raise SetupError(
            f"topic {missing[0]} is missing on {parts.kafka.bootstrap}, or we may not see it: "
            "run `makegood topics apply`, and `makegood topics acls` where rights are checked"
        )


async def _work(parts: _Parts, told_to_stop: asyncio.Event) -> BaseException | None:
    """Work until told to stop (None) or until something fails; return the failure."""
    if not await _first(asyncio.ensure_future(_surroundings(parts)), told_to_stop):
        return None
    app = _new_app(parts)
    log.info("joining group %s; the core is %s", app.conf.id, "compiled" if _is_compiled(parts) else "interpreted")
    starting = asyncio.ensure_future(_start(app))
    crashed: asyncio.Future[Any] = asyncio.ensure_future(app._crashed.wait())  # noqa: SLF001 - mode has no public wait
    stop: asyncio.Future[Any] = asyncio.ensure_future(told_to_stop.wait())
    await asyncio.wait([crashed, stop, starting], return_when=asyncio.FIRST_COMPLETED)
    if starting.done() and starting.exception() is None:
        await asyncio.wait([crashed, stop], return_when=asyncio.FIRST_COMPLETED)
    failure = _failure(app) if app.crashed else starting.exception() if starting.done() else None
    for task in (crashed, stop):
        task.cancel()
    await _stop(app, starting, failure)
    return failure or _failure(app)


def _is_compiled(parts: _Parts) -> bool:
    """Say whether the stages are machine code (decision 0025): compiled functions have no Python code to look at."""
    return not any(hasattr(stage.work, "__code__") for stage in parts.stages)


def _failure(app: WorkerApp) -> BaseException | None:
    return app.failure or app.crash_reason


def _new_app(parts: _Parts) -> WorkerApp:
    connection = client_options(parts.kafka)
    return WorkerApp(
        parts.settings,
        connection,
        _credentials(parts.kafka, connection),
        inputs=parts.inputs,
        intake=parts.intake,
        stages=parts.stages,
        telemetry=parts.telemetry,
    )


async def _start(app: WorkerApp) -> None:
    with only_from_outside():
        await app.start_beside()
        await app.start()


async def _stop(app: WorkerApp, starting: "asyncio.Future[None]", failure: BaseException | None) -> None:
    """Stop what works; when it does not stop, end the process: one that lost the cluster begins again as a new one."""
    patience = _STOP_SECONDS if failure is None else _CRASH_STOP_SECONDS
    try:
        async with asyncio.timeout(patience):
            if not starting.done():
                starting.cancel()
                await asyncio.wait([starting])
            await app.stop()
            await app.stop_beside()
    except (TimeoutError, asyncio.CancelledError, KafkaError) as error:
        # cancelled: what comes out of a client whose own task was, while the broker was away; KafkaError: what a
        # partition's writer still had under way is refused, since somebody else has the partition
        log.error(  # noqa: TRY400
            "the worker could not stop within %s s (%s); its transactions are left to the broker",
            patience,
            type(error).__name__,
        )
        logging.shutdown()
        if isinstance(failure, _LOST):
            # clients that wait for a silent broker cannot be stopped; who waits for it anew does so without them
            os.execv(sys.executable, sys.orig_argv)  # noqa: S606 - ourselves, as we were started
        os._exit(1)


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

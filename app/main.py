"""Composition root: settings → stages → worker. Read this page first.

A scan comes in on `tracking-scans`. `Intake` decodes and checks it and, because a scan knows only a tracking number,
writes it to the `directory` log. `Directory` finds whose parcel it is and writes the fact to that customer's place in
the `journey-log`. `Journeys` applies it to the customer's state; if a promised day has passed unmet, that opens a
problem, the problem takes out a hold, and the hold is said on `suppressions`. What spans customers (campaigns, offers,
budgets) is decided by `Register` from the `register-log`; what it answers a customer comes back on theirs.
docs/architecture.md has the picture.
"""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from app import logs
from app.clock import Instant
from app.directory.stage import Directory
from app.emit.records import Emit
from app.errors import SetupError
from app.intake.stage import Intake
from app.journey.stage import Journeys
from app.register.stage import Register
from app.settings import KafkaSettings, WorkerSettings
from app.shell.erasures import Erasures
from app.shell.output_reader import codec_of
from app.shell.registry import RegistryClient
from app.shell.safe_clock import wall_clock
from app.shell.telemetry import PrometheusTelemetry
from app.shell.worker import Companion, run_worker
from app.shell.worker_web import WorkerWeb
from app.stage import IntakeStage, KeyedStage
from app.wire.catalog import bundled
from app.wire.codec import Codec

if TYPE_CHECKING:
    from app.shell.tracing import Tracing


class Stages(NamedTuple):
    """The pure stages in the order that a fact passes them."""

    intake: Intake
    directory: Directory
    journeys: Journeys
    register: Register


def stages(codec: Codec, *, data_clock: bool) -> Stages:
    """Build the stages; `data_clock`: time comes from the records (replay), else from the broker (decision 0003)."""
    emit = Emit(codec)
    return Stages(
        intake=Intake(codec, replay=data_clock),
        directory=Directory(emit.record, data_clock=data_clock),
        journeys=Journeys(emit, data_clock=data_clock),
        register=Register(emit, data_clock=data_clock),
    )


def worker(settings: WorkerSettings, kafka: KafkaSettings) -> int:
    """Run one worker until it is told to stop (0) or fails (1); see `run_worker`."""
    logs.configure(settings.log_format, settings.log_level)
    if settings.schema_registry_url is not None:
        RegistryClient(settings.schema_registry_url, settings.topic_prefix).register(bundled().all())
    codec = codec_of(settings)
    data_clock = settings.clock == "data"
    tracing = _tracing(settings)
    intake: IntakeStage
    keyed: Sequence[KeyedStage]
    intake, *keyed = stages(codec, data_clock=data_clock)
    telemetry = PrometheusTelemetry(
        Emit(codec).decode,
        now=lambda: Instant(wall_clock()),
        monotonic=time.monotonic,
        data_clock=data_clock,
        committed=None if tracing is None else tracing.committed,
        decided=Erasures(settings.erasure_key).committed,
    )
    companions: list[Companion] = [WorkerWeb(telemetry, settings.web_host, settings.web_port)]
    if tracing is not None:
        intake, keyed = tracing.intake(intake), [tracing.keyed(stage) for stage in keyed]
        companions.append(tracing)
    return run_worker(settings, kafka, intake, keyed, telemetry=telemetry, companions=companions)


def _tracing(settings: WorkerSettings) -> "Tracing | None":
    """Return what traces, None unless asked for: a worker that does not trace does not even import OpenTelemetry."""
    if settings.trace_endpoint is None or settings.clock == "data":
        return None
    try:
        from app.shell.tracing import Tracing, provider  # noqa: PLC0415 - an extra that may not be installed
    except ModuleNotFoundError as error:
        raise SetupError(
            f"MAKEGOOD_TRACE_ENDPOINT is set but {error.name} is not installed: pip install 'makegood[tracing]', "
            "or unset it"
        ) from error
    return Tracing(provider(settings.trace_endpoint, settings.trace_share))

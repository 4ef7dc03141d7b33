"""The Faust app of a worker: agents, tables, crash policy (decisions 0001, 0004)."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

import faust
import mode
from aiokafka import TopicPartition
from faust.app.base import BootStrategy
from faust.types import TP

from app.settings import WorkerSettings
from app.shell.aside import WorkerAside
from app.shell.batch_path import RawSchema, SliceConsumer, SliceTransport, scheduler, slices
from app.shell.cancelling import GivenUpError, only_from_outside
from app.shell.garbage import set_apart_what_stays
from app.shell.gathering import Gathering
from app.shell.intake_agent import IntakeLoop
from app.shell.ownership import Ownership
from app.shell.recovery import BulkTableManager, StateTable
from app.shell.refusals_limit import RefusalsLimit
from app.shell.safe_clock import Cluster, SafeClock
from app.shell.standby import Standby
from app.shell.state_tables import PartitionState
from app.shell.telemetry_protocol import Telemetry
from app.shell.ticker import Ticker
from app.shell.transactions import PartitionWriter
from app.shell.writers import LogWriter
from app.stage import IntakeStage, KeyedStage
from app.topics import Topic

log = logging.getLogger(__name__)

_WATCH_SECONDS: Final = 1.0
_BUFFERED_SLICES: Final = 16
_REBALANCE_SECONDS: Final = 60.0
_POLL_INTERVAL_SECONDS: Final = 300.0


class _NoWeb(BootStrategy):
    """Faust's web server shows live state without a login; ours is another (`worker_web`)."""

    enable_web = False


class WorkerApp(faust.App):
    """One worker process: an agent per input topic and per keyed stage, over the batch path.

    Any failure of any task of ours stops the worker without acknowledging what it was at.
    """

    BootStrategy = _NoWeb

    def __init__(
        self,
        settings: WorkerSettings,
        connection: Mapping[str, Any],
        credentials: Any,
        *,
        inputs: Sequence[Topic],
        intake: IntakeStage,
        stages: Sequence[KeyedStage],
        telemetry: Telemetry,
    ) -> None:
        super().__init__(**_faust_settings(settings, str(connection["bootstrap_servers"]), credentials))
        self.settings = settings
        self.telemetry = telemetry
        self.connection = {"client_id": settings.application_id, **connection}
        self.transactional_topics = {self.wire_name(stage.log) for stage in stages}
        self.log_writer = LogWriter(self.connection, self.wire_name)
        self._facts = Gathering(self.log_writer.send)
        self.standby = self._new_standby(stages) if settings.standby else None
        self.ownership = Ownership(
            stages,
            wire_name=self.wire_name,
            new_writer=self._new_writer,
            connection=self.connection,
            data_clock=settings.clock == "data",
            slice_records=settings.slice_records,
            telemetry=telemetry,
            aside=WorkerAside(self.connection, self.wire_name, self._slice_consumer),
            standby=self.standby,
        )
        self.cluster = Cluster(self.connection, settings.application_id)
        self.clock = SafeClock(
            self.cluster,
            [self.wire_name(topic) for topic in inputs],
            [self.wire_name(stage.log) for stage in stages if stage.log is not Topic.JOURNEY_LOG],
            settings.clock_grace_ms,
            [self.wire_name(Topic.JOURNEY_LOG)] if any(stage.log is Topic.JOURNEY_LOG for stage in stages) else (),
        )
        self.logical = {self.wire_name(topic): topic for topic in (*inputs, *(stage.log for stage in stages))}
        self._tasks: set[asyncio.Task[None]] = set()
        self.failure: BaseException | None = None
        for topic in inputs:
            self._add_intake(topic, intake)
        for stage in stages:
            self._add_stage(stage)

    def wire_name(self, topic: Topic) -> str:
        """Return a topic's name on the cluster."""
        return self.settings.topic_prefix + topic

    def guard(self, work: Awaitable[None]) -> "asyncio.Task[None]":
        """Run in the background; a failure crashes the worker."""
        task = asyncio.ensure_future(self._guarded(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _guarded(self, work: Awaitable[None]) -> None:
        try:
            with only_from_outside():
                await work
        except GivenUpError as exc:
            # clients end what they are at when they are stopped
            if not self.should_stop:
                await self.crash(exc)
        except Exception as exc:  # noqa: BLE001 - the edge of every background task: the worker stops, nothing is lost
            await self.crash(exc)

    async def crash(self, reason: BaseException) -> None:
        """Stop the worker; the first reason is the one that counts, what follows from it is not told again."""
        if self.failure is None:
            self.failure = reason
            await super().crash(reason)

    async def start_beside(self) -> None:
        """Connect what works beside Faust: the writer of logs, the clock and its ticks, the watch."""
        if self.standby is not None:
            log.info("reading every partition back before joining")
            await self.standby.warm_up(self.telemetry.recovery)
        await self.log_writer.start()
        await self.cluster.start()
        await self.clock.start()
        if self.settings.clock == "live":
            ticker = Ticker(self.clock, lambda: self.ownership.loops, self.log_writer.send, self.telemetry)
            self.guard(ticker.run())
        self.guard(self._watch())

    async def stop_beside(self) -> None:
        """Disconnect; Faust must have been stopped before."""
        for task in self._tasks:
            task.cancel()
        await self.ownership.close()
        await self.cluster.stop()
        await self.log_writer.stop()

    async def drain(self) -> None:
        """Stop working, finish what is in flight; called when partitions are revoked or the worker stops."""
        self.telemetry.ready(is_ready=False)
        await self.ownership.drain()

    async def restore_states(self) -> None:
        """Take over the assigned partitions after a rebalance; called by our recovery."""
        assigned = self.consumer.assignment()
        self.telemetry.owns([(self.logical[tp.topic], tp.partition) for tp in assigned if tp.topic in self.logical])
        await self.ownership.take_over(assigned, self.consumer_generation_id, self.guard, self._finish)

    def on_restored(self) -> None:
        """Note that slices flow again; called by our recovery."""
        set_apart_what_stays()
        self.telemetry.ready(is_ready=True)
        log.info("working %d partitions", len(list(self.ownership.loops)))

    def resume_points(self) -> dict[TP, int]:
        """Return where to go on in logs that we kept."""
        return self.ownership.resume_points()

    def _new_transport(self) -> SliceTransport:
        return SliceTransport(self.conf.broker_consumer, self)

    def _new_writer(self, stage: KeyedStage, partition: int) -> PartitionWriter:
        settings = self.settings
        return PartitionWriter(
            self.connection,
            self.wire_name,
            stage,
            partition,
            settings.application_id,
            settings.session_timeout_ms,
        )

    def _new_standby(self, stages: Sequence[KeyedStage]) -> Standby:
        states = [PartitionState(stage, number) for stage in stages for number in range(self.settings.partitions)]
        places = {
            (state.stage.name, state.partition): TopicPartition(self.wire_name(state.stage.changelog), state.partition)
            for state in states
        }
        return Standby(self.connection, places, states)

    def _finish(self, message: Any, done: bool) -> None:
        self.consumer.finish(message, done=done)

    def _slice_consumer(self) -> SliceConsumer:
        return self.consumer  # type: ignore[no-any-return]

    def _add_intake(self, topic: Topic, intake: IntakeStage) -> None:
        loop = IntakeLoop(
            topic,
            intake,
            self._facts.send,
            telemetry=self.telemetry,
            finish=self._finish,
            guard=self.guard,
            limit=RefusalsLimit(
                0 if self.settings.clock == "data" else self.settings.dead_letters_per_minute, time.monotonic
            ),
            pause=lambda tp: self.consumer.pause_partitions({tp}),
        )
        self._add_agent(f"intake-{topic}", topic, loop.take)

    def _add_stage(self, stage: KeyedStage) -> None:
        changelog = self.topic(self.wire_name(stage.changelog), schema=RawSchema())
        table = StateTable(self, name=stage.name, changelog_topic=changelog, partitions=self.settings.partitions)
        self.tables.add(table)

        async def offer(message: Any, piece: Any) -> None:
            await self.ownership.loop(stage, message.partition).offer(message, piece)

        self._add_agent(stage.name, stage.log, offer)

    def _add_agent(self, name: str, topic: Topic, take: Callable[[Any, Any], Awaitable[None]]) -> None:
        async def work(stream: Any) -> None:
            try:
                async for message, piece in slices(stream, self._slice_consumer):
                    with only_from_outside():
                        await take(message, piece)
            except Exception as exc:
                await self.crash(exc)
                raise

        self.agent(self.topic(self.wire_name(topic), schema=RawSchema()), name=name)(work)

    async def _watch(self) -> None:
        told = None
        while True:
            self.ownership.observe()
            # only what is new: while the broker is away nobody knows, and silence says so
            if told is not self.clock.lags:
                told = self.clock.lags
                for tp, lag in told.items():
                    self.telemetry.consumer_lag(self.logical[tp.topic], tp.partition, lag)
            await asyncio.sleep(_WATCH_SECONDS)


def _faust_settings(settings: WorkerSettings, bootstrap: str, credentials: Any) -> dict[str, Any]:
    return {
        "id": settings.application_id,
        "broker": [f"aiokafka://{address.strip()}" for address in bootstrap.split(",")],
        "broker_credentials": credentials,
        "datadir": settings.state_dir / "faust",
        "autodiscover": False,
        "web_enabled": False,
        "topic_allow_declare": False,
        "topic_disable_leader": True,
        "processing_guarantee": "at_least_once",
        "table_standby_replicas": 0,
        "stream_wait_empty": True,
        "stream_buffer_maxsize": _BUFFERED_SLICES,
        "stream_recovery_delay": 0.0,
        "agent_supervisor": mode.CrashingSupervisor,
        "ConsumerScheduler": scheduler(settings.slice_records),
        "TableManager": BulkTableManager,
        "consumer_auto_offset_reset": "earliest",
        "consumer_max_fetch_size": settings.fetch_bytes,
        "consumer_group_instance_id": settings.instance_id,
        "broker_session_timeout": settings.session_timeout_ms / 1000,
        "broker_heartbeat_interval": settings.heartbeat_ms / 1000,
        "broker_rebalance_timeout": _REBALANCE_SECONDS,
        "broker_max_poll_interval": _POLL_INTERVAL_SECONDS,
        "broker_commit_interval": settings.commit_interval_ms / 1000,
    }

"""Following a namespace's outputs from their beginning, as they are committed, and knowing how far behind we are."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from app.clock import Instant
from app.emit.records import Emit
from app.errors import InvalidRecord, SetupError
from app.outputs import Output
from app.settings import KafkaSettings, WorkerSettings
from app.shell.consumer import Consumer
from app.shell.kafka_client import client_options, wait_for_broker
from app.shell.output_reader import codec_of
from app.shell.safe_clock import wall_clock
from app.shell.topics_admin import partition_counts
from app.topics import OUTPUTS, Topic

_log = structlog.get_logger("makegood.web")

_POLL_MS: Final = 100
_AT_ONCE: Final = 200
_FETCH_BYTES: Final = 512 * 1024
_BREATH: Final = 4
"""Records taken in before others on the event loop get their turn: each takes some 100 microseconds."""
_PROBE_SECONDS: Final = 0.5
_PROBE_LIMIT: Final = 5.0
_STEP_SECONDS: Final = 0.02


class Followed(NamedTuple):
    """One record of an output topic. `output` is None for a tombstone, and for what could not be read (`problem`)."""

    topic: Topic
    key: bytes | None
    value: bytes | None
    appended_at: Instant
    output: Output | None
    problem: str | None = None


class OutputFollower:
    """Reads every output of one namespace and hands each to `took`, in the order of its partition.

    `as_of` is the newest time at which everything committed until then had been handed on; None before the first.
    `run` ends only by being cancelled or by an error that waiting does not mend.
    """

    def __init__(self, kafka: KafkaSettings, worker: WorkerSettings, took: Callable[[Followed], None]) -> None:
        self._kafka = kafka
        self._worker = worker
        self._took = took
        self._emit = Emit(codec_of(worker))
        self._rounds = 0
        self.as_of: Instant | None = None

    async def run(self) -> None:
        """Follow for ever; SetupError when the topics are not there."""
        await wait_for_broker(self._kafka)
        places = await self._places()
        consumer = Consumer(
            **client_options(self._kafka),
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            fetch_max_wait_ms=_POLL_MS,
            # an answer is taken apart in one go, and the gate answers on the same event loop
            fetch_max_bytes=_FETCH_BYTES,
            max_partition_fetch_bytes=_FETCH_BYTES,
        )
        await consumer.start()
        try:
            consumer.assign(places)
            await consumer.seek_to_beginning(*places)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._read(consumer))
                tasks.create_task(self._probe(consumer, places))
        finally:
            await consumer.stop()

    async def _places(self) -> list[TopicPartition]:
        live = await partition_counts(self._kafka, self._worker)
        names = [self._worker.topic_prefix + topic for topic in OUTPUTS]
        if missing := [name for name in names if name not in live]:
            raise SetupError(
                f"no topic {', '.join(missing)} on the cluster at {self._kafka.bootstrap}: create the topics with "
                "`makegood topics apply`, let us read them with `makegood topics acls`, or mend "
                "MAKEGOOD_TOPIC_PREFIX and MAKEGOOD_SITE_NAMESPACES"
            )
        return [TopicPartition(name, number) for name in names for number in range(live[name])]

    async def _read(self, consumer: Consumer) -> None:
        while True:
            for place, records in (await consumer.getmany(timeout_ms=_POLL_MS, max_records=_AT_ONCE)).items():
                topic = Topic(place.topic.removeprefix(self._worker.topic_prefix))
                for start in range(0, len(records), _BREATH):
                    self._hand_on(topic, records[start : start + _BREATH])
                    await asyncio.sleep(0)
            self._rounds += 1

    def _hand_on(self, topic: Topic, records: Sequence[object]) -> None:
        for record in records:
            key, value = record.key, record.value  # type: ignore[attr-defined]  # the client ships no types
            output, problem = None, None
            try:
                output = self._emit.decode(topic, value)
            except InvalidRecord as error:
                # a newer writer's record must not hide all others: it is told, and its customer counts as unknown
                problem = str(error)
                _log.error("unreadable_output", topic=topic, reason=error.reason, detail=problem)
            appended = Instant(record.timestamp)  # type: ignore[attr-defined]
            self._took(Followed(topic, key, value, appended, output, problem))

    async def _probe(self, consumer: Consumer, places: list[TopicPartition]) -> None:
        """Ask where the topics end; once we have read up to there, we are as fresh as the question."""
        while True:
            asked = wall_clock()
            try:
                ends = await asyncio.wait_for(consumer.end_offsets(places), _PROBE_LIMIT)
                await self._reached(consumer, ends)
                self.as_of = asked
            except (KafkaError, TimeoutError, OSError) as error:
                _log.warning("cannot_see_the_end", reason=str(error) or type(error).__name__)
            await asyncio.sleep(_PROBE_SECONDS)

    async def _reached(self, consumer: Consumer, ends: dict[TopicPartition, int]) -> None:
        for place, end in ends.items():
            while await consumer.position(place) < end:  # noqa: ASYNC110 - the client tells nobody when it moves
                await asyncio.sleep(_STEP_SECONDS)
        fetched = self._rounds
        while self._rounds == fetched:  # noqa: ASYNC110 - what was fetched last is still being handed on
            await asyncio.sleep(_STEP_SECONDS)

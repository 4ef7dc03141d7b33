"""`makegood sinks`: each tool has a consumer group of its own, so that one that is down delays only itself."""

import asyncio
import time
from collections.abc import Iterable, Sequence
from pathlib import PurePath
from traceback import extract_tb
from typing import Final

import structlog
from aiokafka import ConsumerRecord
from aiokafka.errors import CommitFailedError, IllegalStateError

from app.clock import SECOND
from app.emit.records import Emit
from app.errors import InvalidRecord, SetupError
from app.ids import CustomerId
from app.outputs import Suppression
from app.settings import KafkaSettings, SinkSettings, WorkerSettings
from app.shell.consumer import Consumer
from app.shell.kafka_client import client_options, wait_for_broker
from app.shell.output_reader import codec_of
from app.shell.sink_http import transport
from app.shell.sink_metrics import UNADDRESSED, UNREADABLE, SinkMetrics, served
from app.shell.topics_admin import partition_counts
from app.sinks.chosen import vendors
from app.sinks.courier import Courier, Told, Vendor
from app.sinks.pace import Time
from app.sinks.wanted import Wanted, forgotten, wanted
from app.topics import Topic

_log = structlog.get_logger("makegood.sinks")

_POLL_MS: Final = 500
_LONGEST_WAIT_MS: Final = 24 * 3600 * 1000
"""A tool may be away for a day without its consumer losing the partitions it waits with."""

TIME: Final = Time(time.monotonic, time.time, asyncio.sleep)


async def run_sinks(
    settings: SinkSettings, kafka: KafkaSettings, worker: WorkerSettings, names: Sequence[str] = ()
) -> None:
    """Carry holds until cancelled, into the tools named or all that have keys.

    A sink that fails is told and begins again where it last committed; the others go on. SetupError when there is no
    tool, no topic or no broker.
    """
    await wait_for_broker(kafka)
    topic = worker.topic_prefix + Topic.SUPPRESSIONS
    if topic not in await partition_counts(kafka, worker):
        raise SetupError(
            f"no topic {topic}: create the topics with `makegood topics apply`, let us read it with `topics acls`"
        )
    async with transport(settings.timeout_s) as send:
        chosen = _chosen(vendors(settings, send, TIME), names)
        metrics = SinkMetrics()
        async with served(metrics, settings.host, settings.port):
            sinks = [Sink(vendor, settings, kafka, worker, metrics) for vendor in chosen]
            await asyncio.gather(*(_for_ever(sink, metrics, settings.longest_pause_s) for sink in sinks))


def _chosen(found: Sequence[Vendor], names: Sequence[str]) -> list[Vendor]:
    known = {vendor.name: vendor for vendor in found}
    if missing := [name for name in names if name not in known]:
        raise SetupError(f"no key for {', '.join(missing)}: see docs/adapters.md for the settings of each tool")
    if not known:
        raise SetupError("no marketing tool has a key yet: see docs/adapters.md for the settings of each tool")
    return [known[name] for name in names] if names else list(known.values())


async def _for_ever(sink: "Sink", metrics: SinkMetrics, pause_s: float) -> None:
    metrics.begin(sink.name, TIME.wall())
    while True:
        try:
            await sink.run()
        except Exception as error:  # noqa: BLE001 - an edge: whatever it is, the other tools must not wait for it
            metrics.failed(sink.name)
            # its text may hold what a tool answered, and that may hold a person
            _log.error("sink_failed", sink=sink.name, error=type(error).__name__, at=_place(error), again_in_s=pause_s)
        await asyncio.sleep(pause_s)


def _place(error: Exception) -> str:
    frame = extract_tb(error.__traceback__)[-1]
    return f"{PurePath(frame.filename).name}:{frame.lineno}"


class Sink:
    """One tool's consumer. Offsets are committed once a batch is delivered: at least once, memory for one batch."""

    def __init__(
        self,
        vendor: Vendor,
        settings: SinkSettings,
        kafka: KafkaSettings,
        worker: WorkerSettings,
        metrics: SinkMetrics,
    ) -> None:
        self.name = vendor.name
        self._settings = settings
        self._kafka = kafka
        self._worker = worker
        self._emit = Emit(codec_of(worker))
        self._metrics = metrics
        self._courier = Courier(vendor, settings, TIME, self._tell)

    async def run(self) -> None:
        """Deliver until cancelled."""
        consumer = Consumer(
            self._worker.topic_prefix + Topic.SUPPRESSIONS,
            **client_options(self._kafka),
            group_id=f"{self._worker.topic_prefix}{self._worker.application_id}-sink-{self.name}",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            max_poll_interval_ms=_LONGEST_WAIT_MS,
        )
        await consumer.start()
        try:
            while True:
                await self._round(consumer)
        finally:
            await consumer.stop()

    async def _round(self, consumer: Consumer) -> None:
        fetched = await consumer.getmany(timeout_ms=_POLL_MS, max_records=self._settings.records)
        if not fetched:
            self._metrics.delivered_to(self.name, TIME.wall())
            return
        batch = [each for records in fetched.values() for each in self._wanted(records)]
        oldest = min(record.timestamp for records in fetched.values() for record in records)
        if batch:
            done = await self._courier.deliver(batch)
            self._metrics.delivered(self.name, done, max(TIME.wall() - oldest / SECOND, 0.0))
            _log.info("delivered", sink=self.name, **done._asdict())
        self._metrics.delivered_to(self.name, oldest / SECOND)
        try:
            await consumer.commit({place: records[-1].offset + 1 for place, records in fetched.items()})
        except (CommitFailedError, IllegalStateError) as error:
            # the partition is another's by now, who delivers it again: the same record writes the same thing
            _log.warning("delivered_again_elsewhere", sink=self.name, error=type(error).__name__)

    def _wanted(self, records: Iterable[ConsumerRecord]) -> Iterable[Wanted]:
        for record in records:
            found = self._read(record)
            if found is not None:
                yield found

    def _tell(self, told: Told) -> None:
        self._metrics.told(told)
        _log.warning("sink_" + told.what, sink=told.vendor, why=told.why, suppression=told.suppression)

    def _read(self, record: ConsumerRecord) -> Wanted | None:
        """Return what a record wants; one that cannot be read or addressed is told, for it is a hold not carried."""
        where = {"sink": self.name, "partition": record.partition, "offset": record.offset}
        try:
            said = self._emit.decode(Topic.SUPPRESSIONS, record.value)
        except InvalidRecord as error:
            self._metrics.not_carried(self.name, UNREADABLE)
            _log.error("unreadable_suppression", reason=error.reason, detail=error.detail, **where)
            return None
        address = self._settings.address
        if said is None:
            return forgotten(CustomerId((record.key or b"").decode()), address)
        assert isinstance(said, Suppression)
        found = wanted(said, address)
        if found is None:
            self._metrics.not_carried(self.name, UNADDRESSED)
            _log.warning("nobody_to_address", suppression=said.id, needs=address, **where)
        return found

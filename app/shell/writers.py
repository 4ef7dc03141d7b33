"""Writing records in bulk: one acknowledgement per batch and partition instead of one future per record."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import count, zip_longest
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka.producer import sender
from aiokafka.structs import RecordMetadata

from app.errors import MakegoodError
from app.shell.batch_writing import BatchToWrite
from app.shell.batching import by_place, topics_of
from app.shell.safe_clock import wall_clock
from app.stage import OutRecord
from app.topics import Topic

WireName = Callable[[Topic], str]
"""Topic to its name on the cluster, the namespace's prefix included."""

BATCH_BYTES: Final = 512 * 1024
REQUEST_BYTES: Final = 1_000_000
"""Kafka refuses batches above 1,048,588 bytes unless the topic says otherwise."""

sender.BACKOFF_OVERRIDE = 0.003
"""Seconds after which a transaction asks again that begins before the last one's markers are written: they take a few
milliseconds, and the client would wait for 20."""


class OversizedRecordError(MakegoodError):
    """A record of ours that the broker would refuse."""


def new_producer(connection: Mapping[str, Any], **more: Any) -> AIOKafkaProducer:
    """Return an idempotent producer with batches of up to half a megabyte; it must be started."""
    return AIOKafkaProducer(
        **connection, enable_idempotence=True, max_batch_size=BATCH_BYTES, max_request_size=REQUEST_BYTES, **more
    )


class BulkWriter:
    """Sorts records into batches per topic and partition and sends them, each partition's in the order given."""

    def __init__(
        self,
        producer: AIOKafkaProducer,
        wire_name: WireName,
        *,
        transactional: bool = False,
        batch_bytes: int = BATCH_BYTES,
    ) -> None:
        self._producer = producer
        self._wire_name = wire_name
        self._transactional = transactional
        self._batch_bytes = batch_bytes
        self._turns = count()

    async def send(self, records: Collection[OutRecord]) -> list[asyncio.Future[RecordMetadata]]:
        """Hand the records to the producer; they are written when all the futures returned are done."""
        topics = topics_of(records)
        self._keep_known(topics)
        groups = by_place(records, await self._partitions(topics), self._turns)
        sent = []
        # each partition's first batch, then each one's second: a transaction learns all its partitions at once
        for batches in zip_longest(*(self._batches(group) for group in groups.values())):
            for (topic, partition), batch in zip(groups, batches, strict=True):
                if batch is not None:
                    name = self._wire_name(topic)
                    sent.append(await self._producer.send_batch(batch, name, partition=partition))
        return sent

    def _keep_known(self, topics: Iterable[Topic]) -> None:
        """Let the client go on asking where these topics' leaders are.

        It asks about all topics there are until one is named that it has not heard of, then about that one alone: it
        forgets the others' leaders, and what it was to write to them waits, without a word, until it is too old.
        """
        for topic in topics:
            self._producer.client.add_topic(self._wire_name(topic))

    async def _partitions(self, topics: Iterable[Topic]) -> Mapping[Topic, int]:
        return {topic: len(await self._producer.partitions_for(self._wire_name(topic))) for topic in topics}

    def _batches(self, records: Sequence[OutRecord]) -> list[BatchToWrite]:
        """Return batches of one partition."""
        batches: list[BatchToWrite] = []
        at, start = wall_clock(), 0
        while start < len(records):
            batch = BatchToWrite(self._batch_bytes, at, transactional=self._transactional)
            start = batch.fill(records, start)
            # only a batch's first record is taken whatever its size
            if batch.size() > REQUEST_BYTES:
                raise OversizedRecordError(
                    f"a record for {records[0].topic} has {batch.size()} bytes; the broker takes {REQUEST_BYTES}"
                )
            batches.append(batch)
        return batches


class LogWriter:
    """The worker's plain writer: intake's facts and dead letters, and ticks; at least once, in order."""

    def __init__(self, connection: Mapping[str, Any], wire_name: WireName) -> None:
        self._connection = connection
        self._wire_name = wire_name
        self._producer: AIOKafkaProducer | None = None
        self._writer: BulkWriter | None = None

    async def start(self) -> None:
        """Connect."""
        self._producer = new_producer(self._connection)
        await self._producer.start()
        self._writer = BulkWriter(self._producer, self._wire_name)

    async def stop(self) -> None:
        """Send what is left and disconnect."""
        if self._producer is not None:
            await self._producer.stop()

    async def send(self, records: Collection[OutRecord]) -> list[asyncio.Future[RecordMetadata]]:
        """Hand records to the producer, which keeps their order; done when all the futures returned are."""
        assert self._writer is not None, "start the writer first"
        return await self._writer.send(records)

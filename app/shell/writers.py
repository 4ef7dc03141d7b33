"""Writing records in bulk: one acknowledgement per batch and partition instead of one future per record."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import zip_longest
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka.partitioner import murmur2
from aiokafka.structs import RecordMetadata

from app.errors import MakegoodError
from app.stage import OutRecord
from app.topics import Topic

WireName = Callable[[Topic], str]
"""Topic to its name on the cluster, the namespace's prefix included."""

BATCH_BYTES: Final = 512 * 1024
REQUEST_BYTES: Final = 1_000_000
"""Kafka refuses batches above 1,048,588 bytes unless the topic says otherwise."""
_POSITIVE: Final = 0x7FFFFFFF
_NO_HEADERS: Final[list[tuple[str, bytes]]] = []


class OversizedRecordError(MakegoodError):
    """A record of ours that the broker would refuse."""


@lru_cache(maxsize=100_000)
def partition_of(key: bytes, partitions: int) -> int:
    """Return the partition of a key, as every Kafka client computes it (murmur2)."""
    return int((murmur2(key) & _POSITIVE) % partitions)


def new_producer(connection: Mapping[str, Any], **more: Any) -> AIOKafkaProducer:
    """Return an idempotent producer with batches of up to half a megabyte; it must be started."""
    return AIOKafkaProducer(
        **connection, enable_idempotence=True, max_batch_size=BATCH_BYTES, max_request_size=REQUEST_BYTES, **more
    )


class BulkWriter:
    """Sorts records into batches per topic and partition and sends them, each partition's in the order given."""

    def __init__(self, producer: AIOKafkaProducer, wire_name: WireName) -> None:
        self._producer = producer
        self._wire_name = wire_name
        self._spread = 0

    async def send(self, records: Iterable[OutRecord]) -> list[asyncio.Future[RecordMetadata]]:
        """Hand the records to the producer; they are written when all the futures returned are done."""
        by_place: dict[tuple[Topic, int], list[OutRecord]] = {}
        counts: dict[Topic, int] = {}
        for record in records:
            topic, partition = record.topic, record.partition
            if partition is None:
                if topic not in counts:
                    counts[topic] = len(await self._producer.partitions_for(self._wire_name(topic)))
                partition = self._partition(record, counts[topic])
            place = (topic, partition)
            if place in by_place:
                by_place[place].append(record)
            else:
                by_place[place] = [record]
        sent = []
        # each partition's first batch, then each one's second: a transaction learns all its partitions at once
        for batches in zip_longest(*(self._batches(group) for group in by_place.values())):
            for (topic, partition), batch in zip(by_place, batches, strict=True):
                if batch is not None:
                    name = self._wire_name(topic)
                    sent.append(await self._producer.send_batch(batch, name, partition=partition))
        return sent

    def _partition(self, record: OutRecord, partitions: int) -> int:
        if record.key is None:
            self._spread += 1
            return self._spread % partitions
        return partition_of(record.key, partitions)

    def _batches(self, records: Sequence[OutRecord]) -> list[Any]:
        batches: list[Any] = []
        append = None
        for _, key, value, headers, _ in records:
            fields = list(headers) if headers else _NO_HEADERS
            if append is None or append(key=key, value=value, timestamp=None, headers=fields) is None:
                batch = self._producer.create_batch()
                batches.append(batch)
                append = batch.append
                append(key=key, value=value, timestamp=None, headers=fields)
                # only a batch's first record is taken whatever its size
                if batch.size() > REQUEST_BYTES:
                    raise OversizedRecordError(
                        f"a record for {records[0].topic} has {batch.size()} bytes; the broker takes {REQUEST_BYTES}"
                    )
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

    async def send(self, records: Iterable[OutRecord]) -> list[asyncio.Future[RecordMetadata]]:
        """Hand records to the producer, which keeps their order; done when all the futures returned are."""
        assert self._writer is not None, "start the writer first"
        return await self._writer.send(records)

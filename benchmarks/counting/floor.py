"""The floor: Kafka's Python client alone. Each record read is answered with one of a count's size; nothing is counted.

Fetches whole batches, writes whole batches, partitions side by side, and reads on while it writes. Exactly once: one
transaction for each partition's batch, offsets in it. At least once: an idempotent producer, offsets after it.
"""

import asyncio
import signal
from collections.abc import Sequence
from typing import Any, Final

import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from benchmarks.counting.task import Task

_BATCH_BYTES: Final = 512 * 1024
_FETCH_BYTES: Final = 4 * 1024 * 1024
_POLL_MS: Final = 200
_COMMIT_SECONDS: Final = 0.5
_ANSWER: Final = bytes(8)


class Writer:
    """Answers the records of one partition, in order."""

    def __init__(self, task: Task, source: TopicPartition) -> None:
        self._task = task
        self._source = source
        self._transactional = task.guarantee == "exactly_once"
        transaction: dict[str, Any] = (
            {"transactional_id": f"{task.group}.{source.partition}"} if self._transactional else {}
        )
        self.producer = AIOKafkaProducer(
            bootstrap_servers=task.bootstrap, enable_idempotence=True, max_batch_size=_BATCH_BYTES, **transaction
        )

    async def answer(self, records: Sequence[Any]) -> TopicPartition:
        """Write an answer to each that has a key; with transactions, commit the offsets too. Returns the partition.

        Ticks have none: Makegood writes them to the log that is everybody's input, and a compacted topic takes none.
        """
        if self._transactional:
            await self.producer.begin_transaction()
        batches = [self.producer.create_batch()]
        for record in (each for each in records if each.key is not None):
            if batches[-1].append(key=record.key, value=_ANSWER, timestamp=None) is None:
                batches.append(self.producer.create_batch())
                batches[-1].append(key=record.key, value=_ANSWER, timestamp=None)
        place = {"topic": self._task.changelog, "partition": self._source.partition}
        filled = [batch for batch in batches if batch.record_count()]
        await asyncio.gather(*[await self.producer.send_batch(batch, **place) for batch in filled])
        if self._transactional:
            ends = {self._source: records[-1].offset + 1}
            await self.producer.send_offsets_to_transaction(ends, self._task.group)
            await self.producer.commit_transaction()
        return self._source


async def _copy(task: Task) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    partitions = [TopicPartition(task.input, number) for number in range(task.partitions)]
    consumer = AIOKafkaConsumer(
        bootstrap_servers=task.bootstrap,
        group_id=task.group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        max_partition_fetch_bytes=_FETCH_BYTES,
    )
    writers = {partition: Writer(task, partition) for partition in partitions}
    await consumer.start()
    consumer.assign(partitions)
    await asyncio.gather(*(writer.producer.start() for writer in writers.values()))
    try:
        await _read(task, consumer, writers, stop)
    finally:
        await asyncio.gather(*(writer.producer.stop() for writer in writers.values()))
        await consumer.stop()


async def _read(
    task: Task, consumer: AIOKafkaConsumer, writers: dict[TopicPartition, Writer], stop: asyncio.Event
) -> None:
    """Fetch for every partition that is not writing; a partition has one batch in flight at a time."""
    writing: dict[TopicPartition, asyncio.Task[TopicPartition]] = {}
    done: dict[TopicPartition, int] = {}
    loop = asyncio.get_running_loop()
    committed_at = loop.time()
    while not stop.is_set():
        for partition, task_ in list(writing.items()):
            if task_.done():
                await writing.pop(partition)
        idle = [partition for partition in writers if partition not in writing]
        if not idle:
            await asyncio.wait(writing.values(), return_when=asyncio.FIRST_COMPLETED)
            continue
        for partition, records in (await consumer.getmany(*idle, timeout_ms=0 if writing else _POLL_MS)).items():
            writing[partition] = asyncio.create_task(writers[partition].answer(records))
            done[partition] = records[-1].offset + 1
        if writing:
            await asyncio.wait(writing.values(), return_when=asyncio.FIRST_COMPLETED)
        if done and task.guarantee == "at_least_once" and loop.time() - committed_at > _COMMIT_SECONDS:
            await asyncio.gather(*writing.values())
            await consumer.commit(done)
            committed_at = loop.time()
    await asyncio.gather(*writing.values())
    if task.guarantee == "at_least_once" and done:
        await consumer.commit(done)


def main() -> None:
    """Copy until SIGTERM."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_copy(Task.from_environment()))


if __name__ == "__main__":
    main()

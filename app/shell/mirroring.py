"""A namespace copied to another cluster, byte for byte, with the group's place in it: a backup, and its restoring."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

from aiokafka import ConsumerRecord, TopicPartition

from app.errors import SetupError
from app.settings import KafkaSettings, WorkerSettings
from app.shell.consumer import Consumer
from app.shell.kafka_client import client_options, wait_for_broker
from app.shell.log_places import GroupPlaces, without_place
from app.shell.topics_admin import apply_topics, partition_counts
from app.shell.writers import LogWriter
from app.stage import OutRecord
from app.topics import Topic

_PATIENCE_SECONDS: Final = 30.0
_POLL_MS: Final = 500


async def mirror(source: KafkaSettings, target: KafkaSettings, worker: WorkerSettings) -> dict[Topic, int]:
    """Copy every topic's committed records to an empty namespace and set the group's offsets there; count the records.

    The workers of both must be stopped: state, outputs and place in the log are one only then. Offsets differ between
    the clusters (markers of transactions and what compaction took are not copied), so each is counted anew.
    SetupError when the target holds records already, or a cluster does not answer.
    """
    for kafka in (source, target):
        await wait_for_broker(kafka, limit=_PATIENCE_SECONDS)
    places = await _places(source, worker)
    async with GroupPlaces(source, worker) as group:
        committed = await group.now()
    await apply_topics(target, worker)
    await _require_empty(target, list(places))
    copied: dict[Topic, int] = {}
    resume: dict[TopicPartition, int] = {}
    writer = LogWriter(client_options(target), lambda topic: worker.topic_prefix + topic)
    await writer.start()
    try:
        for place, topic in places.items():
            copy = _Copy(topic, place, committed.get(place))
            await copy.run(source, writer)
            copied[topic] = copied.get(topic, 0) + copy.records
            if copy.resume_at is not None:
                resume[place] = copy.resume_at
    finally:
        await writer.stop()
    await _commit(target, worker, resume)
    return copied


class _Copy:
    """One partition on its way; `resume_at` is where the group goes on in the copy."""

    def __init__(self, topic: Topic, place: TopicPartition, committed: int | None) -> None:
        self.records = 0
        self.resume_at = None if committed is None else 0
        self._topic = topic
        self._place = place
        self._committed = committed or 0

    async def run(self, source: KafkaSettings, writer: LogWriter) -> None:
        reader = Consumer(**client_options(source), enable_auto_commit=False, isolation_level="read_committed")
        await reader.start()
        try:
            place = self._place
            reader.assign([place])
            reader.seek(place, (await reader.beginning_offsets([place]))[place])
            end = (await reader.end_offsets([place]))[place]
            while await reader.position(place) < end:
                found = (await reader.getmany(place, timeout_ms=_POLL_MS)).get(place, ())
                await self._write([record for record in found if record.offset < end], writer)
        finally:
            await reader.stop()

    async def _write(self, found: Sequence[ConsumerRecord], writer: LogWriter) -> None:
        records = [
            OutRecord(self._topic, record.key, record.value, without_place(record.headers), self._place.partition)
            for record in found
        ]
        await asyncio.gather(*await writer.send(records))
        self.records += len(found)
        if self.resume_at is not None:
            self.resume_at += sum(record.offset < self._committed for record in found)


async def _places(kafka: KafkaSettings, worker: WorkerSettings) -> dict[TopicPartition, Topic]:
    counts = await partition_counts(kafka, worker)
    return {
        TopicPartition(worker.topic_prefix + topic, number): topic
        for topic in Topic
        for number in range(counts.get(worker.topic_prefix + topic, 0))
    }


async def _require_empty(kafka: KafkaSettings, places: list[TopicPartition]) -> None:
    reader = Consumer(**client_options(kafka), enable_auto_commit=False)
    await reader.start()
    try:
        full = [place for place, end in (await reader.end_offsets(places)).items() if end]
    finally:
        await reader.stop()
    if full:
        raise SetupError(f"{full[0].topic} on {kafka.bootstrap} holds records already: mirror into an empty namespace")


async def _commit(kafka: KafkaSettings, worker: WorkerSettings, resume: Mapping[TopicPartition, int]) -> None:
    member = Consumer(**client_options(kafka), group_id=worker.application_id, enable_auto_commit=False)
    await member.start()
    try:
        member.assign(list(resume))
        await member.commit(dict(resume))
    finally:
        await member.stop()

"""Which place of the log states stand for, as a snapshot finds it on a real broker: exact, or none."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from msgspec import structs

from app.clock import Instant
from app.errors import SetupError
from app.settings import KafkaSettings, WorkerSettings
from app.shell import snapshots
from app.shell.breaking import BROKE
from app.shell.kafka_client import client_options
from app.shell.log_places import Worked, headers_of
from app.shell.snapshots import SnapshotReader, States
from app.shell.topics_admin import apply_topics, delete_namespace
from app.shell.transactions import PartitionWriter
from app.shell.writers import LogWriter
from app.stage import Effects, OutRecord
from app.topics import Topic
from tests.support.counting_stage import CountingStage

pytestmark = pytest.mark.expects_error_log("NotLeaderForPartitionError", "GroupCoordinatorNotAvailableError")

LOG = Topic.JOURNEY_LOG


class Place:
    """One partition's log, written by hand, and a worker's writer of it."""

    def __init__(self, kafka: KafkaSettings, worker: WorkerSettings, number: int) -> None:
        self.kafka = kafka
        self.worker = worker
        self.number = number
        self.log = TopicPartition(self.wire_name(LOG), number)

    def wire_name(self, topic: Topic) -> str:
        return self.worker.topic_prefix + topic

    async def grow(self, records: int) -> None:
        await self._write([OutRecord(LOG, b"c", b"e", (), self.number)] * records)

    async def changelog(self, *records: OutRecord) -> None:
        await self._write(
            [structs.replace(each, topic=Topic.JOURNEY_CHANGELOG, partition=self.number) for each in records]
        )

    async def _write(self, records: list[OutRecord]) -> None:
        writer = LogWriter(client_options(self.kafka), self.wire_name)
        await writer.start()
        await asyncio.gather(*await writer.send(records))
        await writer.stop()

    @asynccontextmanager
    async def writer(self) -> AsyncIterator[PartitionWriter]:
        group, connection = self.worker.application_id, client_options(self.kafka)
        writer = PartitionWriter(connection, self.wire_name, CountingStage(), self.number, group, 8_000)
        await writer.start()
        try:
            yield writer
        finally:
            await writer.stop()

    async def states(self) -> States:
        async with SnapshotReader(self.kafka, self.worker) as reader:
            return await reader.states(LOG, self.number)

    async def group_goes_to(self, offset: int) -> None:
        member = AIOKafkaConsumer(
            **client_options(self.kafka), group_id=self.worker.application_id, enable_auto_commit=False
        )
        await member.start()
        try:
            member.assign([self.log])
            await member.commit({self.log: offset})
        finally:
            await member.stop()

    async def retention_takes(self, before: int) -> None:
        admin = AIOKafkaAdminClient(**client_options(self.kafka))
        await admin.start()
        await admin.delete_records({self.log: RecordsToDelete(before_offset=before)})
        await admin.close()


@pytest.fixture(scope="module")
def namespace(kafka_settings: KafkaSettings) -> Iterator[Callable[[], Place]]:
    """A partition that nobody has touched, each time: to make topics takes longer than all else here."""
    name = f"places-{secrets.token_hex(4)}"
    worker = WorkerSettings(topic_prefix=f"{name}.", application_id=name, partitions=9, input_partitions=1)
    asyncio.run(apply_topics(kafka_settings, worker))
    # the group is there, wherever else it has been
    asyncio.run(Place(kafka_settings, worker, 0).group_goes_to(0))
    numbers = iter(range(1, worker.partitions))
    yield lambda: Place(kafka_settings, worker, next(numbers))
    asyncio.run(delete_namespace(kafka_settings, worker.topic_prefix))


@pytest.fixture
def place(namespace: Callable[[], Place]) -> Place:
    return namespace()


def changed(**states: bytes | None) -> Effects:
    changes = {key.encode(): value for key, value in states.items()}
    return Effects([], changes, dict.fromkeys(changes))


def played(scenario: Callable[[], Coroutine[Any, Any, States]]) -> States:
    return asyncio.run(asyncio.wait_for(scenario(), 60))


def test_the_place_is_that_of_the_last_whole_transaction(place: Place) -> None:
    async def scenario() -> States:
        await place.grow(9)
        async with place.writer() as writer:
            await writer.commit(changed(a=b"1", b=b"1"), 2, Instant(70))
            await writer.commit(changed(a=b"2", b=None), 5, Instant(90))
            await writer.commit(Effects([], {BROKE: b"what broke"}, {BROKE: None}), 5, Instant(90))
        return await place.states()

    assert played(scenario) == States(Worked(5, Instant(90)), {b"a": b"2"})


def test_what_changed_no_state_is_worked_again_as_long_as_its_log_is_there(place: Place) -> None:
    async def scenario() -> States:
        await place.grow(9)
        async with place.writer() as writer:
            await writer.commit(changed(a=b"1"), 2, Instant(70))
            await writer.commit(Effects([], {}, {}), 6, Instant(90))
        before = await place.states()
        assert before.worked == Worked(2, Instant(70))
        await place.retention_takes(before=4)
        return await place.states()

    assert played(scenario) == States(Worked(6, Instant(70)), {b"a": b"1"})


def test_a_transaction_that_is_open_is_waited_for_and_counts_whole_or_not_at_all(place: Place) -> None:
    async def scenario() -> States:
        await place.grow(9)
        async with place.writer() as writer:
            await writer.commit(changed(a=b"1"), 2)
            await writer._producer.begin_transaction()
            changes = writer._changes(changed(a=b"2", b=b"2"), Worked(7, Instant(80)))
            await asyncio.gather(*await writer._writer.send(changes))
            reading = asyncio.ensure_future(place.states())
            done, _ = await asyncio.wait([reading], timeout=2)
            assert not done, "it cannot be known yet whether the transaction will have been"
            await writer._producer.abort_transaction()
            return await reading

    assert played(scenario) == States(Worked(2, Instant(0)), {b"a": b"1"})


def test_a_place_behind_which_no_record_stands_moves_to_the_end(place: Place) -> None:
    async def scenario() -> States:
        await place.grow(3)
        async with place.writer() as writer:
            # what is said to its own log ends with a mark that is no record
            said = [OutRecord(LOG, b"c", b"said", (), place.number)]
            await writer.commit(changed(a=b"1")._replace(outputs=said), 4)
        return await place.states()

    states = played(scenario)
    assert states.worked.offset == 5
    assert states.table == {b"a": b"1"}


def test_without_a_place_that_of_a_group_at_rest_is_taken(place: Place) -> None:
    async def scenario() -> States:
        await place.grow(9)
        await place.changelog(OutRecord(LOG, b"a", b"1"), OutRecord(LOG, b"b", b"1"))
        await place.group_goes_to(3)
        return await place.states()

    assert played(scenario) == States(Worked(3, Instant(0)), {b"a": b"1", b"b": b"1"})


def test_without_a_place_nothing_is_taken_while_somebody_writes(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    still = SnapshotReader._require_still

    async def meanwhile(reader: SnapshotReader, *arguments: Any) -> None:
        await place.changelog(OutRecord(LOG, b"b", b"2"))
        await still(reader, *arguments)

    async def scenario() -> States:
        await place.grow(9)
        await place.changelog(OutRecord(LOG, b"a", b"1"))
        await place.group_goes_to(3)
        return await place.states()

    monkeypatch.setattr(SnapshotReader, "_require_still", meanwhile)
    with pytest.raises(SetupError, match="does not say yet which place"):
        played(scenario)


def test_a_copy_with_the_numbers_of_another_cluster_is_refused(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "_BROKER_SECONDS", 1.0)

    async def scenario() -> States:
        await place.grow(9)
        await place.changelog(OutRecord(LOG, b"a", b"1", headers_of(Worked(700, Instant(1)))))
        await place.group_goes_to(3)
        return await place.states()

    with pytest.raises(SetupError, match="Is it a copy with the numbers of another cluster"):
        played(scenario)


def test_states_of_a_group_that_has_committed_nothing_there_have_no_place(place: Place) -> None:
    async def scenario() -> States:
        await place.changelog(OutRecord(LOG, b"a", b"1"))
        return await place.states()

    with pytest.raises(SetupError, match="MAKEGOOD_APPLICATION_ID"):
        played(scenario)

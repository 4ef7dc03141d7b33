"""Changelogs are read back in whole batches: what was given up is left out, however the rows lie in their batches."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition

from app.shell.state_tables import PartitionState, restore
from app.topics import Topic
from tests.kafka.counting_cluster import CountingCluster, counting_cluster
from tests.support.counting_stage import CountingStage, encode

pytestmark = pytest.mark.expects_error_log("NotLeaderForPartitionError")  # of topics just made

FIRST, SECOND, NEVER = encode(1, 0), encode(2, 0), encode(99, 0)


@pytest.fixture
def cluster(kafka_bootstrap: str, topic_prefix: str, tmp_path: Path) -> Iterator[CountingCluster]:
    with counting_cluster(kafka_bootstrap, topic_prefix, tmp_path) as made:
        yield made


class Changelog:
    """Partition 0 of the counting stage's changelog, written and read by hand."""

    def __init__(self, cluster: CountingCluster) -> None:
        self._cluster = cluster
        self.place = TopicPartition(cluster.prefix + Topic.JOURNEY_CHANGELOG, 0)

    @asynccontextmanager
    async def writing(self, **options: Any) -> AsyncIterator[AIOKafkaProducer]:
        producer = AIOKafkaProducer(bootstrap_servers=self._cluster.bootstrap, linger_ms=50, **options)
        await producer.start()
        try:
            yield producer
        finally:
            await producer.stop()

    async def write(self, producer: AIOKafkaProducer, rows: list[tuple[bytes | None, bytes | None]]) -> None:
        sent = [await producer.send(self.place.topic, value, key, partition=0) for key, value in rows]
        await asyncio.gather(*sent)

    async def restored(self, read_to: int = 0) -> PartitionState:
        state = PartitionState(CountingStage(), 0)
        state.read_to = read_to
        told: list[tuple[str, int, int, int]] = []
        connection = {"bootstrap_servers": self._cluster.bootstrap}
        await restore(connection, {self.place: state}, lambda *progress: told.append(progress))
        assert told[-1][3] == 0
        return state


@pytest.fixture
def changelog(cluster: CountingCluster) -> Changelog:
    return Changelog(cluster)


def test_rows_of_transactions_given_up_are_left_out_between_those_that_count(changelog: Changelog) -> None:
    async def scenario() -> PartitionState:
        async with (
            changelog.writing(transactional_id=f"{changelog.place.topic}-one") as one,
            changelog.writing(transactional_id=f"{changelog.place.topic}-two") as two,
        ):
            for number in range(4):
                async with one.transaction():
                    await changelog.write(one, [(b"a", encode(number, 0)), (b"one-%d" % number, FIRST)])
                await two.begin_transaction()
                await changelog.write(two, [(b"a", NEVER), (b"two-%d" % number, NEVER)])
                if number % 2:
                    async with one.transaction():
                        await changelog.write(one, [(b"beside-%d" % number, SECOND)])
                await two.abort_transaction()
            async with two.transaction():
                await changelog.write(two, [(b"two-0", SECOND)])
        return await changelog.restored()

    ones = {b"one-%d" % number: FIRST for number in range(4)}
    expected = {b"a": encode(3, 0), **ones, b"beside-1": SECOND, b"beside-3": SECOND, b"two-0": SECOND}
    assert asyncio.run(scenario()).table == expected


@pytest.mark.parametrize("packed", [None, "gzip", "snappy", "lz4", "zstd"])
def test_batches_of_any_size_and_packing_come_to_the_same(changelog: Changelog, packed: str | None) -> None:
    rows = [(b"k%d" % (number % 700), encode(number, 0)) for number in range(2_000)]
    gone: list[tuple[bytes | None, bytes | None]] = [(b"k%d" % number, None) for number in range(100)]

    async def scenario() -> PartitionState:
        async with changelog.writing(compression_type=packed, max_batch_size=1_000_000) as producer:
            await changelog.write(producer, [*rows])
        async with changelog.writing(compression_type=packed, max_batch_size=600) as producer:
            await changelog.write(producer, gone)
        return await changelog.restored()

    assert asyncio.run(scenario()).table == {key: value for key, value in dict(rows).items() if (key, None) not in gone}


def test_a_restore_goes_on_in_the_middle_of_a_batch(changelog: Changelog) -> None:
    async def scenario() -> PartitionState:
        async with changelog.writing(max_batch_size=1_000_000) as producer:
            await changelog.write(producer, [(b"k%d" % number, FIRST) for number in range(1_000)])
        return await changelog.restored(read_to=990)

    state = asyncio.run(scenario())
    assert state.table.keys() >= {b"k%d" % number for number in range(990, 1_000)}
    assert state.read_to == 1_000

"""How records to write are sorted by partition and put into batches."""

import asyncio
from itertools import count
from typing import Any

import pytest
from aiokafka.partitioner import DefaultPartitioner
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from hypothesis import given
from hypothesis import strategies as st

from app.shell.batch_writing import BatchToWrite
from app.shell.batching import by_place, partition_of
from app.shell.writers import REQUEST_BYTES, BulkWriter, OversizedRecordError
from app.stage import OutRecord
from app.topics import Topic

PARTITIONS = {Topic.NOTICES: 3, Topic.DECISIONS: 5}
BATCH_BYTES = 400


class Producer:
    """Takes batches in place of a broker's client."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, int, Any]] = []
        self.client = self
        self.named: set[str] = set()

    def add_topic(self, name: str) -> None:
        self.named.add(name)

    async def partitions_for(self, name: str) -> set[int]:
        return set(range(PARTITIONS[Topic(name)]))

    async def send_batch(self, batch: BatchToWrite, name: str, *, partition: int) -> None:
        assert name in self.named, "the client would forget where the others are"
        self.sent.append((name, partition, batch))


records = st.lists(
    st.builds(
        OutRecord,
        topic=st.sampled_from(list(PARTITIONS)),
        key=st.none() | st.binary(max_size=20),
        value=st.none() | st.binary(max_size=200),
        headers=st.sampled_from([(), (("sent-by", b"us"),)]),
        partition=st.none() | st.integers(0, 2),
    ),
    max_size=40,
)


def read(batch: Any) -> list[tuple[bytes | None, bytes | None, tuple[tuple[str, bytes | None], ...]]]:
    whole = MemoryRecords(bytes(batch._build()))
    read_back = whole.next_batch()
    assert read_back is not None
    return [(record.key, record.value, tuple(record.headers)) for record in read_back]


@given(key=st.binary(max_size=40), partitions=st.integers(1, 50))
def test_a_key_goes_where_every_kafka_client_sends_it(key: bytes, partitions: int) -> None:
    everywhere = list(range(partitions))
    assert partition_of(key, partitions) == DefaultPartitioner()(key, everywhere, everywhere)


@given(records=records)
def test_each_partition_gets_its_records_in_the_order_given(records: list[OutRecord]) -> None:
    groups = by_place(records, PARTITIONS, count())
    assert sum(map(len, groups.values())) == len(records)
    for (topic, partition), group in groups.items():
        in_order = iter(records)
        assert all(record in in_order for record in group)
        for record in group:
            assert record.topic is topic
            named = record.partition
            if named is None and record.key is not None:
                named = partition_of(record.key, PARTITIONS[topic])
            assert named in {None, partition}


def test_records_without_a_key_go_round() -> None:
    keyless = [OutRecord(Topic.NOTICES, None, b"x")] * 6
    assert {len(group) for group in by_place(keyless, PARTITIONS, count()).values()} == {2}


@given(records=records)
def test_batches_hold_what_was_written_in_order_and_are_counted(records: list[OutRecord]) -> None:
    producer = Producer()
    asyncio.run(BulkWriter(producer, str, batch_bytes=BATCH_BYTES).send(records))
    written: dict[tuple[str, int], list[Any]] = {}
    for name, partition, batch in producer.sent:
        held = read(batch)
        assert batch.record_count() == len(held) > 0
        written.setdefault((name, partition), []).extend(held)
    groups = by_place(records, PARTITIONS, count())
    assert written == {
        place: [(record.key, record.value, record.headers) for record in group] for place, group in groups.items()
    }


def test_a_batch_takes_what_fits_and_says_where_the_next_begins() -> None:
    full = [OutRecord(Topic.NOTICES, b"k", b"x" * 100)] * 5
    batch = BatchToWrite(BATCH_BYTES, 0, transactional=False)
    filled = batch.fill(full, 1)
    assert 1 < filled < len(full)
    assert batch.size() <= BATCH_BYTES < batch.size() + 100
    assert BatchToWrite(1_000_000, 0, transactional=False).fill(full, filled) == len(full)


@given(
    records=records.filter(bool),
    at=st.integers(0, 2**53),
    state=st.tuples(st.integers(-1, 2**40), st.integers(-1, 2**15 - 1), st.integers(-1, 2**31 - 1)),
    transactional=st.booleans(),
)
def test_a_batch_has_the_bytes_that_the_clients_own_builder_gives_it(
    records: list[OutRecord], at: int, state: tuple[int, int, int], transactional: bool
) -> None:
    long = [*records, OutRecord(Topic.NOTICES, b"k", b"x" * 9_000), OutRecord(Topic.NOTICES, None, b"y" * 2**20)]
    ours = BatchToWrite(1 << 22, at, transactional=transactional)
    assert ours.fill(long, 0) == len(long)
    theirs = DefaultRecordBatchBuilder(2, 0, int(transactional), -1, -1, 0, 1 << 22)
    for place, record in enumerate(long):
        assert theirs.append(place, at, record.key, record.value, list(record.headers)) is not None
    ours._set_producer_state(*state)
    theirs.set_producer_state(*state)
    expected = bytes(theirs.build())
    assert ours.size() == len(expected)
    assert [ours._build(), ours._build()] == [expected, expected]
    assert ours.size() == len(expected)


def test_a_record_that_the_broker_would_refuse_is_an_error_before_it_is_sent() -> None:
    producer, oversized = Producer(), [OutRecord(Topic.NOTICES, b"k", b"x" * REQUEST_BYTES)]
    with pytest.raises(OversizedRecordError, match="notices"):
        asyncio.run(BulkWriter(producer, str).send(oversized))
    assert producer.sent == []

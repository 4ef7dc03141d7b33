"""One transaction per round: whoever lost a partition can commit no more, and the changelog tells the whole state."""

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from aiokafka.producer import sender

from app.clock import Instant
from app.shell.cancelling import GivenUpError
from app.shell.safe_clock import Cluster
from app.shell.state_tables import PartitionState, restore
from app.shell.transactions import PartitionWriter
from app.shell.writers import REQUEST_BYTES, OversizedRecordError
from app.stage import Effects, OutRecord
from app.topics import Topic
from tests.kafka.counting_cluster import CountingCluster, counting_cluster, eventually
from tests.support.counting_stage import CountingStage, encode

pytestmark = pytest.mark.expects_error_log(
    "NotLeaderForPartitionError",  # of topics just made
    "Unexpected error in sender routine",  # how the client says that it is fenced
    "exception was never retrieved",
)


@pytest.fixture
def cluster(kafka_bootstrap: str, topic_prefix: str, tmp_path: Path) -> Iterator[CountingCluster]:
    with counting_cluster(kafka_bootstrap, topic_prefix, tmp_path) as made:
        yield made
    # a fenced client leaves an exception behind that nobody asks for; let it be logged here, not in another test
    gc.collect()


def writer_of(cluster: CountingCluster, timeout_ms: int = 8_000) -> PartitionWriter:
    connection = {"bootstrap_servers": cluster.bootstrap}
    return PartitionWriter(connection, lambda t: cluster.prefix + t, CountingStage(), 0, cluster.prefix, timeout_ms)


@asynccontextmanager
async def started(writer: PartitionWriter) -> AsyncIterator[PartitionWriter]:
    await writer.start()
    try:
        yield writer
    finally:
        await writer.stop()


def said(value: bytes) -> Effects:
    return Effects([OutRecord(Topic.NOTICES, b"c", value)], {b"c": encode(1, 0)}, {b"c": None})


def test_an_owner_frozen_inside_a_transaction_is_fenced_when_it_wakes_up_after_a_takeover(
    cluster: CountingCluster,
) -> None:
    async def scenario() -> None:
        async with started(writer_of(cluster)) as frozen:
            await frozen._producer.begin_transaction()
            await asyncio.gather(*await frozen._writer.send(said(b"by the frozen one").outputs))
            async with started(writer_of(cluster)) as taker:
                await taker.commit(said(b"by the taker"), 7)
                with pytest.raises(KafkaError):
                    await frozen._producer.commit_transaction()

    asyncio.run(scenario())
    # markers are written after the commit is answered
    eventually(lambda: cluster.said() == [b"by the taker"], "the only record that counts")
    assert cluster.committed(Topic.JOURNEY_LOG) == {0: 7}


def test_a_client_that_is_told_of_one_more_topic_still_writes_to_the_others(cluster: CountingCluster) -> None:
    async def scenario() -> None:
        async with started(writer_of(cluster)) as writer:
            client = writer._producer.client
            await writer._producer.begin_transaction()
            written = await writer._writer.send(said(b"to another topic").outputs)
            # so the client begins to ask about a topic that it has not heard of: from now on about those it was told of
            client.add_topic(cluster.prefix + Topic.JOURNEY_LOG)
            await client.force_metadata_update()
            await asyncio.gather(*written)
            await writer._producer.commit_transaction()

    asyncio.run(scenario())
    # markers are written after the commit is answered
    eventually(lambda: cluster.said() == [b"to another topic"], "the only record that counts")


def test_a_client_whose_sender_has_ended_in_silence_is_given_up(cluster: CountingCluster) -> None:
    async def scenario() -> None:
        async with started(writer_of(cluster, timeout_ms=250)) as writer:
            # a cancelling in whatever the sender waits for ends it in order: the client itself tells nobody
            task = writer._producer._sender.sender_task
            task.cancel()
            await asyncio.wait([task])
            with pytest.raises(GivenUpError, match="did not end a transaction"):
                await writer.commit(said(b"never"), 7)
        async with started(writer_of(cluster)) as after:
            await after.commit(said(b"by the one after"), 7)

    asyncio.run(scenario())
    # markers are written after the commit is answered
    eventually(lambda: cluster.said() == [b"by the one after"], "the only record that counts")


def test_no_request_of_a_transaction_makes_the_client_back_off_from_another(
    cluster: CountingCluster, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    backed_off: list[type[sender.BaseHandler]] = []

    def noting(handler: type[sender.BaseHandler]) -> None:
        heard = handler.handle_response

        def handle_response(self: sender.BaseHandler, response: Any) -> float | None:
            wait: float | None = heard(self, response)
            if wait is not None and wait > sender.BACKOFF_OVERRIDE:
                backed_off.append(handler)
            return wait

        monkeypatch.setattr(handler, "handle_response", handle_response)

    async def scenario() -> None:
        async with started(writer_of(cluster)) as writer:
            await writer.commit(said(b"the first finds out where all is"), 0)
            caplog.clear()
            for handler in (sender.AddOffsetsToTxnHandler, sender.TxnOffsetCommitHandler, sender.EndTxnHandler):
                noting(handler)
            for offset in range(1, 201):
                await writer.commit(said(b"one more"), offset)

    asyncio.run(scenario())
    refused = [record.getMessage() for record in caplog.records if "retrying" in record.getMessage()]
    assert (refused, backed_off) == ([], [])


def test_a_former_owner_can_begin_nothing_new(cluster: CountingCluster) -> None:
    async def scenario() -> None:
        async with started(writer_of(cluster)) as former:
            await former.commit(said(b"while it was the owner"), 1)
            async with started(writer_of(cluster)):
                with pytest.raises(KafkaError):
                    await former.commit(said(b"too late"), 2)

    asyncio.run(scenario())
    assert cluster.said() == [b"while it was the owner"]
    assert cluster.committed(Topic.JOURNEY_LOG) == {0: 1}


def test_what_a_dead_owner_left_open_is_neither_restored_nor_waited_for(cluster: CountingCluster) -> None:
    async def scenario() -> PartitionState:
        async with started(writer_of(cluster)) as dead:
            await dead.commit(said(b"committed"), 1)
            await dead._producer.begin_transaction()
            open_change = [OutRecord(Topic.JOURNEY_CHANGELOG, b"c", encode(99, 0), (), 0)]
            await asyncio.gather(*await dead._writer.send(open_change))
            async with started(writer_of(cluster)):
                return await restored(cluster, PartitionState(CountingStage(), 0))

    state = asyncio.run(asyncio.wait_for(scenario(), 20))
    assert state.table == {b"c": encode(1, 0)}


async def restored(cluster: CountingCluster, state: PartitionState) -> PartitionState:
    place = TopicPartition(cluster.prefix + Topic.JOURNEY_CHANGELOG, 0)
    progress: list[int] = []
    await restore({"bootstrap_servers": cluster.bootstrap}, {place: state}, lambda *told: progress.append(told[3]))
    assert progress[-1:] in ([], [0])
    return state


def test_restore_brings_back_the_newest_state_of_each_key_and_its_deadline(cluster: CountingCluster) -> None:
    keys = [b"k%d" % number for number in range(3_000)]
    first = Effects([], {key: encode(1, 500) for key in keys}, dict.fromkeys(keys, Instant(500)))
    second = Effects([], {key: encode(2, 900) for key in keys[:10]}, dict.fromkeys(keys[:10], Instant(900)))
    third: Effects = Effects([], dict.fromkeys(keys[5:20]), {})

    async def scenario() -> PartitionState:
        async with started(writer_of(cluster)) as writer:
            await writer.commit(first, 1)
            await writer.commit(second, 2)
            state = await restored(cluster, PartitionState(CountingStage(), 0))
            assert len(state.table) == 3_000
            await writer.commit(third, 3)
        return await restored(cluster, state)

    state = asyncio.run(scenario())
    expected = {key: encode(2, 900) if key in keys[:10] else encode(1, 500) for key in keys if key not in keys[5:20]}
    assert state.table == expected
    assert state.size_bytes == sum(map(len, expected.values()))
    assert len(state.index.peek(Instant(500)).keys) == 3_000 - 20
    assert len(state.index.peek(Instant(900)).keys) == 3_000 - 15


def test_a_record_that_the_broker_would_refuse_is_named_before_it_is_sent(cluster: CountingCluster) -> None:
    huge = Effects([OutRecord(Topic.NOTICES, b"c", b"x" * (REQUEST_BYTES + 1))], {}, {})

    async def scenario() -> None:
        async with started(writer_of(cluster)) as writer:
            with pytest.raises(OversizedRecordError, match="notices"):
                await writer.commit(huge, 1)

    asyncio.run(scenario())


def test_control_records_at_the_end_of_a_log_do_not_look_like_unread_input(cluster: CountingCluster) -> None:
    """The real client's part of the safe clock: a look from the last record's end says that there is nothing."""
    place = TopicPartition(cluster.prefix + Topic.NOTICES, 0)

    async def scenario() -> Any:
        async with started(writer_of(cluster)) as writer:
            outputs = [OutRecord(Topic.NOTICES, b"c", b"said", (), 0)]
            await writer.commit(Effects(outputs, {}, {}), 1)
        view = Cluster({"bootstrap_servers": cluster.bootstrap}, cluster.prefix)
        await view.start()
        try:
            ends = await view.ends([place])
            return ends[place], await view.oldest({place: 1}, ends), await view.oldest({place: 0}, ends)
        finally:
            await view.stop()

    end, after_last, from_first = asyncio.run(scenario())
    assert end == 2
    assert after_last == {place: None}
    assert from_first[place] is not None


def test_readers_of_committed_records_see_a_round_as_a_whole(cluster: CountingCluster) -> None:
    async def scenario() -> list[bytes]:
        consumer = AIOKafkaConsumer(
            cluster.prefix + Topic.NOTICES,
            bootstrap_servers=cluster.bootstrap,
            isolation_level="read_committed",
            auto_offset_reset="earliest",
        )
        await consumer.start()
        try:
            async with started(writer_of(cluster)) as writer:
                await writer._producer.begin_transaction()
                await asyncio.gather(*await writer._writer.send(said(b"half").outputs))
                assert not await consumer.getmany(timeout_ms=500)
                await writer._producer.commit_transaction()
                found = await consumer.getmany(timeout_ms=5_000)
                return [record.value for records in found.values() for record in records]
        finally:
            await consumer.stop()

    assert asyncio.run(scenario()) == [b"half"]

"""Copies of other workers' states: a takeover reads only the last rows, and comes to the same."""

import asyncio
import signal
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiokafka import TopicPartition

from app.clock import Instant
from app.shell.standby import Standby
from app.shell.state_tables import PartitionState, restore
from app.shell.transactions import PartitionWriter
from app.stage import Effects
from app.topics import Topic
from tests.kafka.counting_cluster import CountingCluster, counting_cluster, events, eventually
from tests.support.counting_stage import CountingStage, encode

pytestmark = pytest.mark.expects_error_log("NotLeaderForPartitionError")  # of topics just made

KEY = ("journey", 0)
KEPT = {b"k%d" % number: encode(1, 500) for number in range(2_000)}


@pytest.fixture
def cluster(kafka_bootstrap: str, topic_prefix: str, tmp_path: Path) -> Iterator[CountingCluster]:
    with counting_cluster(kafka_bootstrap, topic_prefix, tmp_path) as made:
        yield made


@asynccontextmanager
async def owner_of(cluster: CountingCluster) -> AsyncIterator[PartitionWriter]:
    connection = {"bootstrap_servers": cluster.bootstrap}
    writer = PartitionWriter(connection, lambda t: cluster.prefix + t, CountingStage(), 0, cluster.prefix, 8_000)
    await writer.start()
    try:
        yield writer
    finally:
        await writer.stop()


def standby_of(cluster: CountingCluster) -> tuple[Standby, TopicPartition, PartitionState]:
    place = TopicPartition(cluster.prefix + Topic.JOURNEY_CHANGELOG, 0)
    state = PartitionState(CountingStage(), 0)
    return Standby({"bootstrap_servers": cluster.bootstrap}, {KEY: place}, [state]), place, state


def guarded(work: Awaitable[None]) -> "asyncio.Task[None]":
    return asyncio.ensure_future(work)


async def restored(cluster: CountingCluster, place: TopicPartition, state: PartitionState) -> int:
    """Restore a copy as a takeover does and return how many rows that read."""
    rows: list[int] = []
    connection = {"bootstrap_servers": cluster.bootstrap}
    await restore(connection, {place: state}, lambda _stage, _partition, restored, _left: rows.append(restored))
    return rows[-1]


async def until_followed(standby: Standby, state: PartitionState, expected: dict[bytes, bytes]) -> None:
    """Wait until the copy holds just this, then stop following."""
    for _ in range(400):
        if state.table == expected:
            break
        await asyncio.sleep(0.05)
    assert state.table == expected
    await standby.leave()
    assert standby.take(KEY) is state


def test_a_takeover_reads_only_what_came_after_the_copy(cluster: CountingCluster) -> None:
    changed = {b"k0": encode(2, 900), b"k1": None}
    last: Effects = Effects([], {b"k2": encode(3, 700)}, {b"k2": Instant(700)})

    async def scenario() -> tuple[PartitionState, int]:
        standby, place, state = standby_of(cluster)
        async with owner_of(cluster) as owner:
            await owner.commit(Effects([], KEPT, dict.fromkeys(KEPT, Instant(500))), 1, Instant(0))
            await standby.warm_up(lambda *_: None)
            standby.follow(guarded)
            await owner.commit(Effects([], changed, {b"k0": Instant(900)}), 2, Instant(0))
            expected = {key: value for key, value in {**KEPT, **changed}.items() if value is not None}
            await until_followed(standby, state, expected)
            await owner.commit(last, 3, Instant(0))
            return state, await restored(cluster, place, state)

    state, rows = asyncio.run(scenario())
    assert rows == 1
    whole = {**KEPT, b"k0": encode(2, 900), b"k2": encode(3, 700)}
    assert state.table == {key: value for key, value in whole.items() if key != b"k1"}
    assert state.size_bytes == sum(map(len, state.table.values()))
    assert len(state.index.peek(Instant(500)).keys) == len(KEPT) - 3


def test_a_state_given_away_is_followed_from_where_its_owner_left_it(cluster: CountingCluster) -> None:
    async def scenario() -> tuple[PartitionState, int]:
        standby, place, state = standby_of(cluster)
        standby.take(KEY)
        async with owner_of(cluster) as owner:
            effects = Effects([], KEPT, dict.fromkeys(KEPT, Instant(500)))
            state.read_to = await owner.commit(effects, 1, Instant(0)) or 0
            state.apply(effects)
        standby.give(state)
        standby.follow(guarded)
        async with owner_of(cluster) as other:
            await other.commit(Effects([], {b"k0": None}, {}), 2, Instant(0))
            expected = {key: value for key, value in KEPT.items() if key != b"k0"}
            await until_followed(standby, state, expected)
            return state, await restored(cluster, place, state)

    state, rows = asyncio.run(scenario())
    assert rows == 0
    assert len(state.index) == len(KEPT) - 1


def test_workers_that_stand_by_for_each_other_lose_nothing_and_say_nothing_twice(cluster: CountingCluster) -> None:
    cluster.produce(Topic.JOURNEY_LOG, events(4_000))
    first = cluster.start(standby="true")
    eventually(lambda: len(cluster.said()) == 4_000, "the first events said")
    second = cluster.start(standby="true")
    eventually(lambda: "working" in second.said(), "the second worker at work")
    cluster.produce(Topic.JOURNEY_LOG, events(4_000, start=4_000))
    first.kill()
    cluster.produce(Topic.JOURNEY_LOG, events(4_000, start=8_000))
    eventually(lambda: len(cluster.said()) == 12_000, "the second worker to take over")
    third = cluster.start(standby="true")
    eventually(lambda: "working" in third.said(), "the third worker at work")
    second.signal(signal.SIGTERM)
    assert second.wait() == 0
    cluster.produce(Topic.JOURNEY_LOG, events(4_000, start=12_000))
    eventually(lambda: len(cluster.said()) >= 16_000, "the third worker to take over")
    assert max(Counter(cluster.said()).values()) == 1
    assert sum(cluster.counts().values()) == 16_000

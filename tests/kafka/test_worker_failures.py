"""What the shell promises when workers come, go, die, freeze and meet a bug: nothing lost, nothing twice."""

import asyncio
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.broker import Broker
from app.stage import OutRecord
from app.topics import Topic
from tests.kafka.counting_cluster import CountingCluster, Worker, counting_cluster, events, eventually

pytestmark = pytest.mark.expects_error_log("NotLeaderForPartitionError")  # of topics just made


@pytest.fixture
def cluster(kafka_bootstrap: str, topic_prefix: str, tmp_path: Path) -> Iterator[CountingCluster]:
    with counting_cluster(kafka_bootstrap, topic_prefix, tmp_path) as made:
        yield made


def all_said_once(cluster: CountingCluster, number: int, seconds: float = 40) -> None:
    """Wait until every event has been said; then each must have been said and counted exactly once."""
    eventually(lambda: len(set(cluster.said())) >= number, f"{number} events said", seconds)
    said = cluster.said()
    assert Counter(said).most_common(1)[0][1] == 1
    assert len(said) == number
    assert sum(cluster.counts().values()) == number


def test_a_worker_told_to_stop_finishes_its_batch_and_another_goes_on_where_it_stopped(
    cluster: CountingCluster,
) -> None:
    cluster.produce(Topic.JOURNEY_LOG, events(20_000))
    first = cluster.start()
    eventually(lambda: len(cluster.said()) > 0, "the first events said")
    first.signal(signal.SIGTERM)
    assert first.wait() == 0
    cluster.produce(Topic.JOURNEY_LOG, events(5_000, start=20_000))
    second = cluster.start()
    all_said_once(cluster, 25_000)
    second.signal(signal.SIGTERM)
    assert second.wait() == 0
    assert cluster.committed(Topic.JOURNEY_LOG) == cluster.ends(Topic.JOURNEY_LOG)


def test_workers_killed_at_random_moments_lose_nothing_and_say_nothing_twice(cluster: CountingCluster) -> None:
    rng = random.Random(7)
    workers = [cluster.start(), cluster.start()]
    for part in range(3):
        cluster.produce(Topic.JOURNEY_LOG, events(20_000, start=part * 20_000))
        time.sleep(rng.uniform(1.0, 5.0))
        workers[part % 2].kill()
        workers[part % 2] = cluster.start()
    all_said_once(cluster, 60_000)


def test_workers_joining_and_leaving_lose_nothing_and_say_nothing_twice(cluster: CountingCluster) -> None:
    stays = cluster.start()
    for part in range(3):
        guests = [cluster.start()]
        time.sleep(0.2)  # so that one rebalance follows on the other's heels
        guests.append(cluster.start())
        for piece in range(4):
            cluster.produce(Topic.JOURNEY_LOG, events(4_000, start=(part * 4 + piece) * 4_000))
            time.sleep(0.7)
        eventually(lambda: all("working" in guest.said() for guest in guests), "the guests to have joined")  # noqa: B023
        for guest in guests:
            guest.signal(signal.SIGTERM)
        assert [guest.wait() for guest in guests] == [0, 0]
    all_said_once(cluster, 48_000)
    stays.signal(signal.SIGTERM)
    assert stays.wait() == 0


def test_a_frozen_worker_that_wakes_up_after_a_takeover_changes_nothing(cluster: CountingCluster) -> None:
    frozen = cluster.start()
    cluster.produce(Topic.JOURNEY_LOG, events(20_000))
    eventually(lambda: len(cluster.said()) > 0, "the first events said")
    frozen.signal(signal.SIGSTOP)
    cluster.produce(Topic.JOURNEY_LOG, events(20_000, start=20_000))
    other = cluster.start()
    eventually(lambda: len(set(cluster.said())) == 40_000, "the other worker to take over")
    cluster.produce(Topic.JOURNEY_LOG, events(1_000, start=40_000))
    frozen.signal(signal.SIGCONT)
    all_said_once(cluster, 41_000)
    cluster.produce(Topic.JOURNEY_LOG, events(1_000, start=41_000))
    all_said_once(cluster, 42_000)
    assert other.process.poll() is None
    assert frozen.process.poll() is None


@pytest.mark.expects_error_log("")  # of our own clients, while the broker is away
def test_workers_outlive_a_broker_that_is_away_for_longer_than_the_session_timeout(
    topic_prefix: str, tmp_path: Path
) -> None:
    with (
        Broker.start(tmp_path / "kafka") as broker,
        counting_cluster(broker.bootstrap, topic_prefix, tmp_path) as cluster,
    ):
        workers = [cluster.start(), cluster.start()]
        cluster.produce(Topic.JOURNEY_LOG, events(20_000))
        eventually(lambda: len(cluster.said()) > 0, "the first events said")
        broker.kill()
        time.sleep(8)
        broker.restart()
        cluster.produce(Topic.JOURNEY_LOG, events(5_000, start=20_000))
        all_said_once(cluster, 25_000)
        assert [worker.process.poll() for worker in workers] == [None, None]


def test_input_that_is_being_admitted_when_a_worker_dies_is_never_lost(cluster: CountingCluster) -> None:
    rubbish = [OutRecord(Topic.ORDERS, b"r%d" % i, b"rubbish") for i in range(100)]
    first = cluster.start()
    cluster.produce(Topic.ORDERS, [*rubbish, *events(20_000)])
    eventually(lambda: len(cluster.read(Topic.JOURNEY_LOG)) > 0, "the first facts")
    first.kill()
    cluster.produce(Topic.ORDERS, events(5_000, start=20_000))
    cluster.start()
    eventually(lambda: len(set(cluster.said())) == 25_000, "all facts said")
    assert {record.key for record in cluster.read(Topic.DEAD_LETTERS)} == {record.key for record in rubbish}
    eventually(lambda: cluster.committed(Topic.ORDERS) == cluster.ends(Topic.ORDERS), "all input acknowledged")


def test_poison_in_the_middle_of_a_batch_stops_the_worker_and_is_not_acknowledged(cluster: CountingCluster) -> None:
    key = b"c1"
    before = [OutRecord(Topic.JOURNEY_LOG, key, b"before%d" % i) for i in range(50)]
    after = [OutRecord(Topic.JOURNEY_LOG, key, b"after%d" % i) for i in range(50)]
    cluster.produce(Topic.JOURNEY_LOG, [*before, OutRecord(Topic.JOURNEY_LOG, key, b"poison"), *after])
    for _ in range(2):
        worker = cluster.start()
        assert worker.wait() == 1
        assert "Poison" in worker.said()
    assert cluster.said() == []
    (poisoned,) = {record.partition for record in cluster.read(Topic.JOURNEY_LOG) if record.key == key}
    assert cluster.committed(Topic.JOURNEY_LOG).get(poisoned, 0) == 0


def test_a_changelog_record_that_no_worker_can_have_written_stops_the_worker(cluster: CountingCluster) -> None:
    cluster.apply_topics()
    cluster.produce(Topic.JOURNEY_CHANGELOG, [OutRecord(Topic.JOURNEY_CHANGELOG, b"c1", b"too short")])
    worker = cluster.start()
    assert worker.wait() == 1
    cluster.produce(Topic.JOURNEY_LOG, events(10))
    assert cluster.said() == []


def test_a_topic_that_comes_to_too_many_dead_letters_is_read_no_more_until_the_workers_are_started_anew(
    cluster: CountingCluster,
) -> None:
    rubbish = [OutRecord(Topic.ORDERS, b"r%d" % i, b"rubbish") for i in range(20_000)]
    cluster.produce(Topic.ORDERS, rubbish)
    first = cluster.start(slice_records="100", dead_letters_per_minute="1000")
    eventually(lambda: "its intake stops" in first.said(), "the limit to be passed")
    cluster.produce(Topic.JOURNEY_LOG, events(500))
    eventually(lambda: len(set(cluster.said())) == 500, "what is on the logs to be worked all the same")
    refused = len(cluster.read(Topic.DEAD_LETTERS))
    assert 1_000 < refused < 10_000
    first.signal(signal.SIGTERM)
    assert first.wait() == 0
    cluster.start(dead_letters_per_minute="0")
    eventually(lambda: cluster.committed(Topic.ORDERS) == cluster.ends(Topic.ORDERS), "all input acknowledged")
    assert {record.key for record in cluster.read(Topic.DEAD_LETTERS)} == {record.key for record in rubbish}


def test_a_worker_whose_client_cannot_read_on_stops_and_says_so_and_the_next_goes_on_where_it_stood(
    cluster: CountingCluster,
) -> None:
    cluster.produce(Topic.JOURNEY_LOG, events(1_000))
    stands = cluster.start("unreadable")
    eventually(lambda: len(cluster.said()) == 1_000, "the first events said")
    cluster.produce(Topic.JOURNEY_LOG, events(1, start=1_000, suffix=" unreadable"))
    assert stands.wait() == 1
    assert "worker stopped by FetchingEndedError: the client reads no more from" in stands.said()
    assert "a batch that the parser trips over" in stands.said()
    cluster.start()
    all_said_once(cluster, 1_001)


class _FirstGoesSecondDoesNot:
    """Passes the first connection to a broker, breaks off the second, passes all others."""

    def __init__(self, bootstrap: str) -> None:
        self._host, _, port = bootstrap.partition(":")
        self._port = int(port)
        self.connections = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        if self.connections == 2:
            writer.transport.abort()
            return
        upstream, onward = await asyncio.open_connection(self._host, self._port)
        await asyncio.gather(self._pass(reader, onward), self._pass(upstream, writer))

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(65536):
            writer.write(chunk)
        writer.transport.abort()


@pytest.mark.expects_error_log("Unable connect")
def test_a_broker_that_goes_away_between_two_questions_of_a_starting_worker_is_waited_for(
    cluster: CountingCluster,
) -> None:
    between = _FirstGoesSecondDoesNot(cluster.bootstrap)
    cluster.produce(Topic.JOURNEY_LOG, events(100))

    async def work() -> Worker:
        server = await asyncio.start_server(between.serve, "127.0.0.1", 0)
        address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        worker = cluster.start(bootstrap=address)
        async with server:
            await asyncio.to_thread(eventually, lambda: len(cluster.said()) > 0, "the first events said", 50)
        return worker

    worker = asyncio.run(work())
    assert between.connections > 2
    assert "waiting for it again" in worker.said()
    all_said_once(cluster, 100)

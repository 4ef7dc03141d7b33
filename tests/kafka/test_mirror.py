"""A copy on another cluster goes on where the first one stopped: same state, and nothing is said again."""

import signal
from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from app.broker import Broker
from app.cli import cli
from app.stage import OutRecord
from app.topics import Topic
from tests.kafka.counting_cluster import CountingCluster, counting_cluster, events, eventually

pytestmark = pytest.mark.expects_error_log(
    "NotLeaderForPartitionError",  # of topics just made
    "GroupCoordinatorNotAvailableError",  # of a group that is just made
)


def test_workers_on_a_mirrored_cluster_go_on_where_those_of_the_first_stopped(
    kafka_bootstrap: str, topic_prefix: str, tmp_path: Path
) -> None:
    with (
        Broker.start(tmp_path / "kafka") as other,
        counting_cluster(kafka_bootstrap, topic_prefix, tmp_path) as first,
    ):
        first.produce(Topic.JOURNEY_LOG, events(3_000))
        worker = first.start()
        eventually(lambda: len(first.said()) == 3_000, "the first events said")
        worker.signal(signal.SIGTERM)
        assert worker.wait() == 0
        first.produce(Topic.ORDERS, [OutRecord(Topic.ORDERS, b"c7", b"e3000")])
        first.produce(Topic.JOURNEY_LOG, events(1_000, start=3_001))

        on_the_log = len(first.read(Topic.JOURNEY_LOG))
        assert on_the_log >= 4_000, "the events, and the ticks between them"
        assert f"journey-log: {on_the_log} records" in mirrored(first, other.bootstrap).output

        second = CountingCluster(other.bootstrap, topic_prefix, tmp_path)
        second.workers = first.workers
        assert second.counts() == first.counts()
        assert sorted(second.said()) == sorted(first.said())
        second.start()
        eventually(lambda: len(second.said()) >= 4_001, "the rest said")
        assert Counter(second.said()).most_common(1)[0][1] == 1
        assert sum(second.counts().values()) == 4_001
        again = mirrored(first, other.bootstrap)
        assert again.exit_code == 2
        assert "holds records already" in again.output


def mirrored(cluster: CountingCluster, to: str) -> Result:
    environment = {
        "KAFKA_BOOTSTRAP": cluster.bootstrap,
        "MAKEGOOD_TOPIC_PREFIX": cluster.prefix,
        "MAKEGOOD_APPLICATION_ID": cluster.prefix,
    }
    return CliRunner().invoke(cli, ["mirror", "--to", to], env=environment)

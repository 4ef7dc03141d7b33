"""Intake and directory in a real worker, watched from outside as operations would."""

import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from app.broker.ports import free_port
from app.facts import Scanned, decode_fact
from app.settings import ROOT
from app.stage import OutRecord
from app.topics import Topic
from app.wire.payload import encode_event
from tests.kafka.counting_cluster import CountingCluster, counting_cluster, eventually

pytestmark = pytest.mark.expects_error_log("NotLeaderForPartitionError")  # of topics just made


class Watched:
    """A worker process and what it serves."""

    def __init__(self, cluster: CountingCluster, folder: Path) -> None:
        self.port = free_port()
        own = {
            "KAFKA_BOOTSTRAP": cluster.bootstrap,
            "MAKEGOOD_APPLICATION_ID": cluster.prefix,
            "MAKEGOOD_TOPIC_PREFIX": cluster.prefix,
            "MAKEGOOD_SESSION_TIMEOUT_MS": "6000",
            "MAKEGOOD_HEARTBEAT_MS": "500",
            "MAKEGOOD_STATE_DIR": str(folder),
            "MAKEGOOD_WEB_PORT": str(self.port),
        }
        self.log = folder / "watched.log"
        with self.log.open("wb") as output:
            command = [sys.executable, "-m", "tests.support.watched_worker"]
            self.process = subprocess.Popen(command, cwd=ROOT, env=os.environ | own, stdout=output, stderr=output)

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError as error:
            return 0, str(error)

    def value(self, sample: str, **labels: str) -> float:
        _, body = self.get("/metrics")
        return sum(
            found.value
            for family in text_string_to_metric_families(body)
            for found in family.samples
            if found.name == sample and labels.items() <= found.labels.items()
        )

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


@pytest.fixture
def cluster(kafka_bootstrap: str, topic_prefix: str, tmp_path: Path) -> Iterator[CountingCluster]:
    with counting_cluster(kafka_bootstrap, topic_prefix, tmp_path) as made:
        yield made


@pytest.fixture
def worker(cluster: CountingCluster, tmp_path: Path) -> Iterator[Watched]:
    watched = Watched(cluster, tmp_path)
    yield watched
    if watched.process.poll() is None:
        watched.process.kill()
        watched.process.wait()


def _dispatched() -> OutRecord:
    payload = {
        "event_id": "e1",
        "customer_id": "ann",
        "journey_id": "1001",
        "occurred_at": "2026-07-10T09:00:00Z",
        "consignment_id": "c1",
        "parcels": [{"carrier": "ups", "tracking_number": "1Z999"}],
    }
    return OutRecord(Topic.ORDERS, b"1001", encode_event(Topic.ORDERS, "dispatched", payload))


def _scanned() -> OutRecord:
    payload = {
        "carrier": "ups",
        "tracking_number": "1Z999",
        "status": "in_transit",
        "occurred_at": "2026-07-11T06:00:00Z",
    }
    return OutRecord(Topic.TRACKING_SCANS, b"1Z999", encode_event(Topic.TRACKING_SCANS, "parcel_scanned", payload))


def test_a_scan_that_comes_before_its_dispatch_reaches_its_customer_and_the_metrics_tell_of_it(
    cluster: CountingCluster, worker: Watched
) -> None:
    eventually(lambda: worker.get("/readyz")[0] == 200, "the worker is ready")
    assert worker.get("/healthz") == (200, "ok\n")

    cluster.produce(Topic.TRACKING_SCANS, [_scanned(), OutRecord(Topic.TRACKING_SCANS, b"x", b"rubbish")])
    eventually(lambda: worker.value("makegood_open_deadline_keys", stage="directory") == 1, "the scan waits")
    cluster.produce(Topic.ORDERS, [_dispatched()])
    eventually(lambda: len(cluster.read(Topic.JOURNEY_LOG)) == 2, "dispatch and scan are in the journey log")

    facts = [decode_fact(record.value) for record in cluster.read(Topic.JOURNEY_LOG)]
    (scan,) = [fact for fact in facts if isinstance(fact.what, Scanned)]
    assert scan.subject.customer == "ann"
    assert scan.subject.consignment == "c1"
    assert all(record.key == b"ann" for record in cluster.read(Topic.JOURNEY_LOG))
    assert len(cluster.read(Topic.DEAD_LETTERS)) == 1

    events = "makegood_events_total"
    eventually(lambda: worker.value(events, topic="orders", outcome="admitted") == 1, "the order is counted")
    assert worker.value(events, topic="tracking-scans", outcome="admitted") == 1
    assert worker.value(events, topic="tracking-scans", outcome="dead_letter") == 1
    assert worker.value("makegood_outputs_total", stage="directory", topic="journey-log") == 1
    assert worker.value("makegood_batch_records_sum", stage="directory") >= 2
    assert worker.value("makegood_event_to_commit_seconds_count", stage="directory") >= 2
    assert worker.value("makegood_ready") == 1
    assert worker.get("/healthz") == (200, "ok\n")
    assert worker.stop() == 0, worker.log.read_text()


def test_a_waiting_scan_survives_the_worker_that_took_it_in(
    cluster: CountingCluster, worker: Watched, tmp_path: Path
) -> None:
    eventually(lambda: worker.get("/readyz")[0] == 200, "the worker is ready")
    cluster.produce(Topic.TRACKING_SCANS, [_scanned()])
    eventually(lambda: worker.value("makegood_table_keys", stage="directory") == 1, "the scan waits")
    worker.process.kill()
    worker.process.wait()
    again = Watched(cluster, tmp_path)
    try:
        eventually(lambda: again.get("/readyz")[0] == 200, "the next worker has recovered")
        cluster.produce(Topic.ORDERS, [_dispatched()])
        eventually(lambda: len(cluster.read(Topic.JOURNEY_LOG)) == 2, "dispatch and scan are in the journey log")
    finally:
        assert again.stop() == 0, again.log.read_text()

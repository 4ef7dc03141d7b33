"""One scan, one trace: from the sender's own context over every hop to the suppression it leads to."""

import os
import signal
import subprocess
import sys
import threading
import urllib.request
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from prometheus_client.parser import text_string_to_metric_families

from app.broker.ports import free_port
from app.clock import to_iso
from app.settings import ROOT
from app.shell.safe_clock import wall_clock
from app.stage import OutRecord
from app.topics import Topic
from app.wire.payload import encode_event
from tests.kafka.counting_cluster import CountingCluster, counting_cluster, eventually

pytestmark = pytest.mark.expects_error_log("NotLeaderForPartitionError")  # of topics just made

SENDERS_TRACE: Final = "0af7651916cd43dd8448eb211c80319c"
SENDERS_SPAN: Final = "b7ad6b7169203331"


class Collector:
    """Takes spans over OTLP as a collector does, and keeps them by trace."""

    def __init__(self) -> None:
        self.spans: dict[str, list[Span]] = defaultdict(list)
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                collector.take(ExportTraceServiceRequest.FromString(body))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}/v1/traces"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def take(self, request: ExportTraceServiceRequest) -> None:
        for of_resource in request.resource_spans:
            for of_scope in of_resource.scope_spans:
                for span in of_scope.spans:
                    self.spans[span.trace_id.hex()].append(span)

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    yield made
    made.stop()


@pytest.fixture
def cluster(kafka_bootstrap: str, topic_prefix: str, tmp_path: Path) -> Iterator[CountingCluster]:
    with counting_cluster(kafka_bootstrap, topic_prefix, tmp_path) as made:
        yield made


@contextmanager
def real_worker(cluster: CountingCluster, folder: Path, **settings: str) -> Iterator[int]:
    """A whole worker with a policy, until the end; gives the port of its metrics."""
    port = free_port()
    env = os.environ | {
        "KAFKA_BOOTSTRAP": cluster.bootstrap,
        "MAKEGOOD_APPLICATION_ID": cluster.prefix,
        "MAKEGOOD_TOPIC_PREFIX": cluster.prefix,
        "MAKEGOOD_SESSION_TIMEOUT_MS": "6000",
        "MAKEGOOD_HEARTBEAT_MS": "500",
        "MAKEGOOD_STATE_DIR": str(folder),
        "MAKEGOOD_WEB_PORT": str(port),
        **settings,
    }
    done = subprocess.run(
        [sys.executable, "-m", "app", "policy", "activate"], cwd=ROOT, env=env, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    log = folder / "worker.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "app", "worker"], cwd=ROOT, env=env, stdout=output, stderr=output
        )
    try:
        eventually(lambda: _metric(port, "makegood_ready") == 1, "the worker is ready", 120)
        yield port
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0, log.read_text()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _metric(port: int, name: str, **labels: str) -> float:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            text = answer.read().decode()
    except OSError:
        return -1
    return sum(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )


def _record(
    topic: Topic, event: str, key: str, headers: tuple[tuple[str, bytes], ...] = (), **fields: object
) -> OutRecord:
    payload = {"occurred_at": to_iso(wall_clock()), **fields}
    return OutRecord(topic, key.encode(), encode_event(topic, event, payload), headers)


def _from_sender() -> tuple[tuple[str, bytes], ...]:
    return (("traceparent", f"00-{SENDERS_TRACE}-{SENDERS_SPAN}-01".encode()),)


def _ordered(customer: str, order: str) -> OutRecord:
    return _record(Topic.ORDERS, "order_placed", order, customer_id=customer, order_id=order)


def _dispatched(order: str, number: str) -> OutRecord:
    parcels = [{"carrier": "dhl", "tracking_number": number}]
    return _record(Topic.ORDERS, "dispatched", order, journey_id=order, consignment_id="A", parcels=parcels)


def _lost(number: str, headers: tuple[tuple[str, bytes], ...] = ()) -> OutRecord:
    known = {"carrier": "dhl", "tracking_number": number, "status": "failure", "sub_status": "lost"}
    return _record(Topic.TRACKING_SCANS, "parcel_scanned", number, headers, **known)


def _way(spans: list[Span], begin: Span) -> list[Span]:
    """Return the spans from one on, each the child of the one before; where there are several, the earliest."""
    way = [begin]
    while children := [span for span in spans if span.parent_span_id == way[-1].span_id]:
        way.append(min(children, key=lambda span: span.start_time_unix_nano))
    return way


def _first(spans: list[Span]) -> Span:
    """Return the earliest span whose parent is the sender's."""
    ours = [span for span in spans if span.parent_span_id.hex() == SENDERS_SPAN]
    return min(ours, key=lambda span: span.start_time_unix_nano)


def _attributes(span: Span) -> dict[str, object]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in span.attributes}


def _carried(cluster: CountingCluster, topic: Topic) -> set[str]:
    return {
        value.decode().split("-")[1]
        for record in cluster.read(topic)
        for name, value in record.headers
        if name == "traceparent"
    }


def test_a_scan_that_its_sender_traces_is_one_trace_up_to_the_suppression(
    cluster: CountingCluster, collector: Collector, tmp_path: Path
) -> None:
    with real_worker(cluster, tmp_path, MAKEGOOD_TRACE_ENDPOINT=collector.address) as port:
        cluster.produce(Topic.ORDERS, [_ordered("ann", "1001"), _dispatched("1001", "TN1")])
        eventually(lambda: _metric(port, "makegood_table_keys", stage="journey") > 0, "ann's journey is known")
        scan = _lost("TN1", _from_sender())
        cluster.produce(Topic.TRACKING_SCANS, [scan])
        eventually(
            lambda: SENDERS_TRACE in _carried(cluster, Topic.SUPPRESSIONS), "the hold carries the sender's trace"
        )
        cluster.produce(Topic.TRACKING_SCANS, [scan])
        eventually(lambda: _metric(port, "makegood_repeats_total", stage="journey") == 1, "the same scan is a repeat")
        eventually(
            lambda: _metric(port, "makegood_consumer_lag_records", topic="journey-log") == 0, "the journey log is read"
        )

    spans = collector.spans[SENDERS_TRACE]
    first = _way(spans, _first(spans))
    assert [span.name for span in first][:3] == ["intake tracking-scans", "directory directory", "journey journey-log"]
    assert Counter(span.name for span in spans)["intake tracking-scans"] == 2, "the scan, and the same scan again"
    told = {span.name: _attributes(span) for span in first}
    assert told["intake tracking-scans"]["messaging.destination.name"] == "tracking-scans"
    journey = next(span for span in first if span.name == "journey journey-log")
    written = [each.value for each in journey.attributes if each.key == "makegood.written_to"]
    assert "suppressions" in {value.string_value for value in written[0].array_value.values}
    assert SENDERS_TRACE in _carried(cluster, Topic.DECISIONS)
    assert not any(b"ann" in span.SerializeToString() for all_of in collector.spans.values() for span in all_of)


def test_a_scan_that_waits_for_its_dispatch_goes_on_in_its_own_trace_and_rubbish_has_one_that_ends(
    cluster: CountingCluster, collector: Collector, tmp_path: Path
) -> None:
    with real_worker(cluster, tmp_path, MAKEGOOD_TRACE_ENDPOINT=collector.address) as port:
        rubbish = OutRecord(Topic.TRACKING_SCANS, b"x", b"rubbish")
        cluster.produce(Topic.TRACKING_SCANS, [_lost("TN2", _from_sender()), rubbish])
        eventually(lambda: _metric(port, "makegood_open_deadline_keys", stage="directory") == 1, "the scan waits")
        cluster.produce(Topic.ORDERS, [_ordered("bob", "1002"), _dispatched("1002", "TN2")])
        eventually(lambda: SENDERS_TRACE in _carried(cluster, Topic.JOURNEY_LOG), "the scan has found its customer")
        eventually(lambda: SENDERS_TRACE in _carried(cluster, Topic.DECISIONS), "and led to a decision")
        labels = {"stage": "intake", "topic": "tracking-scans", "reason": "undecodable"}
        eventually(lambda: _metric(port, "makegood_dead_letters_total", **labels) == 1, "the rubbish is counted")
        (ended,) = _carried(cluster, Topic.DEAD_LETTERS)

    spans = collector.spans[SENDERS_TRACE]
    way = [span.name for span in _way(spans, _first(spans))]
    assert way[:3] == ["intake tracking-scans", "directory directory", "journey journey-log"]
    assert [span.name for span in collector.spans[ended]] == ["intake tracking-scans"]
    assert any(span.name == "intake orders" and not span.parent_span_id for s in collector.spans.values() for span in s)

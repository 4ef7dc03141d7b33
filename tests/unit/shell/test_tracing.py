"""Traces around the real stages: what is carried on, what is not, and that there is nothing of it when it is off."""

import subprocess
import sys
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

from app.clock import Instant, to_iso
from app.facts.fact import Source
from app.main import _tracing, stages
from app.settings import ROOT, WorkerSettings
from app.shell.trace_paths import Waiting
from app.shell.tracing import TRACE_PARENT, Tracing
from app.stage import Headers, LogRecord, OutRecord, Round
from app.topics import Topic
from app.wire.codec import bundled_codec
from app.wire.payload import encode_event

NOW = Instant(1_783_000_000_000)
TRACE = "0af7651916cd43dd8448eb211c80319c"
SAMPLED = ((TRACE_PARENT, f"00-{TRACE}-b7ad6b7169203331-01".encode()),)
NOT_SAMPLED = ((TRACE_PARENT, f"00-{TRACE}-b7ad6b7169203331-00".encode()),)


class World:
    """Intake and directory, traced."""

    def __init__(self, share: float = 1.0) -> None:
        self._exporter = InMemorySpanExporter()
        provider = TracerProvider(sampler=ParentBased(TraceIdRatioBased(share)))
        provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.tracing = Tracing(provider)
        plain = stages(bundled_codec(), data_clock=False)
        self.intake, self.directory = self.tracing.intake(plain.intake), self.tracing.keyed(plain.directory)
        self._offset = 0

    def spans(self) -> list[ReadableSpan]:
        return list(self._exporter.get_finished_spans())

    def scan(self, headers: Headers = (), number: str = "TN1") -> list[OutRecord]:
        payload = {"carrier": "dhl", "tracking_number": number, "status": "in_transit", "occurred_at": to_iso(NOW)}
        value = encode_event(Topic.TRACKING_SCANS, "parcel_scanned", payload)
        return list(self.intake.admit(self._read(Topic.TRACKING_SCANS, number.encode(), value, headers)))

    def order(self) -> list[OutRecord]:
        parcels = [{"carrier": "dhl", "tracking_number": "TN1"}]
        payload = {
            "customer_id": "ann",
            "journey_id": "1",
            "consignment_id": "A",
            "parcels": parcels,
            "occurred_at": to_iso(NOW),
        }
        value = encode_event(Topic.ORDERS, "dispatched", payload)
        return list(self.intake.admit(self._read(Topic.ORDERS, b"1", value)))

    def round(self, outputs: list[OutRecord], table: dict[bytes, bytes]) -> list[OutRecord]:
        """Work what is for the directory in a round, and commit it."""
        records = [self._read(o.topic, o.key, o.value, o.headers) for o in outputs if o.topic is Topic.DIRECTORY]
        effects = self.directory.work(Round(0, records, (), NOW), table)
        table.update({key: value for key, value in effects.changes.items() if value is not None})
        self.tracing.committed("directory", 0)
        return list(effects.outputs)

    def _read(self, topic: Topic, key: bytes | None, value: bytes | None, headers: Headers = ()) -> LogRecord:
        self._offset += 1
        return LogRecord(key, value, NOW, topic, 0, self._offset, headers)


def trace_of(record: OutRecord) -> str | None:
    value = dict(record.headers).get(TRACE_PARENT)
    return None if value is None else value.decode().split("-")[1]


def test_a_scan_carries_its_senders_trace_on_and_one_without_begins_its_own() -> None:
    world = World()
    assert {trace_of(out) for out in world.scan(SAMPLED)} == {TRACE}
    (own,) = {trace_of(out) for out in world.scan()}
    assert own not in {TRACE, None}
    assert [span.name for span in world.spans()] == ["intake tracking-scans"] * 2
    attributes = world.spans()[0].attributes
    assert attributes is not None
    assert attributes["makegood.written_to"] == ("directory",)


@pytest.mark.parametrize(
    "value", [None, b"", b"00-zz-1-01", b"\xff\xfe", b"00-" + b"0" * 32 + b"-" + b"0" * 16 + b"-01"]
)
def test_a_context_that_cannot_be_read_is_no_context(value: bytes | None) -> None:
    world = World()
    (trace,) = {trace_of(out) for out in world.scan(((TRACE_PARENT, value),))}
    assert trace is not None
    assert trace.strip("0")


def test_what_nobody_records_carries_nothing_and_costs_no_span_further_on() -> None:
    world = World(share=0.0)
    outputs = [*world.scan(), *world.scan(NOT_SAMPLED, "TN2")]
    assert [out.headers for out in outputs] == [(), ()]
    world.round(outputs, {})
    assert world.spans() == []


def test_a_sender_that_traces_is_followed_whatever_our_share() -> None:
    assert {trace_of(out) for out in World(share=0.0).scan(SAMPLED)} == {TRACE}


def test_a_fact_that_waits_goes_on_in_its_own_trace_when_another_sets_it_free() -> None:
    world, table = World(), dict[bytes, bytes]()
    assert world.round(world.scan(SAMPLED), table) == []
    freed = world.round(world.order(), table)
    assert [trace_of(out) for out in freed if out.topic is Topic.JOURNEY_LOG] == [TRACE]
    directory = [span for span in world.spans() if span.name == "directory directory"]
    assert next(format(span.context.trace_id, "032x") for span in directory) == TRACE
    assert directory[0].parent is not None


def test_only_so_many_waiting_facts_are_remembered() -> None:
    waiting = Waiting()
    for offset in range(10_001):
        waiting.keep(Source("orders", 0, offset), (TRACE_PARENT, b"%d" % offset))
    assert len(waiting) == 10_000
    assert waiting.of(Source("orders", 0, 0)) is None
    assert waiting.of(Source("orders", 0, 10_000)) == (TRACE_PARENT, b"10000")


def test_a_round_that_was_not_committed_is_not_told() -> None:
    world = World()
    records = [LogRecord(out.key, out.value, NOW, out.topic, 0, 9, out.headers) for out in world.scan()]
    world.directory.work(Round(0, records, (), NOW), {})
    assert [span.name for span in world.spans()] == ["intake tracking-scans"]


def test_off_is_off_and_so_is_a_replay(tmp_path: Path) -> None:
    endpoint = "http://127.0.0.1:4318/v1/traces"
    assert _tracing(WorkerSettings(trace_endpoint=None)) is None
    assert _tracing(WorkerSettings(trace_endpoint=endpoint, clock="data")) is None
    program = "import sys, app.main; print([name for name in sys.modules if name.startswith('opentelemetry')])"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"

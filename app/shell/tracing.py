"""OpenTelemetry traces from input record to output record (decision 0020).

Stages are wrapped, so that a worker without traces has not one instruction more. Context is carried in the records'
`traceparent` header (W3C Trace Context): intake continues the sender's trace, or begins one, and every record that
follows from it carries on, up to the outputs. Spans name topics, partitions and offsets, never anybody.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from time import time_ns
from typing import Any, Final

from msgspec import structs
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import Span, SpanKind, Tracer, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from app.clock import Instant
from app.shell.trace_paths import Header, Paths, Waiting
from app.stage import Effects, Headers, IntakeStage, KeyedStage, LogRecord, OutRecord, Round
from app.topics import Topic

TRACE_PARENT: Final = "traceparent"
_TRACE_STATE: Final = "tracestate"
_SERVICE: Final = "makegood-worker"
_NANOS_A_MILLI: Final = 1_000_000
_propagator: Final = TraceContextTextMapPropagator()


def provider(endpoint: str, share: float) -> TracerProvider:
    """Return what sends spans to an OTLP collector over HTTP, in the background; `share` of the traces we begin.

    Whether a trace that a sender began is recorded is for the sender to say. What the collector does not take in time
    is dropped and logged by the exporter: watching never stops what is watched.
    """
    resource = Resource.create({"service.name": _SERVICE, "service.version": version("makegood")})
    made = TracerProvider(sampler=ParentBased(TraceIdRatioBased(share)), resource=resource)
    made.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
    return made


class Tracing:
    """Wraps a worker's stages; as a companion of the worker it sends what is left at the end."""

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("makegood")
        self._open: dict[tuple[str, int], Sequence[Span]] = {}

    def intake(self, stage: IntakeStage) -> IntakeStage:
        """Return the stage with a span for each record."""
        return _TracedIntake(stage, self._tracer)

    def keyed(self, stage: KeyedStage) -> KeyedStage:
        """Return the stage with a span for each traced record of a round, which ends when the round is committed."""
        return _TracedStage(stage, self._tracer, self._begun)

    def _begun(self, stage: str, partition: int, spans: Sequence[Span]) -> None:
        self._open[stage, partition] = spans

    def committed(self, stage: str, partition: int) -> None:
        """End the spans of the round that has just been committed."""
        for span in self._open.pop((stage, partition), ()):
            span.end()

    async def start(self) -> None:
        """Do nothing: spans are sent from the first on."""

    async def stop(self) -> None:
        """Send what is left."""
        await asyncio.to_thread(self._provider.shutdown)


class _TracedIntake:
    def __init__(self, stage: IntakeStage, tracer: Tracer) -> None:
        self._stage = stage
        self._tracer = tracer

    def admit(self, record: LogRecord) -> Sequence[OutRecord]:
        span = _span(self._tracer, "intake", record, time_ns(), _context(record.headers))
        admitted = self._stage.admit(record)
        header = _header(span)
        if header is not None:
            span.set_attribute("makegood.written_to", sorted({str(out.topic) for out in admitted}))
            admitted = [structs.replace(out, headers=(*out.headers, header)) for out in admitted]
        span.end()
        return admitted


class _TracedStage:
    """Implements `stage.KeyedStage` around another."""

    def __init__(self, stage: KeyedStage, tracer: Tracer, begun: Callable[[str, int, Sequence[Span]], None]) -> None:
        self._stage = stage
        self._tracer = tracer
        self._begun = begun
        self._waiting = Waiting()
        self.name = stage.name
        self.log: Topic = stage.log
        self.changelog: Topic = stage.changelog

    def work(self, round_: Round, table: Mapping[bytes, bytes]) -> Effects:
        began = time_ns()
        effects = self._stage.work(round_, table)
        spans: dict[LogRecord, Span] = {
            record: _span(self._tracer, self.name, record, began, _context(record.headers))
            for record in round_.records
            if any(name == TRACE_PARENT for name, _ in record.headers)
        }
        headers = {record: header for record, span in spans.items() if (header := _header(span)) is not None}
        self._begun(self.name, round_.partition, list(spans.values()))
        if not headers and not self._waiting:
            return effects
        paths = Paths(headers, self._waiting)
        marked = [paths.marked(output) for output in effects.outputs]
        written: dict[tuple[str, bytes | None], set[str]] = {}
        for output in marked:
            for said in output.headers:
                written.setdefault(said, set()).add(str(output.topic))
        for record, header in headers.items():
            spans[record].set_attribute("makegood.written_to", sorted(written.get(header, ())))
        return effects._replace(outputs=marked)

    def next_due(self, value: bytes) -> Instant | None:
        return self._stage.next_due(value)


def _context(headers: Headers) -> Context:
    """Return the context a record carries; an empty one when it has none, or none that can be read."""
    carried = {
        name: value.decode("latin-1")
        for name, value in headers
        if name in {TRACE_PARENT, _TRACE_STATE} and value is not None
    }
    return _propagator.extract(carried, Context())


def _span(tracer: Tracer, name: str, record: LogRecord, began: int, parent: Context) -> Span:
    attributes: dict[str, Any] = {
        "messaging.system": "kafka",
        "messaging.operation.type": "process",
        "messaging.destination.name": str(record.topic),
        "messaging.destination.partition.id": str(record.partition),
        "messaging.kafka.offset": record.offset,
        "makegood.waited_ms": began // _NANOS_A_MILLI - record.timestamp,
    }
    return tracer.start_span(
        f"{name} {record.topic}", context=parent, kind=SpanKind.CONSUMER, attributes=attributes, start_time=began
    )


def _header(span: Span) -> Header | None:
    """Return the header that carries a span on; None when it is not recorded, and nobody need follow it."""
    if not span.is_recording():
        return None
    carried: dict[str, str] = {}
    _propagator.inject(carried, set_span_in_context(span, Context()))
    return (TRACE_PARENT, carried[TRACE_PARENT].encode())

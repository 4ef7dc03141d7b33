"""What the sinks did, for Prometheus: `/metrics` and `/healthz` of `makegood sinks`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from app.errors import SetupError
from app.shell.metric_list import SECONDS
from app.sinks.courier import Delivered, Told


class SinkMetrics:
    """Counts by sink; labels are names of tools and words of ours, never people."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._people = Counter(
            "makegood_sink_people", "People by what became of them.", ("sink", "outcome"), registry=self.registry
        )
        self._retries = Counter(
            "makegood_sink_retries", "Requests that had to be tried again.", ("sink",), registry=self.registry
        )
        self._failures = Counter(
            "makegood_sink_failures", "Times a sink failed and began again.", ("sink",), registry=self.registry
        )
        self._delay = Histogram(
            "makegood_sink_delay_seconds",
            "From a batch's oldest record being written until the tool has it.",
            ("sink",),
            registry=self.registry,
            buckets=SECONDS,
        )
        self._last = Gauge(
            "makegood_sink_last_round_timestamp_seconds",
            "When the sink last had nothing undelivered.",
            ("sink",),
            registry=self.registry,
        )

    def told(self, told: Told) -> None:
        """Count what operations are told."""
        if told.what == "retrying":
            self._retries.labels(told.vendor).inc()

    def delivered(self, sink: str, done: Delivered, delay_s: float) -> None:
        """Count a batch."""
        for outcome, people in done._asdict().items():
            self._people.labels(sink, outcome).inc(people)
        self._delay.labels(sink).observe(delay_s)

    def idle(self, sink: str, now_s: float) -> None:
        """Note that everything read so far is delivered."""
        self._last.labels(sink).set(now_s)

    def failed(self, sink: str) -> None:
        """Count a failure."""
        self._failures.labels(sink).inc()


@asynccontextmanager
async def served(metrics: SinkMetrics, host: str, port: int) -> AsyncIterator[int]:
    """Serve them while inside; gives the port. SetupError when the address cannot be had."""

    async def show(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(metrics.registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def health(_: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    app = web.Application()
    app.add_routes([web.get("/metrics", show), web.get("/healthz", health)])
    runner = web.AppRunner(app, access_log=None, handle_signals=False)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            raise SetupError(
                f"cannot serve /metrics on {host}:{port} ({error.strerror or error}): "
                "set MAKEGOOD_SINKS_HOST and MAKEGOOD_SINKS_PORT (0 picks a free port)"
            ) from error
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()

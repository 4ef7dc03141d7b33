"""What the sinks did, for Prometheus: `/metrics` and `/healthz` of `makegood sinks`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import web

from app.errors import SetupError
from app.shell import edge_metric_list as listed
from app.shell.edge_metric_list import SINK_METRICS
from app.shell.meters import Meters, metrics_page
from app.sinks.courier import Delivered, Told

UNADDRESSED: Final = "unaddressed"
UNREADABLE: Final = "unreadable"


class SinkMetrics:
    """Counts by sink; labels are names of tools and words of ours, never people."""

    def __init__(self) -> None:
        self._meters = Meters(SINK_METRICS)
        self.registry = self._meters.registry

    def begin(self, sink: str, now_s: float) -> None:
        """Let a sink's series appear, so that the first failure is seen as one and silence has a beginning."""
        self._meters.count(listed.SINK_RETRIES, sink, by=0)
        self._meters.count(listed.SINK_FAILURES, sink, by=0)
        for outcome in (*Delivered._fields, UNADDRESSED, UNREADABLE):
            self._meters.count(listed.SINK_PEOPLE, sink, outcome, by=0)
        self._meters.set(listed.SINK_DELIVERED_TO, now_s, sink)

    def told(self, told: Told) -> None:
        """Count what operations are told."""
        if told.what == "retrying":
            self._meters.count(listed.SINK_RETRIES, told.vendor)

    def delivered(self, sink: str, done: Delivered, delay_s: float) -> None:
        """Count a batch."""
        for outcome, people in done._asdict().items():
            self._meters.count(listed.SINK_PEOPLE, sink, outcome, by=people)
        self._meters.observe(listed.SINK_DELAY, delay_s, sink)

    def not_carried(self, sink: str, outcome: str) -> None:
        """Count a hold or release that no tool can be told: UNADDRESSED or UNREADABLE."""
        self._meters.count(listed.SINK_PEOPLE, sink, outcome)

    def delivered_to(self, sink: str, at_s: float) -> None:
        """Note up to when everything that was said is delivered."""
        self._meters.set(listed.SINK_DELIVERED_TO, at_s, sink)

    def failed(self, sink: str) -> None:
        """Count a failure."""
        self._meters.count(listed.SINK_FAILURES, sink)


@asynccontextmanager
async def served(metrics: SinkMetrics, host: str, port: int) -> AsyncIterator[int]:
    """Serve them while inside; gives the port. SetupError when the address cannot be had."""

    async def health(_: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    app = web.Application()
    app.add_routes([web.get("/metrics", metrics_page(metrics.registry)), web.get("/healthz", health)])
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

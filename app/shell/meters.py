"""Metrics of a closed list, in a registry of their own: made at once, moved by their entry in the list."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from aiohttp import web
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from app.shell.metric import Kind, Metric

# a second series for each counter, saying when it began: Prometheus makes nothing of it in this format
disable_created_metrics()  # type: ignore[no-untyped-call]  # the client types it not


class Meters:
    """The metrics of one process, and what the client tells of the process itself."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self.registry = CollectorRegistry()
        GCCollector(registry=self.registry)
        ProcessCollector(registry=self.registry)
        listed = tuple(metrics)
        self._counters = {m.name: Counter(*_said(m), registry=self.registry) for m in _of(Kind.COUNTER, listed)}
        self._gauges = {m.name: Gauge(*_said(m), registry=self.registry) for m in _of(Kind.GAUGE, listed)}
        self._histograms = {
            m.name: Histogram(*_said(m), buckets=m.buckets, registry=self.registry) for m in _of(Kind.HISTOGRAM, listed)
        }
        self._children: dict[tuple[str, ...], Counter] = {}
        self._observed: dict[tuple[str, ...], Histogram] = {}

    def count(self, metric: Metric, *labels: str, by: float = 1) -> None:
        """Add to a counter; by 0 makes it appear, so that its first rise is seen as one."""
        key = (metric.name, *labels)
        child = self._children.get(key)
        if child is None:
            counter = self._counters[metric.name]
            child = self._children[key] = counter.labels(*labels) if labels else counter
        child.inc(by)

    def observe(self, metric: Metric, value: float, *labels: str) -> None:
        """Put a value into a histogram."""
        key = (metric.name, *labels)
        child = self._observed.get(key)
        if child is None:
            histogram = self._histograms[metric.name]
            child = self._observed[key] = histogram.labels(*labels) if labels else histogram
        child.observe(value)

    def set(self, metric: Metric, value: float, *labels: str | int) -> None:
        """Set a gauge."""
        gauge = self._gauges[metric.name]
        (gauge.labels(*labels) if labels else gauge).set(value)

    def remove(self, metric: Metric, *labels: str) -> None:
        """Forget a gauge's value for these labels."""
        self._gauges[metric.name].remove(*labels)


def metrics_page(registry: CollectorRegistry) -> Callable[[web.Request], Awaitable[web.Response]]:
    """Return the handler of `/metrics`."""

    async def show(_: web.Request) -> web.Response:
        # hundreds of samples take milliseconds to write out: not on the event loop that does the work
        body = await asyncio.to_thread(generate_latest, registry)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})

    return show


def _of(kind: Kind, metrics: Iterable[Metric]) -> Iterable[Metric]:
    return (metric for metric in metrics if metric.kind is kind)


def _said(metric: Metric) -> tuple[str, str, tuple[str, ...]]:
    return metric.name, metric.help, metric.labels

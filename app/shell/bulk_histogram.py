"""A histogram that takes a whole slice of records at once.

prometheus-client observes one value at a time, some 1 µs each: for slices of thousands of records that is milliseconds
of the event loop. Log records come in the order of their append time, so a slice is counted with one binary search a
bucket.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate, islice
from operator import attrgetter
from typing import Final

from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from app.shell.metric import Metric
from app.stage import LogRecord

_timestamp: Final = attrgetter("timestamp")


class AgeHistogram(Collector):
    """How old records were, in seconds, by one label; a collector that Prometheus' registry asks for its samples."""

    def __init__(self, metric: Metric) -> None:
        self._metric = metric
        self._counts: dict[str, list[int]] = {}
        self._sums: dict[str, float] = {}

    def observe(self, label: str, records: Sequence[LogRecord], now_ms: int) -> None:
        """Count records, oldest first, by their age at `now_ms`; one dated later than that has no age."""
        counts = self._counts.setdefault(label, [0] * (len(self._metric.buckets) + 1))
        younger = len(records)
        for index, edge in enumerate(self._metric.buckets):
            older = bisect_right(records, now_ms - int(edge * 1000) - 1, hi=younger, key=_timestamp)
            counts[index] += younger - older
            younger = older
        counts[-1] += younger
        dated = bisect_right(records, now_ms, key=_timestamp)
        ages = dated * now_ms - sum(map(_timestamp, islice(records, dated)))
        self._sums[label] = self._sums.get(label, 0.0) + ages / 1000

    def describe(self) -> Iterable[HistogramMetricFamily]:
        """Return the family without samples, so that the registry can refuse a second one of its name."""
        return [self._family()]

    def collect(self) -> Iterable[HistogramMetricFamily]:
        """Return the samples as they stand; called from another thread."""
        family = self._family()
        edges = [*map(floatToGoString, self._metric.buckets), "+Inf"]
        for label, counts in list(self._counts.items()):
            family.add_metric([label], list(zip(edges, accumulate(counts), strict=True)), self._sums.get(label, 0.0))
        return [family]

    def _family(self) -> HistogramMetricFamily:
        return HistogramMetricFamily(self._metric.name, self._metric.help, labels=self._metric.labels)

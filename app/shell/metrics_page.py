"""docs/metrics.md, from the list of metrics: `python -m app.shell.metrics_page > docs/metrics.md`."""

from collections.abc import Iterator

from app.shell.metric_list import METRICS, Kind, Metric

_INTRO = """# Metrics

Every worker serves these on `/metrics` of `MAKEGOOD_WEB_HOST:MAKEGOOD_WEB_PORT` (127.0.0.1:6066 unless set), in
Prometheus' text format. The list is closed: it is generated from `app/shell/metric_list.py`, and a test holds the two
against each other. Labels are words of the product or of the policy and numbers of partitions, never ids and never
anything personal. Beside them stand `process_*` and `python_gc_*` of the Prometheus client.

`/healthz` answers 200 while the worker is not stuck, 503 with the reason when its event loop or its work stands still
(restart it). `/readyz` answers 200 once every partition it was given has been recovered and is worked on, 503 until
then (wait for it). Neither says anything about the other.
"""


def page() -> str:
    """Return the whole document."""
    return _INTRO + "".join(_section(metric) for metric in METRICS)


def _section(metric: Metric) -> str:
    return "\n".join(("", f"## `{metric.name}`", "", *_lines(metric), ""))


def _lines(metric: Metric) -> Iterator[str]:
    yield metric.help
    yield ""
    yield f"- kind: {metric.kind}, unit: {metric.unit}"
    yield f"- labels: {', '.join(f'`{label}`' for label in metric.labels) or 'none'}"
    yield f"- moves {metric.moves}"
    if metric.kind is Kind.HISTOGRAM:
        yield f"- buckets: {', '.join(f'{edge:g}' for edge in metric.buckets)}"


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201 - its output is the document

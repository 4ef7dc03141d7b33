"""docs/metrics.md, from the list of metrics: `python -m app.shell.metrics_page > docs/metrics.md`."""

from collections.abc import Iterator

from app.shell.edge_metric_list import PROCESSES, Process
from app.shell.metric import Kind, Metric

_INTRO = """# Metrics

Each of the four processes serves its own on `/metrics`, in Prometheus' text format. The lists are closed: this page is
generated from `app/shell/metric_list.py` and `app/shell/edge_metric_list.py`, and tests hold page, lists and processes
against each other. Labels are words of the product or of the policy, sources, tools, patterns of addresses and numbers
of partitions, never ids and never anything personal. Beside them stand `process_*` and `python_gc_*` of the Prometheus
client. What is made of them: the rules in `deploy/prometheus`, the dashboards in `deploy/grafana`, and a runbook for
each alert in [runbooks](runbooks/README.md).

`/metrics` asks for no token. It says nothing about anybody, but how much goes on: of a process that faces the internet
(`makegood webhooks serve`) let only `/v1/webhooks/` through to the outside.

A worker's `/healthz` answers 200 while it is not stuck, 503 with the reason when its event loop or its work stands
still (restart it). `/readyz` answers 200 once every partition it was given has been recovered and is worked on, 503
until then (wait for it). Neither says anything about the other. The web process answers `/readyz` with 200 while its
read model is fresh enough for the gate.
"""


def page() -> str:
    """Return the whole document."""
    return _INTRO + "".join(_of(process) for process in PROCESSES)


def _of(process: Process) -> str:
    where = f"On `{process.host}:{process.port}` ({process.at} unless set)."
    return f"\n## {process.command}\n\n{where}\n" + "".join(map(_section, process.metrics))


def _section(metric: Metric) -> str:
    return "\n".join(("", f"### `{metric.name}`", "", *_lines(metric), ""))


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

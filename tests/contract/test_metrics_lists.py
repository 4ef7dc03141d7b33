"""Each process serves the metrics of its list in docs/metrics.md, and no others."""

import asyncio
from collections.abc import Iterable

from aiohttp import ClientSession
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from app.clock import Instant
from app.ids import CustomerId, OutputId
from app.outputs import ALL, HoldEntry, Scope, Suppression
from app.shell.edge_metric_list import SINK_METRICS, WEB_METRICS, WEBHOOK_METRICS
from app.shell.meters import Meters
from app.shell.metric import Metric
from app.shell.sink_metrics import UNADDRESSED, UNREADABLE, SinkMetrics
from app.sinks.courier import Delivered, Told
from app.web.access import Role
from app.web.server import serving
from tests.support.told_site import TOKENS, empty_site, tell

NOW = Instant(1_790_000_000_000)
HELD = CustomerId("held")


def _families(registry: CollectorRegistry) -> set[str]:
    return {family.name for family in registry.collect() if family.name.startswith("makegood_")}


def _names(metrics: Iterable[Metric]) -> set[str]:
    return {metric.name.removesuffix("_total") for metric in metrics}


def test_the_web_process_serves_its_list_and_counts_what_it_answered_without_naming_anybody() -> None:
    hold = HoldEntry(Scope(("promotion",), (ALL,)), "late_delivery", "problem-1", NOW, "made good")

    async def run() -> str:
        site = empty_site(NOW)
        tell(site, [Suppression(OutputId("1"), NOW, HELD, suppressed=True, holds=(hold,))])
        token = {"Authorization": f"Bearer {TOKENS[Role.GATE]}"}
        async with serving(site) as port, ClientSession(f"http://127.0.0.1:{port}") as session:
            await session.get("/v1/customers/held/may-send?class=promotion&channel=email", headers=token)
            await session.get("/v1/customers/free/may-send?class=promotion&channel=email", headers=token)
            await session.get("/v1/customers/held/may-send?class=promotion&channel=email")
            await session.get("/held@example.org")
            batch = {"class": "promotion", "questions": [{"customer": "held"}, {"customer": "free"}]}
            await session.post("/v1/may-send", json=batch, headers=token)
            async with session.get("/metrics") as answer:
                return await answer.text()

    said = asyncio.run(run())
    samples = {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(said)
        for sample in family.samples
    }
    served = {family.name for family in text_string_to_metric_families(said) if family.name.startswith("makegood_")}
    assert served == _names(WEB_METRICS)
    route = ("route", "/v1/customers/{id}/may-send")
    assert samples["makegood_web_requests_total", route, ("status", "200")] == 2
    assert samples["makegood_web_requests_total", route, ("status", "401")] == 1
    assert samples["makegood_web_requests_total", ("route", "other"), ("status", "404")] == 1
    assert samples["makegood_gate_answers_total", ("answer", "refused"), ("why", "hold")] == 2
    assert samples["makegood_gate_answers_total", ("answer", "allowed"), ("why", "free")] == 2
    assert samples["makegood_web_request_seconds_count", route] == 3
    assert samples["makegood_read_model_stale",] == 0
    assert samples["makegood_read_model_age_seconds",] == 0
    assert "held@" not in said
    assert '"held"' not in said


def test_a_gate_that_has_not_caught_up_says_so_in_its_metrics() -> None:
    site = empty_site(NOW)
    site.model.follows(lambda: None)
    site.meters.standing(site.model.freshness(), unreadable=2, pages=1)
    assert site.meters.registry.get_sample_value("makegood_read_model_stale") == 1
    assert site.meters.registry.get_sample_value("makegood_read_model_age_seconds") == float("inf")
    assert site.meters.registry.get_sample_value("makegood_read_model_unreadable_total") == 2
    site.meters.standing(site.model.freshness(), unreadable=3, pages=0)
    assert site.meters.registry.get_sample_value("makegood_read_model_unreadable_total") == 3


def test_the_sinks_have_their_list_and_their_series_are_there_before_anything_fails() -> None:
    metrics = SinkMetrics()
    metrics.begin("braze", 5.0)
    assert _families(metrics.registry) == _names(SINK_METRICS)
    assert metrics.registry.get_sample_value("makegood_sink_failures_total", {"sink": "braze"}) == 0
    metrics.told(Told("braze", "retrying", "503"))
    metrics.failed("braze")
    metrics.delivered("braze", Delivered(written=3, refused=1), 0.4)
    metrics.delivered_to("braze", 9.0)
    assert metrics.registry.get_sample_value("makegood_sink_retries_total", {"sink": "braze"}) == 1
    assert metrics.registry.get_sample_value("makegood_sink_failures_total", {"sink": "braze"}) == 1
    people = {"sink": "braze", "outcome": "written"}
    assert metrics.registry.get_sample_value("makegood_sink_people_total", people) == 3
    for outcome in (UNADDRESSED, UNREADABLE):
        people = {"sink": "braze", "outcome": outcome}
        assert metrics.registry.get_sample_value("makegood_sink_people_total", people) == 0
        metrics.not_carried("braze", outcome)
        assert metrics.registry.get_sample_value("makegood_sink_people_total", people) == 1
    assert metrics.registry.get_sample_value("makegood_sink_delay_seconds_count", {"sink": "braze"}) == 1
    assert metrics.registry.get_sample_value("makegood_sink_delivered_to_timestamp_seconds", {"sink": "braze"}) == 9


def test_the_webhook_process_has_its_list() -> None:
    assert _families(Meters(WEBHOOK_METRICS).registry) == _names(WEBHOOK_METRICS)

"""The worker's web server as a scraper and an orchestrator see it: real sockets, real HTTP."""

import asyncio
from collections.abc import Awaitable, Callable

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from app.clock import Instant
from app.errors import SetupError
from app.outputs import Output
from app.shell.telemetry import PrometheusTelemetry
from app.shell.worker_web import WorkerWeb
from app.topics import Topic


def _no_output(topic: Topic, value: bytes) -> Output:
    raise AssertionError(topic, value)


class Served:
    """A worker's web on a free port, and its clock."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.telemetry = PrometheusTelemetry(_no_output, now=lambda: Instant(5_000), monotonic=lambda: self.seconds)
        self.web = WorkerWeb(self.telemetry, "127.0.0.1", 0)

    async def get(self, path: str) -> tuple[int, str, str]:
        url = f"http://127.0.0.1:{self.web.port}{path}"
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            return answer.status, await answer.text(), answer.headers["Content-Type"]


def serving(talk: Callable[[Served], Awaitable[None]]) -> None:
    async def run() -> None:
        served = Served()
        await served.web.start()
        try:
            await talk(served)
        finally:
            await served.web.stop()

    asyncio.run(run())


def test_metrics_are_served_in_prometheus_own_format() -> None:
    async def talk(served: Served) -> None:
        served.telemetry.events_in(Topic.ORDERS, "admitted", 1)
        status, body, kind = await served.get("/metrics")
        assert status == 200
        assert kind.startswith("text/plain; version=")
        samples = {
            (sample.name, *sorted(sample.labels.values())): sample.value
            for family in text_string_to_metric_families(body)
            for sample in family.samples
        }
        assert samples["makegood_events_total", "admitted", "orders"] == 1
        assert samples["makegood_events_total", "dead_letter", "orders"] == 0

    serving(talk)


def test_a_worker_that_recovers_is_healthy_and_not_ready() -> None:
    async def talk(served: Served) -> None:
        served.telemetry.recovery("journey", 0, 10, 90)
        assert (await served.get("/healthz"))[:2] == (200, "ok\n")
        assert (await served.get("/readyz"))[:2] == (503, "recovering, 90 offsets to read\n")
        served.telemetry.ready(True)
        assert (await served.get("/readyz"))[:2] == (200, "ok\n")

    serving(talk)


def test_a_worker_that_is_stuck_says_why() -> None:
    async def talk(served: Served) -> None:
        served.telemetry.ready(True)
        served.seconds = 60.0
        status, body, _ = await served.get("/healthz")
        assert status == 503
        assert "has not turned for 60 s" in body
        assert (await served.get("/readyz"))[0] == 200
        served.telemetry.alive()
        assert (await served.get("/healthz"))[0] == 200

    serving(talk)


def test_nothing_else_is_served() -> None:
    async def talk(served: Served) -> None:
        for path in ("/", "/table/journey/ann/", "/metrics/x"):
            assert (await served.get(path))[0] == 404

    serving(talk)


def test_a_taken_port_is_a_clear_error() -> None:
    async def talk(served: Served) -> None:
        second = WorkerWeb(served.telemetry, "127.0.0.1", served.web.port)
        with pytest.raises(SetupError, match=f"127.0.0.1:{served.web.port}.*MAKEGOOD_WEB_PORT"):
            await second.start()
        await second.stop()

    serving(talk)

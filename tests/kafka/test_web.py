"""Gate and pages over a real broker: what is committed is answered, what is aborted is not, and a lost broker shows."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from aiohttp import ClientSession
from click.testing import CliRunner

from app.broker import Broker
from app.cli import cli
from app.errors import SetupError
from app.outputs import Output
from app.settings import KafkaSettings, WebSettings, WorkerSettings
from app.shell.topics_admin import apply_topics, delete_namespace
from app.web.access import Access, Role, line_of
from app.web.server import followers, serving, site_of
from tests.support.explained_customer import outputs
from tests.support.saying import held, say

pytestmark = pytest.mark.expects_error_log(
    "aiokafka",  # the client tells of each moment in which a topic has no leader yet, or the broker is away
)

AUTH: Final = {"Authorization": "Bearer t"}
PATIENCE: Final = 20.0


class Place:
    """A namespace on a broker with a site that follows it."""

    def __init__(self, kafka: KafkaSettings, session: ClientSession, address: str, prefix: str) -> None:
        self.kafka = kafka
        self.session = session
        self.address = address
        self.prefix = prefix

    async def say(self, *said: Output, abort: bool = False, forget: str = "") -> None:
        await say(self.kafka, self.prefix, *said, abort=abort, forget=forget)

    async def answer(self, customer: str) -> Any:
        path = f"{self.address}/v1/customers/{customer}/may-send?class=promotion"
        async with self.session.get(path, headers=AUTH) as response:
            return await response.json()

    async def until(self, customer: str, why: str) -> Any:
        began = time.monotonic()
        while True:
            found = await self.answer(customer)
            if found["why"] == why:
                return found
            assert time.monotonic() - began < PATIENCE, f"{customer} is {found}, not {why}"
            await asyncio.sleep(0.05)


@asynccontextmanager
async def place(kafka: KafkaSettings, prefix: str, stale_after_ms: int = 3_000) -> AsyncIterator[Place]:
    worker = WorkerSettings(topic_prefix=prefix)
    await apply_topics(kafka, worker)
    settings = WebSettings(port=0, worker_metrics="", stale_after_ms=stale_after_ms)
    site = site_of(settings, worker, Access([line_of("t", [Role.GATE, Role.AUDITOR], "test")]))
    tasks = [asyncio.create_task(follower.run()) for follower in followers(site, kafka, worker)]
    async with serving(site) as port, ClientSession() as session:
        try:
            yield Place(kafka, session, f"http://127.0.0.1:{port}", prefix)
        finally:
            for task in tasks:
                task.cancel()
            ended = await asyncio.gather(*tasks, return_exceptions=True)
            assert all(isinstance(one, asyncio.CancelledError) for one in ended), ended


def test_a_hold_is_answered_within_a_second_of_its_commit_and_ends_with_its_tombstone(
    kafka_settings: KafkaSettings, topic_prefix: str
) -> None:
    async def run() -> None:
        async with place(kafka_settings, topic_prefix) as at:
            await at.until("ann", "free")
            await at.say(held("ann"))
            committed = time.monotonic()
            answer = await at.until("ann", "hold")
            assert time.monotonic() - committed < 1.0
            assert answer["freshness"]["stale"] is False
            await at.say(held("aborted"), abort=True)
            await at.say(forget="ann")
            await at.until("ann", "free")
            assert (await at.answer("aborted"))["why"] == "free"
        await delete_namespace(kafka_settings, topic_prefix)

    asyncio.run(run())


def test_a_site_started_anew_knows_what_was_said_before_it(kafka_settings: KafkaSettings, topic_prefix: str) -> None:
    async def run() -> None:
        async with place(kafka_settings, topic_prefix) as at:
            await at.say(held("bob"), *outputs())
            await at.until("bob", "hold")
        async with place(kafka_settings, topic_prefix) as at:
            assert (await at.answer("bob"))["why"] in {"stale", "hold"}
            await at.until("bob", "hold")
            headers = {**AUTH, "Accept": "text/html"}
            async with at.session.get(f"{at.address}/customers/ann", headers=headers) as response:
                page = await response.text()
            assert "store credit of 20.00 EUR; costs 18.50 EUR (marketing)" in page
            async with at.session.get(f"{at.address}/", headers=headers) as response:
                assert response.status == 200
        await delete_namespace(kafka_settings, topic_prefix)

    asyncio.run(run())


def test_a_gate_that_has_lost_its_broker_closes_for_marketing_and_opens_again(tmp_path: Path) -> None:
    async def run(first: Broker) -> None:
        kafka = KafkaSettings(bootstrap=first.bootstrap, security_protocol="PLAINTEXT")
        port = int(first.bootstrap.rpartition(":")[2])
        async with place(kafka, "lost-", stale_after_ms=1_500) as at:
            await at.say(held("ann"))
            await at.until("ann", "hold")
            first.stop()
            await at.until("nobody", "stale")
            path = f"{at.address}/v1/customers/ann/may-send?class=recovery"
            async with at.session.get(path, headers=AUTH) as response:
                assert (await response.json())["allowed"] is True
            with Broker.start(tmp_path / "kafka", port):
                await at.until("nobody", "free")
                await at.until("ann", "hold")

    with Broker.start(tmp_path / "kafka") as broker:
        asyncio.run(run(broker))


def test_missing_topics_are_one_line_that_says_what_to_do(kafka_settings: KafkaSettings, topic_prefix: str) -> None:
    env = {
        "KAFKA_BOOTSTRAP": kafka_settings.bootstrap,
        "MAKEGOOD_TOPIC_PREFIX": topic_prefix,
        "MAKEGOOD_SITE_PORT": "0",
    }
    result = CliRunner().invoke(cli, ["web"], env=env)
    assert result.exit_code == 2, result.output
    assert "create the topics with `makegood topics apply`" in result.output
    assert SetupError.__name__ not in result.output

"""From vendors' webhooks through a real broker and worker to a hold in a marketing tool, another tool being down."""

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest
from aiohttp import web
from pydantic import SecretStr

from app.broker.ports import free_port
from app.decide import compile_policy, load_folder
from app.outputs import Decision, Suppression
from app.replay.workers import Workers, environment_of
from app.settings import KafkaSettings, SinkSettings, WebhookSettings, WorkerSettings
from app.shell.lasting_publisher import LastingPublisher, NotWrittenError
from app.shell.output_reader import read_outputs
from app.shell.policy_activation import activate
from app.shell.publisher import write
from app.shell.safe_clock import wall_clock
from app.shell.sink_worker import run_sinks
from app.shell.topic_reader import read_topic
from app.shell.topics_admin import apply_topics
from app.stage import OutRecord
from app.topics import Topic
from app.web.webhook_server import serving
from app.wire.payload import encode_event
from tests.support.marketing_tools import BrazeTool, VirtualTime, served
from tests.support.webhooks import FOLDER, raw

# of topics just made, and of the first consumer groups on a new broker
pytestmark = pytest.mark.expects_error_log("NotLeaderForPartitionError", "GroupCoordinatorNotAvailableError")

SECRET: Final = "s3cret"
METRICS_PORT: Final = free_port()
EXPECTED: Final = {
    "7001": "cancelled_by_merchant",
    "7002": "late_delivery",
    "7003": "lost",
    "7004": "complaint",
    "7005": "understocked",
}
"""Who is held in the end, each through another vendor's webhooks, and for what."""


def digest(body: bytes) -> bytes:
    return hmac.new(SECRET.encode(), body, hashlib.sha256).digest()


class Vendors:
    """Posts webhooks signed as each vendor signs them; everything is delivered twice."""

    def __init__(self, port: int, session: aiohttp.ClientSession) -> None:
        self._url = f"http://127.0.0.1:{port}/v1/webhooks/"
        self._session = session

    async def post(self, source: str, body: bytes, **headers: str) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        for _ in range(2):
            async with self._session.post(self._url + source, data=body, headers=named) as answer:
                assert answer.status == 200, await answer.text()

    async def shopify(self, topic: str, **changes: Any) -> None:
        body = json.dumps(json.loads(raw("shopify/" + topic.replace("/", "_"))) | changes).encode()
        signed = base64.b64encode(digest(body)).decode()
        event = hashlib.sha256(body).hexdigest()
        await self.post("shopify", body, X_Shopify_Topic=topic, X_Shopify_Hmac_Sha256=signed, X_Shopify_Event_Id=event)

    async def order(self, customer: int, order: int) -> None:
        await self.shopify("orders/create", id=order, customer={"id": customer})

    async def sent(self, order: int, carrier: str, number: str, at: str) -> None:
        await self.shopify("fulfillments/create", order_id=order, id=order + 1, tracking_company=carrier,
                           tracking_number=number, tracking_numbers=[number], created_at=at)  # fmt: skip

    async def aftership(self, name: str) -> None:
        body = raw(f"aftership/{name}")
        await self.post("aftership", body, aftership_hmac_sha256=base64.b64encode(digest(body)).decode())

    async def easypost(self, name: str) -> None:
        body = raw(f"easypost/{name}")
        await self.post("easypost", body, X_Hmac_Signature=f"hmac-sha256-hex={digest(body).hex()}")

    async def zendesk(self, name: str, stamp: str) -> None:
        body = raw(f"zendesk/{name}")
        signed = base64.b64encode(digest(stamp.encode() + body)).decode()
        await self.post(
            "zendesk", body, X_Zendesk_Webhook_Signature=signed, X_Zendesk_Webhook_Signature_Timestamp=stamp
        )

    async def warehouse(self, name: str) -> None:
        body = raw(f"declared/{name}")
        await self.post("warehouse", body, X_Warehouse_Signature=f"sha256={digest(body).hex()}")


async def tell(vendors: Vendors, kafka: KafkaSettings, worker: WorkerSettings) -> None:
    """Say everything, each vendor's part about another customer."""
    await vendors.order(7001, 5501)
    await vendors.shopify("orders/cancelled")
    # the carrier's word comes before the shop's, and with it that of an older parcel of the same number
    await vendors.easypost("recycled_number")
    await vendors.easypost("first_delay")
    await vendors.order(7002, 5502)
    await vendors.sent(5502, "FedEx", "770000000001", "2026-04-18T13:30:00Z")
    promise = {"milestone": "delivered", "due": "2026-04-21T05:00:00Z", "by": "merchant"}
    promised = {"occurred_at": "2026-04-17T15:00:00Z", "journey_id": "5502", "promise": promise}
    known = {
        "occurred_at": "2026-04-01T00:00:00Z",
        "customer_id": "7004",
        "identities": {"helpdesk_id": "8447388090494"},
    }
    await write(
        kafka,
        worker,
        [
            OutRecord(Topic.ORDERS, b"5502", encode_event(Topic.ORDERS, "promise_made", promised)),
            OutRecord(Topic.CUSTOMERS, b"7004", encode_event(Topic.CUSTOMERS, "profile_stated", known)),
        ],
    )
    await vendors.order(7003, 2001)
    await vendors.sent(2001, "DHL Germany", "00340434161094000001", "2026-03-27T16:00:00Z")
    await vendors.aftership("tracking_update")
    await vendors.zendesk("ticket_created", str(wall_clock() // 1_000))
    await vendors.order(7005, 5601)
    await vendors.warehouse("short")


Place = tuple[str, int, int]
"""Topic, partition, offset."""

REST: Final = (
    ("shopify", "orders/partially_fulfilled"),
    ("shopify", "fulfillment_orders/placed_on_hold"),
    ("shopify", "fulfillment_events/create"),
    ("shopify", "refunds/create"),
    ("shopify", "customers/update"),
    ("easypost", "delivered_at_last"),
    ("aftership", "edd_revise"),
    ("zendesk", "group_assignment_changed"),
    ("zendesk", "comment_by_agent"),
    ("zendesk", "comment_by_customer"),
    ("zendesk", "status_solved"),
    ("zendesk", "status_reopened"),
    ("zendesk", "status_closed"),
    ("zendesk", "internal_note"),
    ("warehouse", "shipped"),
)
"""The fixtures that `tell` leaves out; they are about the same customers."""
SAYS_NOTHING: Final = "internal_note"


async def tell_the_rest(vendors: Vendors, kafka: KafkaSettings, worker: WorkerSettings) -> dict[str, set[Place]]:
    """Post every other fixture, as it is; return where the records of each stand."""
    found, known = {}, await written(kafka, worker)
    for vendor, name in REST:
        stamp = (str(wall_clock() // 1_000),) if vendor == "zendesk" else ()
        await getattr(vendors, vendor)(name, *stamp)
        now = await written(kafka, worker)
        found[name] = now - known
        known = now
    return found


async def written(kafka: KafkaSettings, worker: WorkerSettings) -> set[Place]:
    """Return where every record stands that webhooks have written."""
    topics = (Topic.ORDERS, Topic.TRACKING_SCANS, Topic.CASE_EVENTS, Topic.CUSTOMERS)
    return {
        (one.topic, one.partition, one.offset) for topic in topics async for one in read_topic(kafka, worker, topic)
    }


async def causes(kafka: KafkaSettings, worker: WorkerSettings) -> set[Place]:
    """Return where the records stand that decisions name as their causes."""
    found = set()
    async for said in read_outputs(kafka, worker, Topic.DECISIONS):
        assert isinstance(said, Decision)
        if (source := said.cause.source) is not None:
            found.add((source.topic, source.partition, source.offset))
    return found


async def shop_api(request: web.Request) -> web.Response:
    """Answer the one question that is put to a shop: whose order a fulfilment hold is about."""
    assert (await request.json())["variables"]["id"] == "gid://shopify/FulfillmentOrder/1"
    line = {"lineItem": {"id": "gid://shopify/LineItem/9002"}}
    order = {"order": {"legacyResourceId": "5501"}, "lineItems": {"nodes": [line]}}
    return web.json_response({"data": {"fulfillmentOrder": order}})


async def held(kafka: KafkaSettings, worker: WorkerSettings) -> dict[str, set[str]]:
    """Return what holds whom now."""
    found: dict[str, set[str]] = {}
    async for said in read_outputs(kafka, worker, Topic.SUPPRESSIONS):
        assert isinstance(said, Suppression)
        found[said.customer] = {hold.reason for hold in said.holds}
    return found


async def eventually(condition: Any, what: str, seconds: float = 60) -> None:
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    while not await condition():
        assert loop.time() < until, f"not within {seconds} s: {what}"
        await asyncio.sleep(0.3)


@contextlib.asynccontextmanager
async def serving_shop(port: int) -> AsyncIterator[None]:
    app = web.Application()
    app.add_routes([web.post("/", shop_api)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield
    finally:
        await runner.cleanup()


@contextlib.asynccontextmanager
async def sinks(kafka: KafkaSettings, worker: WorkerSettings) -> AsyncIterator["asyncio.Task[None]"]:
    settings = SinkSettings(confirm_after_s=0.1, longest_pause_s=1.0, port=METRICS_PORT)
    running = asyncio.create_task(run_sinks(settings, kafka, worker))
    try:
        yield running
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


def test_each_vendors_webhooks_end_as_a_hold_in_the_tool_that_is_up(
    kafka_settings: KafkaSettings, topic_prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = WorkerSettings(
        topic_prefix=topic_prefix,
        application_id=topic_prefix,
        partitions=2,
        input_partitions=2,
        web_port=free_port(),
        state_dir=tmp_path,
    )
    secret = SecretStr(SECRET)
    mappings = tmp_path / "mappings"
    mappings.mkdir()
    (mappings / "warehouse.yaml").write_text((FOLDER / "declared" / "warehouse.yaml").read_text(encoding="utf-8"))
    shop = free_port()
    webhooks = WebhookSettings(
        port=0,
        shopify_shop="a.myshopify.com",
        shopify_token=secret,
        shopify_api=f"http://127.0.0.1:{shop}/",
        shopify_secret=secret,
        aftership_secret=secret,
        easypost_secret=secret,
        zendesk_secret=secret,
        mappings_dir=mappings,
        secrets={"warehouse": secret},
    )

    async def go() -> None:
        await apply_topics(kafka_settings, worker)
        files = load_folder(worker.policy_dir)
        await activate(kafka_settings, worker, compile_policy(files).version, files)
        folder = tmp_path / "worker"
        folder.mkdir()
        async with served(BrazeTool(VirtualTime(), *EXPECTED)) as braze:
            monkeypatch.setenv("MAKEGOOD_BRAZE_URL", braze.url)
            monkeypatch.setenv("MAKEGOOD_BRAZE_KEY", BrazeTool.key)
            monkeypatch.setenv("MAKEGOOD_HOLD_WEBHOOK_URL", f"http://127.0.0.1:{free_port()}/down")
            monkeypatch.setenv("MAKEGOOD_HOLD_WEBHOOK_SECRET", SECRET)
            with Workers(1, environment_of(kafka_settings, worker), folder, print):
                async with (
                    serving_shop(shop),
                    serving(webhooks, kafka_settings, worker) as port,
                    aiohttp.ClientSession() as session,
                    sinks(kafka_settings, worker) as running,
                ):
                    await tell(Vendors(port, session), kafka_settings, worker)

                    async def decided() -> bool:
                        now = await held(kafka_settings, worker)
                        return all(reason in now.get(who, set()) for who, reason in EXPECTED.items())

                    async def carried() -> bool:
                        assert not running.done()
                        known = braze.people
                        return all(
                            known[who].get("recovery_hold") and reason in known[who]["recovery_hold_reasons"]
                            for who, reason in EXPECTED.items()
                        )

                    await eventually(decided, "every vendor's customer is held")
                    await eventually(carried, "the tool that is up has every hold")
                    came = await tell_the_rest(Vendors(port, session), kafka_settings, worker)
                    assert {name for name, places in came.items() if not places} == {SAYS_NOTHING}

                    async def all_decided() -> bool:
                        found = await causes(kafka_settings, worker)
                        return all(places & found for places in came.values() if places)

                    await eventually(all_decided, "every fixture led to a decision")
                    async with session.get(f"http://127.0.0.1:{METRICS_PORT}/metrics") as answer:
                        metrics = await answer.text()
                    assert 'makegood_sink_people_total{outcome="written",sink="braze"}' in metrics
                    assert 'makegood_sink_retries_total{sink="webhook"}' in metrics
                    assert 'makegood_sink_people_total{outcome="written",sink="webhook"} 0.0' in metrics

    asyncio.run(go())


def test_a_publisher_without_a_broker_says_so_within_its_patience(topic_prefix: str) -> None:
    async def publish() -> None:
        away = KafkaSettings(bootstrap=f"127.0.0.1:{free_port()}")
        publisher = LastingPublisher(away, WorkerSettings(topic_prefix=topic_prefix), patience_s=0.5)
        try:
            await publisher([OutRecord(Topic.ORDERS, b"k", b"v")])
        finally:
            await publisher.stop()

    with pytest.raises(NotWrittenError, match=r"did not confirm within 0\.5 s"):
        asyncio.run(publish())


def test_every_fixture_of_a_vendor_is_posted() -> None:
    told = {"orders/create", "orders/cancelled", "fulfillments/create", "recycled_number", "first_delay"}
    told |= {"tracking_update", "ticket_created", "short", *(name for _, name in REST)}
    assert {name.replace("/", "_") for name in told} == {file.stem for file in FOLDER.glob("*/*.json")}

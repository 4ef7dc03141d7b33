"""Webhooks over real sockets: what is let in, what is refused and how, and nothing said before Kafka has it."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from pydantic import SecretStr

from app.adapters.shopify import Found
from app.adapters.signatures import standard_signature
from app.clock import Instant, from_iso
from app.errors import SetupError
from app.settings import WebhookSettings
from app.shell.lasting_publisher import NotWrittenError
from app.shell.shopify_orders import ShopifyOrders
from app.stage import OutRecord
from app.topics import Topic
from app.web.webhooks import LookUp, Receiver, routes
from app.wire.codec import bundled_codec
from tests.support.webhooks import FOLDER, raw

SECRET = "s3cret"
NOW = from_iso("2026-04-30T16:00:30Z")


def settings(**more: Any) -> WebhookSettings:
    secret = SecretStr(SECRET)
    vendors = {f"{name}_secret": secret for name in ("shopify", "aftership", "easypost", "zendesk")}
    return WebhookSettings(**(vendors | more))


class Kafka:
    """Takes records, or is away."""

    def __init__(self) -> None:
        self.records: list[OutRecord] = []
        self.away = False
        self.waits = asyncio.Event()
        self.waits.set()

    async def publish(self, records: Sequence[OutRecord]) -> None:
        await self.waits.wait()
        if self.away:
            raise NotWrittenError("Kafka did not confirm within 4 s")
        self.records += records


class Client:
    """Posts as vendors do."""

    def __init__(self, url: str, session: aiohttp.ClientSession, kafka: Kafka) -> None:
        self._url = url
        self._session = session
        self.kafka = kafka

    async def post(self, source: str, body: bytes, headers: dict[str, str]) -> tuple[int, dict[str, Any]]:
        async with self._session.post(f"{self._url}/v1/webhooks/{source}", data=body, headers=headers) as answer:
            return answer.status, await answer.json()

    async def shopify(self, topic: str, body: bytes, event: str = "evt-1") -> tuple[int, dict[str, Any]]:
        headers = {"X-Shopify-Hmac-Sha256": signed(body), "X-Shopify-Topic": topic, "X-Shopify-Event-Id": event}
        return await self.post("shopify", body, headers)


def signed(body: bytes) -> str:
    return base64.b64encode(hmac.new(SECRET.encode(), body, hashlib.sha256).digest()).decode()


def with_client(
    use: Callable[[Client], Coroutine[Any, Any, None]],
    given: WebhookSettings | None = None,
    look_up: LookUp | None = None,
) -> None:
    async def run() -> None:
        kafka = Kafka()
        receiver = Receiver(given or settings(), kafka.publish, bundled_codec(), lambda: NOW, look_up)
        app = web.Application()
        app.add_routes(routes(receiver))
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        try:
            async with aiohttp.ClientSession() as session:
                await use(Client(f"http://127.0.0.1:{runner.addresses[0][1]}", session, kafka))
        finally:
            await runner.cleanup()

    asyncio.run(run())


ORDER = raw("shopify/orders_create")


def test_a_genuine_webhook_is_taken_in_and_its_events_are_in_kafka() -> None:
    async def use(client: Client) -> None:
        assert await client.shopify("orders/create", ORDER) == (200, {"accepted": 2})
        placed, confirmed = client.kafka.records
        assert (placed.topic, placed.key) == (Topic.ORDERS, b"5501")
        assert confirmed.topic is Topic.ORDERS
        assert bundled_codec().decode(placed.value or b"").payload["event_id"] == "evt-1"

    with_client(use)


def test_every_vendors_webhook_is_let_in_by_its_own_signature() -> None:
    async def use(client: Client) -> None:
        tracked, parcel, ticket = (
            raw(name) for name in ("aftership/tracking_update", "easypost/first_delay", "zendesk/status_closed")
        )
        stamp = "2026-04-30T16:00:00Z"
        digest = hmac.new(SECRET.encode(), parcel, hashlib.sha256).hexdigest()
        zendesk = {
            "X-Zendesk-Webhook-Signature": signed(stamp.encode() + ticket),
            "X-Zendesk-Webhook-Signature-Timestamp": stamp,
        }
        assert await client.post("aftership", tracked, {"aftership-hmac-sha256": signed(tracked)}) == (
            200,
            {"accepted": 6},
        )
        assert (await client.post("easypost", parcel, {"X-Hmac-Signature": f"hmac-sha256-hex={digest}"}))[0] == 200
        assert await client.post("zendesk", ticket, zendesk) == (200, {"accepted": 1})

    with_client(use)


def test_a_body_changed_on_the_way_is_401_and_nothing_is_written() -> None:
    async def use(client: Client) -> None:
        headers = {"X-Shopify-Hmac-Sha256": signed(ORDER), "X-Shopify-Topic": "orders/create"}
        status, told = await client.post("shopify", ORDER.replace(b"498.00", b"998.00"), headers)
        assert status == 401
        assert told["error"] == "X-Shopify-Hmac-Sha256 does not fit the body: check the secret on both sides"
        assert (await client.post("shopify", ORDER, {}))[0] == 401
        assert client.kafka.records == []

    with_client(use)


def test_a_source_without_a_secret_or_unknown_is_404() -> None:
    async def use(client: Client) -> None:
        assert (await client.shopify("orders/create", ORDER))[0] == 404
        assert (await client.post("nobody", b"{}", {}))[0] == 404

    with_client(use, WebhookSettings())


def test_an_empty_secret_lets_nobody_in() -> None:
    """Everybody can sign with it; a variable that is set to nothing is a common slip."""
    nothing = SecretStr("")

    async def use(client: Client) -> None:
        empty = base64.b64encode(hmac.new(b"", ORDER, hashlib.sha256).digest()).decode()
        headers = {"X-Shopify-Hmac-Sha256": empty, "X-Shopify-Topic": "orders/create"}
        assert (await client.post("shopify", ORDER, headers))[0] == 404

    with_client(use, settings(shopify_secret=nothing))


def test_a_body_above_the_limit_is_413_whether_it_says_so_or_not() -> None:
    async def use(client: Client) -> None:
        big = b'{"x": "' + b"a" * 5_000 + b'"}'
        assert (await client.shopify("orders/create", big))[0] == 413

        async def pieces() -> Any:
            yield big

        url = f"{client._url}/v1/webhooks/shopify"
        async with client._session.post(url, data=pieces()) as answer:
            assert answer.status == 413

    with_client(use, settings(most_bytes=4_096))


def test_a_body_that_never_comes_gives_its_place_to_others() -> None:
    """Somebody who holds every place open with half a body would otherwise shut everybody else out."""

    async def use(client: Client) -> None:
        async def never() -> Any:
            yield b"{"
            await asyncio.Event().wait()

        url = f"{client._url}/v1/webhooks/shopify"
        async with client._session.post(url, data=never()) as answer:
            assert answer.status == 408
            assert "did not come within" in (await answer.json())["error"]
        assert (await client.shopify("orders/create", ORDER))[0] == 200

    with_client(use, settings(at_once=1, body_s=0.3))


@pytest.mark.parametrize("abruptly", [True, False])
def test_a_sender_who_hangs_up_is_no_error_of_ours_and_gives_its_place_to_others(*, abruptly: bool) -> None:
    async def use(client: Client) -> None:
        port = int(client._url.rsplit(":", 1)[1])
        for _ in range(3):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"POST /v1/webhooks/shopify HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
            await writer.drain()
            await asyncio.sleep(0.05)
            if abruptly:
                writer.transport.abort()
            else:
                writer.close()
        status = 503
        while status == 503:
            status, *_ = await client.shopify("orders/create", ORDER)
        assert status == 200

    with_client(use, settings(at_once=1, body_s=60.0))


@pytest.mark.parametrize(
    ("change", "field", "why"),
    [
        ({"total_price": "ten"}, "total_price", "must be an amount"),
        ({"currency": "ZZZ"}, "order_placed.value.currency", "must be an ISO 4217 currency code"),
        ({"created_at": "1970-01-01T00:00:00Z"}, "order_placed.occurred_at", "must lie between 2000-01-01"),
    ],
)
def test_a_body_that_cannot_become_an_event_is_422_with_field_and_reason(
    change: dict[str, str], field: str, why: str
) -> None:
    async def use(client: Client) -> None:
        body = json.dumps({**json.loads(ORDER), **change}).encode()
        status, told = await client.shopify("orders/create", body)
        assert (status, told["field"]) == (422, field)
        assert why in told["error"]
        assert client.kafka.records == []

    with_client(use)


def test_what_is_no_json_is_422() -> None:
    async def use(client: Client) -> None:
        for body in (b"", b"{", b"[1]", b'{"a": NaN}', b"\xff", b"[" * 100_000):
            assert (await client.shopify("orders/create", body))[0] == 422

    with_client(use)


def test_a_webhook_that_is_not_mapped_is_taken_so_that_it_is_not_sent_for_ever() -> None:
    async def use(client: Client) -> None:
        assert await client.shopify("products/update", ORDER) == (200, {"accepted": 0})

    with_client(use)


def test_while_kafka_is_away_the_sender_is_told_to_come_back() -> None:
    async def use(client: Client) -> None:
        client.kafka.away = True
        status, told = await client.shopify("orders/create", ORDER)
        assert status == 503
        assert told["error"] == "Kafka did not confirm within 4 s; send it again"
        client.kafka.away = False
        assert (await client.shopify("orders/create", ORDER))[0] == 200

    with_client(use)


def test_nothing_is_acknowledged_before_kafka_has_it() -> None:
    async def use(client: Client) -> None:
        client.kafka.waits.clear()
        asked = asyncio.ensure_future(client.shopify("orders/create", ORDER))
        await asyncio.sleep(0.2)
        assert not asked.done()
        client.kafka.waits.set()
        assert (await asked)[0] == 200

    with_client(use)


def test_more_webhooks_at_once_than_there_is_room_for_are_told_to_come_back() -> None:
    async def use(client: Client) -> None:
        client.kafka.waits.clear()
        asked = [asyncio.ensure_future(client.shopify("orders/create", ORDER)) for _ in range(2)]
        await asyncio.sleep(0.2)
        assert (await client.shopify("orders/create", ORDER))[0] == 503
        client.kafka.waits.set()
        assert [status for status, _ in await asyncio.gather(*asked)] == [200, 200]

    with_client(use, settings(at_once=2))


HOLD = raw("shopify/fulfillment_orders_placed_on_hold")


def test_a_hold_is_looked_up_in_the_shop_and_without_a_look_up_refused_with_what_to_set() -> None:
    async def known(fulfillment_order: str) -> Found | None:
        return Found("5501", ("9002",)) if fulfillment_order == "gid://shopify/FulfillmentOrder/1" else None

    async def taken(client: Client) -> None:
        assert await client.shopify("fulfillment_orders/placed_on_hold", HOLD) == (200, {"accepted": 1})
        payload = bundled_codec().decode(client.kafka.records[0].value or b"").payload
        assert (payload["order_id"], payload["line_ids"], payload["occurred_at"]) == ("5501", ["9002"], NOW)

    async def refused(client: Client) -> None:
        status, told = await client.shopify("fulfillment_orders/placed_on_hold", HOLD)
        assert (status, told["field"]) == (422, "fulfillment_order")
        assert "MAKEGOOD_WEBHOOK_SHOPIFY_TOKEN" in told["error"]

    with_client(taken, look_up=known)
    with_client(refused)


def test_the_shop_is_asked_by_the_admin_api_and_503_when_it_does_not_say() -> None:
    answers: list[dict[str, Any] | int] = [
        {"data": {"fulfillmentOrder": {"order": {"legacyResourceId": "5501"}, "lineItems": {"nodes": [
            {"lineItem": {"id": "gid://shopify/LineItem/9002"}}]}}}},
        {"data": {"fulfillmentOrder": None}},
        {"errors": [{"message": "Throttled"}]},
        500,
    ]  # fmt: skip

    async def graphql(request: web.Request) -> web.Response:
        assert request.headers["X-Shopify-Access-Token"] == "tok"
        assert (await request.json())["variables"] == {"id": "gid://shopify/FulfillmentOrder/1"}
        answer = answers.pop(0)
        return web.Response(status=answer) if isinstance(answer, int) else web.json_response(answer)

    async def use() -> list[int]:
        app = web.Application()
        app.router.add_post("/graphql.json", graphql)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        where = f"http://127.0.0.1:{runner.addresses[0][1]}/graphql.json"
        given = settings(shopify_shop="x.myshopify.com", shopify_token=SecretStr("tok"), shopify_api=where)
        receiver = Receiver(given, Kafka().publish, bundled_codec(), lambda: NOW, ShopifyOrders(given))
        app = web.Application()
        app.add_routes(routes(receiver))
        second = web.AppRunner(app)
        await second.setup()
        await web.TCPSite(second, "127.0.0.1", 0).start()
        try:
            async with aiohttp.ClientSession() as session:
                client = Client(f"http://127.0.0.1:{second.addresses[0][1]}", session, Kafka())
                return [(await client.shopify("fulfillment_orders/placed_on_hold", HOLD))[0] for _ in range(4)]
        finally:
            await runner.cleanup()
            await second.cleanup()

    assert asyncio.run(use()) == [200, 422, 503, 503]


def test_a_declared_source_is_let_in_by_the_scheme_it_declares(tmp_path: Path) -> None:
    for name, text in (
        ("warehouse", (FOLDER / "declared" / "warehouse.yaml").read_text(encoding="utf-8")),
        ("other", (FOLDER / "declared" / "warehouse.yaml").read_text(encoding="utf-8")
            .replace("source: warehouse", "source: other").replace("signature:", "#")),
    ):  # fmt: skip
        (tmp_path / f"{name}.yaml").write_text(text, encoding="utf-8")
    secrets = {"warehouse": SecretStr(SECRET), "other": SecretStr(SECRET)}
    body = raw("declared/shipped")

    async def use(client: Client) -> None:
        digest = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        assert (await client.post("warehouse", body, {"X-Warehouse-Signature": f"sha256={digest}"}))[0] == 200
        stamp = str(NOW // 1_000)
        standard = {
            "webhook-id": "m1",
            "webhook-timestamp": stamp,
            "webhook-signature": standard_signature("m1", stamp, body, SECRET),
        }
        assert await client.post("other", body, standard) == (200, {"accepted": 2})
        assert (await client.post("other", body, {}))[0] == 401

    with_client(use, WebhookSettings(mappings_dir=tmp_path, secrets=secrets))


def test_a_mapping_without_a_secret_or_with_a_vendors_name_stops_the_start(tmp_path: Path) -> None:
    text = (FOLDER / "declared" / "warehouse.yaml").read_text(encoding="utf-8")
    (tmp_path / "w.yaml").write_text(text, encoding="utf-8")

    async def start(given: WebhookSettings) -> None:
        Receiver(given, Kafka().publish, bundled_codec(), lambda: Instant(0))

    with pytest.raises(SetupError, match="has no secret: add it to MAKEGOOD_WEBHOOK_SECRETS"):
        asyncio.run(start(WebhookSettings(mappings_dir=tmp_path)))
    (tmp_path / "w.yaml").write_text(text.replace("source: warehouse", "source: shopify"), encoding="utf-8")
    with pytest.raises(SetupError, match="'shopify' is taken"):
        asyncio.run(start(WebhookSettings(mappings_dir=tmp_path, secrets={"shopify": SecretStr("x")})))
    with pytest.raises(SetupError, match="no folder"):
        asyncio.run(start(WebhookSettings(mappings_dir=tmp_path / "nowhere")))

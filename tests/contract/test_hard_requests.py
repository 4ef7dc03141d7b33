"""Requests that no client of ours would make, over raw sockets, against both servers that others can reach."""

import asyncio
import io
import json
from collections.abc import Awaitable, Callable
from typing import Any, Final

import pytest
from aiohttp import web

from app import logs
from app.settings import KafkaSettings, WebhookSettings, WorkerSettings
from app.web.access import Role
from app.web.server import serving
from app.web.webhook_server import serving as serving_webhooks
from app.web.webhooks import Receiver, routes
from app.wire.codec import bundled_codec
from tests.contract.test_webhook_receiver import NOW, Kafka, settings
from tests.support.asked_site import site_with_ledgers
from tests.support.told_site import TOKENS

Say = Callable[..., Awaitable[bytes]]
"""Sends bytes on a new connection, gives all that came back until the server closed it, or only the `head`."""

CLOSE: Final = b"Host: x\r\nConnection: close\r\n"
GATE: Final = TOKENS[Role.GATE].encode()


def to_the_gate(use: Callable[[Say], Awaitable[None]], **changes: Any) -> None:
    async def run() -> None:
        async with serving(site_with_ledgers(**changes)) as port:
            await use(_to(port))

    asyncio.run(run())


def to_the_webhooks(use: Callable[[Say], Awaitable[None]]) -> None:
    async def run() -> None:
        receiver = Receiver(settings(), Kafka().publish, bundled_codec(), lambda: NOW)
        app = web.Application()
        app.add_routes(routes(receiver))
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        try:
            await use(_to(runner.addresses[0][1]))
        finally:
            await runner.cleanup()

    asyncio.run(run())


def _to(port: int) -> Say:
    async def say(request: bytes, *, head: bool = False) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request)
        await writer.drain()
        try:
            return await asyncio.wait_for(reader.readuntil(b"\r\n\r\n") if head else reader.read(), 20)
        finally:
            writer.close()

    return say


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


@pytest.mark.parametrize("value", [b"\xff\xfe", b"\xed\xa0\x80", "mg_gäte".encode(), b"", b" " * 100])
def test_a_token_or_session_of_any_bytes_is_refused_and_never_an_error(value: bytes) -> None:
    async def use(say: Say) -> None:
        for header in (
            b"Authorization: Bearer " + value,
            b"Cookie: makegood=" + value,
            b"Cookie: makegood_session=" + value,
        ):
            answer = await say(b"GET /v1/customers/held/hold-audio HTTP/1.1\r\n" + CLOSE + header + b"\r\n\r\n")
            assert status(answer) in {400, 401}, answer

    to_the_gate(use)


@pytest.mark.expects_error_log("refused a request that is no HTTP")  # a warning, made of an error
def test_a_token_in_a_request_that_is_no_http_does_not_reach_the_log() -> None:
    seen = io.StringIO()
    logs.configure("console", "DEBUG", seen)

    async def use(say: Say) -> None:
        answer = await say(b"GET /v1/customers/ann HTTP/1.1\r\n" + CLOSE + b"Authorization: Bearer s3cret\x7f\r\n\r\n")
        assert status(answer) == 400
        assert status(await say(b"\x16\x03\x01 s3cret is no HTTP\r\n\r\n")) == 400

    try:
        to_the_gate(use)
    finally:
        logs.configure()
    assert "refused a request that is no HTTP (BadHttpMessage)" in seen.getvalue()
    assert "s3cret" not in seen.getvalue()
    assert "Traceback" not in seen.getvalue()


NO_HTTP: Final = (
    b"GET / HTTP/1.1\r\n" + CLOSE + b"Authorization: Bearer s3cret\x00\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + CLOSE + b"Authorization: Bearer s3cret" + b"t" * 9_000 + b"\r\n\r\n",
    b"GET /s3cret" + b"t" * 9_000 + b" HTTP/1.1\r\n" + CLOSE + b"\r\n",
    b"GET / HTTP/1.1\r\n" + CLOSE + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\nX: s3cret\r\n\r\n0\r\n\r\n",
    b"\x16\x03\x01 s3cret\r\n\r\n",
)


async def is_told_nothing(say: Say) -> None:
    for request in NO_HTTP:
        answer = await say(request)
        assert status(answer) == 400, answer
        head, _, body = answer.partition(b"\r\n\r\n")
        assert json.loads(body) == {"error": "this is no HTTP that is understood here", "field": None}
        assert b"\r\nServer: makegood" in head
        assert b"aiohttp" not in head
        for name in (b"Content-Security-Policy", b"X-Content-Type-Options", b"X-Frame-Options", b"Cache-Control"):
            assert b"\r\n" + name in head


@pytest.mark.expects_error_log("refused a request that is no HTTP")
def test_what_is_no_http_is_answered_with_our_headers_and_without_what_was_sent() -> None:
    to_the_gate(is_told_nothing)


@pytest.mark.expects_error_log("refused a request that is no HTTP")
def test_nor_do_the_webhooks_tell_what_was_sent_to_them_or_who_they_are() -> None:
    async def run() -> None:
        nobody = KafkaSettings(bootstrap="127.0.0.1:1", security_protocol="PLAINTEXT")
        async with serving_webhooks(WebhookSettings(port=0), nobody, WorkerSettings()) as port:
            await is_told_nothing(_to(port))

    asyncio.run(run())


@pytest.mark.parametrize("value", [b"\xff\xfe", b"\xed\xa0\x80", "ä".encode(), b"1" * 5_000, "٣".encode()])
def test_a_signature_or_time_of_any_bytes_is_refused_and_never_an_error(value: bytes) -> None:
    headers = {
        b"shopify": [b"X-Shopify-Hmac-Sha256"],
        b"easypost": [b"X-Hmac-Signature"],
        b"zendesk": [b"X-Zendesk-Webhook-Signature", b"X-Zendesk-Webhook-Signature-Timestamp"],
    }

    async def use(say: Say) -> None:
        for source, names in headers.items():
            lines = b"".join(name + b": " + value + b"\r\n" for name in names)
            answer = await say(
                b"POST /v1/webhooks/" + source + b" HTTP/1.1\r\nContent-Length: 2\r\n" + CLOSE + lines + b"\r\n{}"
            )
            assert status(answer) in {400, 401}, answer

    to_the_webhooks(use)


@pytest.mark.parametrize(
    "path", ["/v1/customers/%FF%FE/may-send?class=promotion", "/v1/customers/%ED%A0%80/may-send?class=promotion",
             "/v1/customers/held/may-send?class=%FF", "/v1/customers/%00/may-send?class=promotion",
             "/v1/customers/" + "a" * 7_000 + "/may-send?class=promotion", "/../../etc/passwd", "//", "/%2e%2e/"],
)  # fmt: skip
def test_an_address_of_any_bytes_is_answered_and_never_an_error(path: str) -> None:
    async def use(say: Say) -> None:
        auth = b"Authorization: Bearer " + GATE + b"\r\n"
        answer = await say(b"GET " + path.encode() + b" HTTP/1.1\r\n" + CLOSE + auth + b"\r\n")
        assert status(answer) in {200, 400, 401, 403, 404, 414}, answer

    to_the_gate(use)


def test_json_nested_without_end_is_refused() -> None:
    async def use(say: Say) -> None:
        body = b"[" * 100_000 + b"]" * 100_000
        head = b"POST /v1/may-send HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: %d\r\n" % len(body)
        answer = await say(head + CLOSE + b"Authorization: Bearer " + GATE + b"\r\n\r\n" + body)
        assert status(answer) == 400, answer

    to_the_gate(use)


def test_every_answer_says_how_strict_browsers_must_be_and_not_what_we_run_on() -> None:
    async def use(say: Say) -> None:
        for path in (
            b"/login",
            b"/nothing-here",
            b"/v1/customers/held/hold-audio",
            b"/static/style.css",
            b"/healthz",
            b"/",
        ):
            head = (await say(b"GET " + path + b" HTTP/1.1\r\n" + CLOSE + b"Accept: text/html\r\n\r\n")).split(
                b"\r\n\r\n"
            )[0]
            assert b"Content-Security-Policy: default-src 'none'" in head, path
            assert b"unsafe" not in head
            assert b"frame-ancestors 'none'" in head
            assert b"X-Content-Type-Options: nosniff" in head
            assert b"Referrer-Policy: no-referrer" in head
            assert b"Server: makegood\r\n" in head
            assert b"aiohttp" not in head
            assert b"Strict-Transport-Security" not in head

    to_the_gate(use)


def test_behind_https_browsers_are_told_to_come_by_nothing_else() -> None:
    async def use(say: Say) -> None:
        head = await say(b"GET /login HTTP/1.1\r\n" + CLOSE + b"\r\n")
        assert b"Strict-Transport-Security: max-age=31536000" in head

    to_the_gate(use, https=True)


def test_a_log_in_form_larger_than_any_token_is_refused_before_it_is_read() -> None:
    async def use(say: Say) -> None:
        form = b"Content-Type: application/x-www-form-urlencoded\r\n"
        head = b"POST /login HTTP/1.1\r\nContent-Length: 5000000\r\n" + form + CLOSE + b"\r\n"
        assert status(await say(head, head=True)) == 413
        chunked = b"POST /login HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + form + CLOSE + b"\r\n"
        assert status(await say(chunked, head=True)) == 413

    to_the_gate(use)


def test_json_whose_texts_are_no_text_is_refused() -> None:
    async def use(say: Say) -> None:
        body = b'{"questions": [{"class": "promotion", "customer": "\xff\xfe"}]}'
        head = b"POST /v1/may-send HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: %d\r\n" % len(body)
        answer = await say(head + CLOSE + b"Authorization: Bearer " + GATE + b"\r\n\r\n" + body)
        assert status(answer) == 400, answer
        assert b"not UTF-8" in answer

    to_the_gate(use)

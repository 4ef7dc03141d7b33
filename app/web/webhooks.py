"""Webhooks from other systems: proved by their signature, mapped, and acknowledged only once Kafka has the events.

`routes` gives what the web process mounts; `makegood webhooks serve` runs them in a process of their own.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import structlog
from aiohttp import web

from app.adapters.event import Encoder, InputEvent
from app.adapters.foreign import Foreign, parsed
from app.adapters.senders import Sender, senders
from app.adapters.shopify import Found, NeedsOrder, NotFoundOutError
from app.adapters.signatures import BadSignature
from app.clock import Instant
from app.errors import InvalidRecord
from app.settings import WebhookSettings
from app.shell.lasting_publisher import NotWrittenError
from app.stage import OutRecord
from app.web.requests import open_to_all
from app.wire.codec import Codec

Publish = Callable[[Sequence[OutRecord]], Awaitable[None]]
"""Returns once Kafka has the records; NotWrittenError when it does not say so in time."""

LookUp = Callable[[str], Awaitable[Found | None]]
"""Whose order a Shopify fulfilment order is: None when the shop knows none, NotFoundOutError when it cannot say."""

PATH: Final = "/v1/webhooks/{source}"

_log = structlog.get_logger("makegood.webhooks")

_RETRY_SECONDS: Final = "30"


class Receiver:
    """Answers one webhook: 200 with what was taken in; 401, 404, 408, 413, 422, 503 with the reason (docs/adapters.md).

    `count` hears of each answer: the source, the status and how many seconds it took.
    """

    def __init__(
        self,
        settings: WebhookSettings,
        publish: Publish,
        codec: Codec,
        clock: Callable[[], Instant],
        look_up: LookUp | None = None,
        count: Callable[[str, int, float], None] = lambda _, __, ___: None,
    ) -> None:
        self._settings = settings
        self._publish = publish
        self._clock = clock
        self._look_up = look_up
        self._count = count
        self._senders = senders(settings, codec.catalog)
        self._encoder = Encoder(codec)
        self._room = asyncio.Semaphore(settings.at_once)

    async def receive(self, request: web.Request) -> web.Response:
        """Take a webhook in."""
        sender = self._senders.get(request.match_info["source"])
        if sender is None:
            return _refusal(404, "no such source, or it has no secret yet: see docs/adapters.md")
        if self._room.locked():
            self._count(sender.name, _BUSY, 0.0)
            return _later("too many webhooks at once")
        elapsed = asyncio.get_running_loop().time
        began = elapsed()
        async with self._room:
            answer = await self._answer(sender, request)
        self._count(sender.name, answer.status, elapsed() - began)
        level = _log.info if answer.status == _OK else _log.warning
        level("webhook", source=sender.name, status=answer.status, told=answer.reason)
        return answer

    async def _answer(self, sender: Sender, request: web.Request) -> web.Response:
        try:
            async with asyncio.timeout(self._settings.body_s):
                body = await _body(request, self._settings.most_bytes)
        except TimeoutError:
            # whoever it is has proved nothing yet, and others wait for the room
            return _refusal(408, f"the body did not come within {self._settings.body_s:g} s; send it again")
        except (ConnectionError, web.RequestPayloadError):
            # nobody hears this; whoever can connect must not be able to fill our log with tracebacks
            return _refusal(408, "the connection ended before the body did; send it again")
        if body is None:
            return _refusal(413, f"the body may have {self._settings.most_bytes} bytes")
        now = self._clock()
        try:
            sender.proves(request.headers, body, now)
            events = await self._events(sender, request, parsed(body), now)
            await self._publish(self._encoder.records(events, now))
        except BadSignature as error:
            return _refusal(401, str(error))
        except InvalidRecord as error:
            return _refusal(422, error.detail, error.field)
        except (NotWrittenError, NotFoundOutError) as error:
            return _later(str(error))
        return web.json_response({"accepted": len(events)})

    async def _events(self, sender: Sender, request: web.Request, body: Foreign, now: Instant) -> list[InputEvent]:
        try:
            return sender.means(request.headers, body, now, None)
        except NeedsOrder as missing:
            found = None if self._look_up is None else await self._look_up(missing.fulfillment_order)
            if found is None:
                raise
            return sender.means(request.headers, body, now, found)


_OK: Final = 200
_BUSY: Final = 503


def routes(receiver: Receiver) -> list[web.RouteDef]:
    """Return the routes that receive webhooks; a sender proves itself by its signature, not by a log-in."""

    @open_to_all
    async def receive(request: web.Request) -> web.StreamResponse:
        return await receiver.receive(request)

    return [web.post(PATH, receive)]


async def _body(request: web.Request, most: int) -> bytes | None:
    """Return the raw body, None when it is larger than may be; no more than that is ever held."""
    if (request.content_length or 0) > most:
        return None
    held = bytearray()
    async for piece in request.content.iter_chunked(64 * 1024):
        held += piece
        if len(held) > most:
            return None
    return bytes(held)


def _refusal(status: int, why: str, field: str | None = None) -> web.Response:
    return web.json_response({"error": why, "field": field}, status=status)


def _later(why: str) -> web.Response:
    return web.json_response(
        {"error": f"{why}; send it again", "field": None}, status=_BUSY, headers={"Retry-After": _RETRY_SECONDS}
    )

"""Our own webhook, received by a server that checks it as a stranger would."""

import asyncio
import json

from aiohttp import web
from pydantic import SecretStr

from app.adapters.signatures import BadSignature, check_standard
from app.clock import Instant
from app.ids import CustomerId, OutputId
from app.settings import SignedWebhookSettings, SinkSettings
from app.shell.sink_http import transport
from app.sinks.courier import Courier, Delivered, Told
from app.sinks.signed_webhook import SignedWebhook
from app.sinks.wanted import Wanted
from tests.support.marketing_tools import Tool, VirtualTime, served

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


class Stranger(Tool):
    """Anybody's receiver: lets in what is genuine, drops repeats by their id."""

    def __init__(self, clock: VirtualTime) -> None:
        super().__init__(clock, {})
        self.got: dict[str, dict[str, object]] = {}
        self.forged = 0

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/hook", self.limited("hook", self.receive))]

    async def receive(self, request: web.Request) -> web.Response:
        body = await request.read()
        try:
            check_standard(request.headers, body, SECRET, Instant(int(self.clock.time.wall() * 1000)))
        except BadSignature:
            self.forged += 1
            return web.Response(status=401)
        self.got.setdefault(request.headers["webhook-id"], json.loads(body))
        return web.Response(status=204)


def delivered(secret: str, troubles: list[web.Response], *batch: Wanted) -> tuple[Stranger, Delivered, list[Told]]:
    clock, told = VirtualTime(), list[Told]()

    async def deliver() -> tuple[Stranger, Delivered, list[Told]]:
        stranger = Stranger(clock)
        stranger.troubles.extend(troubles)
        async with served(stranger), transport(5.0) as send:
            settings = SignedWebhookSettings(url=f"{stranger.url}/hook", secret=SecretStr(secret))
            courier = Courier(SignedWebhook(settings, send, clock.time), SinkSettings(), clock.time, told.append)
            return stranger, await courier.deliver(batch), told

    return asyncio.run(deliver())


def want(person: str, *, held: bool) -> Wanted:
    return Wanted(person, CustomerId(person), OutputId(f"s-{person}-{held}"), held, ("promotion",), ("*",), ("lost",))


def test_holds_and_releases_arrive_signed_under_the_suppressions_id() -> None:
    stranger, done, _ = delivered(SECRET, [], want("ann", held=True), want("bob", held=False))
    assert done == Delivered(written=2)
    assert stranger.got["s-ann-True"]["type"] == "hold"
    assert stranger.got["s-ann-True"]["classes"] == ["promotion"]
    assert stranger.got["s-bob-False"]["type"] == "release"


def test_a_repeat_after_a_lost_answer_carries_the_same_id() -> None:
    stranger, done, told = delivered(SECRET, [web.Response(status=500)], want("ann", held=True))
    assert done == Delivered(written=1)
    assert list(stranger.got) == ["s-ann-True"]
    assert [each.what for each in told] == ["retrying"]


def test_a_receiver_that_will_never_take_it_is_told_and_the_next_goes_on() -> None:
    gone = [web.Response(status=410)]
    stranger, done, told = delivered(SECRET, gone, want("ann", held=True), want("bob", held=True))
    assert done == Delivered(written=1, refused=1)
    assert list(stranger.got) == ["s-bob-True"]
    assert told == [Told("webhook", "refused", "status 410", "s-ann-True")]

"""A served site with two customers' ledgers, asked over HTTP."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any, Final

from aiohttp import ClientResponse, ClientSession

from app.clock import DAY, Instant
from app.facts import Identities
from app.ids import CustomerId, OutputId
from app.outputs import ALL, HoldEntry, RampStep, Scope, Suppression
from app.web.access import Role
from app.web.server import serving
from app.web.site import Site
from tests.support.explained_customer import outputs
from tests.support.told_site import TOKENS, empty_site, tell

NOW: Final = Instant(1_790_000_000_000)
HELD: Final = CustomerId("held")
BACK: Final = CustomerId("back")


def site_with_ledgers(**settings: Any) -> Site:
    site = empty_site(NOW, **settings)
    hold = HoldEntry(Scope(("promotion", "upsell"), (ALL,)), "late_delivery", "problem-1", NOW, "made good")
    mail = Identities(email="held@example.org", helpdesk_id="Z-1")
    tell(
        site,
        [
            Suppression(
                OutputId("1"), NOW, HELD, suppressed=True, holds=(hold,), identities=mail, hold_audio=("music",)
            ),
            Suppression(
                OutputId("2"),
                NOW,
                BACK,
                suppressed=False,
                holds=(),
                ramp=(RampStep(("promotion",), Instant(NOW + DAY), 2),),
            ),
            *outputs(),
        ],
    )
    return site


Ask = Callable[[ClientSession, str], Awaitable[Any]]


def asked(site: Site, ask: Ask, role: Role | None = Role.GATE) -> Any:
    async def run() -> Any:
        headers = {} if role is None else {"Authorization": f"Bearer {TOKENS[role]}"}
        async with serving(site) as port, ClientSession(headers=headers) as session:
            return await ask(session, f"http://127.0.0.1:{port}")

    return asyncio.run(run())


def got(site: Site, path: str, role: Role | None = Role.GATE) -> tuple[int, Any, dict[str, str]]:
    async def ask(session: ClientSession, at: str) -> Any:
        async with session.get(at + path, allow_redirects=False) as response:
            return await _read(response)

    found: tuple[int, Any, dict[str, str]] = asked(site, ask, role)
    return found


def posted(site: Site, path: str, body: object, role: Role | None = Role.GATE) -> tuple[int, Any, dict[str, str]]:
    async def ask(session: ClientSession, at: str) -> Any:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        async with session.post(at + path, data=data) as response:
            return await _read(response)

    found: tuple[int, Any, dict[str, str]] = asked(site, ask, role)
    return found


async def _read(response: ClientResponse) -> tuple[int, Any, dict[str, str]]:
    text = await response.text()
    return (
        response.status,
        json.loads(text) if response.content_type == "application/json" else text,
        dict(response.headers),
    )

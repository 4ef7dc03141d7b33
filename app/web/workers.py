"""What the workers say of themselves on /metrics, when they can be reached: lag, clock, deadlines running."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Final

from aiohttp import ClientError, ClientSession, ClientTimeout, web

from app.clock import Instant

_PATIENCE: Final = ClientTimeout(total=1.0)
_FOR_MS: Final = 5_000
_NAMES: Final = {
    "makegood_consumer_lag_records": "lag",
    "makegood_clock_lag_seconds": "clock",
    "makegood_open_deadline_keys": "pending",
}

Told = Mapping[str, float]


class Workers:
    """Asks the workers at most every five seconds; their answers may be missing."""

    def __init__(self, addresses: Iterable[str]) -> None:
        self._addresses = [address for address in (one.strip() for one in addresses) if address]
        self._told: dict[str, str] | None = None
        self._asked: Instant | None = None

    async def newest(self, now: Instant) -> dict[str, str] | None:
        """Return what they said last, None when none answers."""
        if self._asked is None or now - self._asked >= _FOR_MS:
            self._asked = now
            self._told = await self._ask()
        return self._told

    async def _ask(self) -> dict[str, str] | None:
        async with ClientSession(timeout=_PATIENCE) as session:
            answers = await asyncio.gather(*(_metrics(session, address) for address in self._addresses))
        told = [answer for answer in answers if answer is not None]
        return _together(told) if told else None


def _together(told: list[Told]) -> dict[str, str]:
    """Return what all workers come to: each tells of every partition's lag, but only of its own deadlines."""
    lag = max(one.get("lag", 0.0) for one in told)
    clock = max(one.get("clock", 0.0) for one in told)
    pending = sum(one.get("pending", 0.0) for one in told)
    return {"lag": f"{lag:.0f}", "clock": f"{clock:.1f} s", "pending": f"{pending:.0f}"}


async def _metrics(session: ClientSession, address: str) -> Told | None:
    try:
        async with session.get(address) as response:
            return read(await response.text())
    except (ClientError, TimeoutError, OSError):
        # a worker that cannot be reached is shown as such; its own alerts tell why
        return None


def read(text: str) -> Told:
    """Return the sums of the gauges that the pages show."""
    found = dict.fromkeys(_NAMES.values(), 0.0)
    # not with the client's own parser: it takes tens of milliseconds, and the gate answers on this event loop
    for line in text.splitlines():
        name = _NAMES.get(line.partition("{")[0].partition(" ")[0])
        if name is not None:
            found[name] += float(line.rpartition(" ")[2])
    return found


WORKERS: web.AppKey[Workers] = web.AppKey("workers", Workers)

"""What the web process tells Prometheus: requests, the gate's answers, how fresh it is; nothing about anybody."""

import asyncio
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Handler

from app.shell import edge_metric_list as listed
from app.shell.edge_metric_list import WEB_METRICS
from app.shell.meters import Meters
from app.web.contract import MaySend
from app.web.freshness import Freshness

_OTHER: Final = "other"
_FAILED: Final = 500
_MILLIS: Final = 1000


class WebMeters:
    """The metrics of the gate and the pages."""

    def __init__(self) -> None:
        self._meters = Meters(WEB_METRICS)
        self.registry = self._meters.registry
        self._unreadable = 0

    def answered(self, answer: MaySend) -> MaySend:
        """Count an answer of the gate, and return it."""
        self._meters.count(listed.GATE_ANSWERS, "allowed" if answer.allowed else "refused", answer.why)
        return answer

    def request(self, route: str, status: int, seconds: float) -> None:
        """Count an answered request."""
        self._meters.count(listed.WEB_REQUESTS, route, str(status))
        self._meters.observe(listed.WEB_SECONDS, seconds, route)

    def turned(self, late_s: float) -> None:
        """Observe by how much a turn of the event loop was late."""
        self._meters.observe(listed.WEB_TURNS, late_s)

    def standing(self, freshness: Freshness, unreadable: int, pages: int) -> None:
        """Set what a scrape sees: how far behind we are, records that could not be read so far, pages open."""
        age = freshness.age_ms
        self._meters.set(listed.MODEL_AGE, float("inf") if age is None else age / _MILLIS)
        self._meters.set(listed.MODEL_STALE, int(freshness.stale))
        self._meters.count(listed.MODEL_UNREADABLE, by=unreadable - self._unreadable)
        self._unreadable = unreadable
        self._meters.set(listed.OPEN_PAGES, pages)


METERS: web.AppKey[WebMeters] = web.AppKey("meters", WebMeters)


@web.middleware
async def measured(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Count every request that is answered, by the pattern of its route: an address may hold a customer's id."""
    elapsed = asyncio.get_running_loop().time
    began, status = elapsed(), _FAILED
    try:
        response = await handler(request)
        status = response.status
    except web.HTTPException as error:
        status = error.status
        raise
    except asyncio.CancelledError:
        # the caller went away: there was no answer to count
        status = 0
        raise
    except (ConnectionError, web.RequestPayloadError):
        # while we read or wrote; only a connection that is open has something of ours that broke
        if request.transport is not None and not request.transport.is_closing():
            raise
        status = 0
        response = web.Response()
    finally:
        if status:
            request.app[METERS].request(_route(request), status, elapsed() - began)
    return response


def _route(request: web.Request) -> str:
    resource = request.match_info.route.resource
    return _OTHER if resource is None else resource.canonical

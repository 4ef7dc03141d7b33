"""What every handler needs, and how requests are let in: the application's one shared value."""

from typing import NamedTuple

from aiohttp import web

from app.clock import Instant
from app.decide.policy import Policy
from app.settings import WebSettings
from app.web.access import Access, Bearer
from app.web.gate import WhenStale
from app.web.limits import Buckets
from app.web.meters import WebMeters
from app.web.read_model import Clock, ReadModel
from app.web.timelines import Decode


class Site(NamedTuple):
    """The read model and everything around it. `policy` gives milestones their order and problems their words."""

    model: ReadModel
    settings: WebSettings
    access: Access
    clock: Clock
    decode: Decode
    policy: Policy
    calls: Buckets
    failures: Buckets
    meters: WebMeters

    @property
    def when_stale(self) -> WhenStale:
        """Return what a stale gate says."""
        return WhenStale(self.settings.stale_marketing == "allow", self.settings.stale_recovery == "allow")

    def now(self) -> Instant:
        """Return the time."""
        return self.clock()


SITE: web.AppKey[Site] = web.AppKey("site", Site)
BEARER: web.RequestKey[Bearer] = web.RequestKey("bearer", Bearer)
SESSION_COOKIE = "makegood_session"

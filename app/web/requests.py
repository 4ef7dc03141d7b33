"""How requests are let in: log-in and roles, rates, sizes, plain errors, and headers that keep browsers strict.

Nothing is open by default: a handler without `needs` or `open_to_all` is refused, whoever asks.
"""

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import msgspec
import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from app.web.access import Bearer, Role
from app.web.asking import BadQuestion
from app.web.contract import Refusal
from app.web.rendering import page
from app.web.site import BEARER, SESSION_COOKIE, SITE

_log = structlog.get_logger("makegood.web")

Handling = TypeVar("Handling", bound=Callable[[web.Request], Awaitable[web.StreamResponse]])

_NEEDS: Final = "makegood_needs"
_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-store",
}
_HTTPS_ONLY: Final = "max-age=31536000"
"""A browser that has once come by https does not come by anything else for a year."""
_SERVER: Final = "makegood"
"""Which versions answer is nobody's business."""


def needs(*roles: Role) -> Callable[[Handling], Handling]:
    """Let only bearers with one of these roles in."""

    def mark(handler: Handling) -> Handling:
        setattr(handler, _NEEDS, frozenset(roles))
        return handler

    return mark


def open_to_all(handler: Handling) -> Handling:
    """Let everybody in: the log-in page, health, what is neither personal nor about anybody."""
    setattr(handler, _NEEDS, None)
    return handler


def wants_page(request: web.Request) -> bool:
    """Say whether a person's browser asks, not a program."""
    return not request.path.startswith("/v1/") and "text/html" in request.headers.get("Accept", "")


def from_elsewhere(request: web.Request) -> bool:
    """Say whether a form was sent from another site's page."""
    return request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}


@web.middleware
async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer every request: let in or refuse, turn what went wrong into plain words, set the headers."""
    try:
        response = await _let_in(request, handler)
    except BadQuestion as error:
        response = refusal(400, str(error), error.field or None)
    except web.HTTPException as error:
        if error.status < 400:  # noqa: PLR2004 - a redirect is an answer
            raise
        response = _refused(request, error)
        response.headers.update({key: value for key, value in error.headers.items() if key in _KEPT})
    return response


async def keep_strict(request: web.Request, response: web.StreamResponse) -> None:
    """Set the headers of every response, streams and redirects among them, just before it goes out."""
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers["Server"] = _SERVER
    if request.app[SITE].settings.https:
        response.headers["Strict-Transport-Security"] = _HTTPS_ONLY


def needed(handler: object) -> frozenset[Role] | None:
    """Return the roles that let a bearer in, None when everybody may come; no mark lets nobody in."""
    roles: frozenset[Role] | None = getattr(handler, _NEEDS, frozenset())
    return roles


_KEPT: Final = {"Allow", "Retry-After", "WWW-Authenticate"}


def _refused(request: web.Request, error: web.HTTPException) -> web.Response:
    message = error.text or error.reason
    if wants_page(request):
        return page(request, "error.html", status=error.status, message=message)
    return refusal(error.status, message)


def refusal(status: int, error: str, field: str | None = None) -> web.Response:
    """Return an error as JSON."""
    return web.Response(status=status, body=msgspec.json.encode(Refusal(error, field)), content_type="application/json")


async def _let_in(request: web.Request, handler: Handler) -> web.StreamResponse:
    if request.match_info.http_exception is not None:
        raise request.match_info.http_exception
    roles = needed(request.match_info.handler)
    if roles is not None:
        bearer = _bearer(request)
        if bearer is None:
            if wants_page(request):
                raise web.HTTPSeeOther("/login")
            raise _unknown(request)
        if not any(bearer.may(role) for role in roles):
            named = " or ".join(sorted(roles)) or "no role"
            raise web.HTTPForbidden(text=f"this needs the role {named}; {bearer.name} has {', '.join(bearer.roles)}")
        request[BEARER] = bearer
        _within_rate(request, bearer.name)
    return await handler(request)


def _bearer(request: web.Request) -> Bearer | None:
    site = request.app[SITE]
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token:
        if site.failures.empty(_from(request), site.now()):
            raise web.HTTPTooManyRequests(headers={"Retry-After": "60"}, text="too many wrong tokens: wait a minute")
        return site.access.of_token(token.strip())
    if session := request.cookies.get(SESSION_COOKIE):
        return site.access.of_session(session, site.now())
    return None


def _unknown(request: web.Request) -> web.HTTPException:
    site = request.app[SITE]
    if "Authorization" in request.headers:
        site.failures.take(_from(request), site.now())
        _log.warning("token_refused", caller=_from(request))
    return web.HTTPUnauthorized(
        headers={"WWW-Authenticate": 'Bearer realm="makegood"'},
        text="send a token as `Authorization: Bearer ...`; make one with `makegood web token new ROLE`",
    )


def _within_rate(request: web.Request, caller: str) -> None:
    site = request.app[SITE]
    if not site.calls.take(caller, site.now()):
        raise web.HTTPTooManyRequests(
            headers={"Retry-After": "1"},
            text=f"more than {site.settings.calls_per_second} calls a second: ask for many at once",
        )


def _from(request: web.Request) -> str:
    return request.remote or ""

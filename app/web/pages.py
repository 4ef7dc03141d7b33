"""The command centre's pages: boards, lists behind their numbers, customers, log-in, and the live stream."""

import asyncio
from collections.abc import Iterator
from typing import Any, Final, NamedTuple
from urllib.parse import quote

from aiohttp import web

from app.clock import DAY, Instant
from app.ids import CustomerId
from app.outputs import HoldEntry
from app.web import person
from app.web.access import SESSION_LASTS, Role
from app.web.boards.board import BOARD, Board
from app.web.boards.describing import described
from app.web.boards.outcomes import Day
from app.web.boards.troubles import AGES, MARKETING, OLDER
from app.web.gate import Answer, Audio
from app.web.identities import KINDS
from app.web.rendering import long_page, moment, page, words_of
from app.web.requests import from_elsewhere, needs, open_to_all
from app.web.site import BEARER, SESSION_COOKIE, SITE, Site
from app.web.words import Words
from app.web.workers import WORKERS

routes = web.RouteTableDef()

_MOST_ROWS: Final = 500
_EVERY_SECONDS: Final = 2.0
_BEAT_SECONDS: Final = 15.0
_MOST_STREAMS: Final = 200


@routes.get("/")
@needs(Role.OPERATOR)
async def board_page(request: web.Request) -> web.Response:
    """Show all boards; they follow what happens."""
    return await long_page(request, "board.html", **await _board_values(request))


@routes.get("/board")
@needs(Role.OPERATOR)
async def board_part(request: web.Request) -> web.Response:
    """Give the boards alone, for a page that is open already."""
    return await long_page(request, "_board.html", **await _board_values(request))


async def _board_values(request: web.Request) -> dict[str, Any]:
    site = request.app[SITE]
    board = await request.app[BOARD].board(site)
    return {
        "board": board,
        "freshness": site.model.freshness(),
        "ages": [*(word for word, _ in AGES), OLDER],
        "marketing": MARKETING,
        "points": _points(board.days),
        "promised": _promised(board),
        "lost_after": site.policy.limits.lost_after // DAY,
        "worth": ", ".join(f"{amount} {currency}" for currency, amount in board.lost_worth.items()),
        "workers": await request.app[WORKERS].newest(site.now()),
        "unreadable": site.model.unreadable,
        "forgotten": site.model.books.forgotten,
    }


def _points(days: tuple[Day, ...]) -> list[list[int]]:
    return [[day.start // 1000 for day in days], [day.kept for day in days], [day.broken for day in days]]


def _promised(board: Board) -> list[str]:
    found = (word for what in ("kept", "broken", "open") for word in board.tally.named(f"promise_{what}"))
    return list(dict.fromkeys(found))


@routes.get("/live")
@needs(Role.OPERATOR)
async def live(request: web.Request) -> web.StreamResponse:
    """Tell an open page, by server-sent events, whenever the boards have changed."""
    streams = request.app[STREAMS].tasks
    if len(streams) >= _MOST_STREAMS:
        raise web.HTTPServiceUnavailable(text=f"{_MOST_STREAMS} pages are open already: close some")
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"})
    await response.prepare(request)
    task = asyncio.current_task()
    assert task is not None
    streams.add(task)
    try:
        await _tell(request.app[SITE], response)
    except (ConnectionResetError, asyncio.CancelledError):
        # the page was closed, or we are stopping
        pass
    finally:
        streams.discard(task)
    return response


async def _tell(site: Site, response: web.StreamResponse) -> None:
    seen, stale, silent = site.model.books.version, site.model.freshness().stale, 0.0
    while True:
        await asyncio.sleep(_EVERY_SECONDS)
        silent += _EVERY_SECONDS
        now = site.model.books.version, site.model.freshness().stale
        if now != (seen, stale) or silent >= _BEAT_SECONDS:
            seen, stale = now
            silent = 0.0
            await response.write(b"event: board\ndata: %d\n\n" % seen)


class Streams:
    """The streams that are open."""

    def __init__(self) -> None:
        self.tasks: set[asyncio.Task[Any]] = set()


STREAMS: web.AppKey[Streams] = web.AppKey("streams", Streams)


async def end_streams(app: web.Application) -> None:
    """End the open streams, so that a stop does not wait for pages to be closed."""
    for task in tuple(app[STREAMS].tasks):
        task.cancel()


class ListRow(NamedTuple):
    """A customer in a list."""

    name: CustomerId
    open: list[str]
    severity: int
    held: list[str]
    last_at: Instant | None


@routes.get("/customers")
@needs(Role.OPERATOR)
async def customers(request: web.Request) -> web.Response:
    """List the customers behind a number."""
    site, words, key = request.app[SITE], words_of(request), request.query.get("of", "")
    board = await request.app[BOARD].board(site)
    try:
        heading = described(key, words, site.policy)
    except (KeyError, IndexError):
        raise web.HTTPNotFound(text="no board has such a number") from None
    names = board.lists.get(key, ())
    rows = [_row(site, name) for name in names[:_MOST_ROWS]]
    return await long_page(request, "list.html", heading=heading, number=len(names), rows=rows)


def _row(site: Site, name: CustomerId) -> ListRow:
    customer = site.model.books.customers.get(name)
    problems = [] if customer is None else [one for one in customer.problems.values() if one.status == "open"]
    held = (word for ledger in site.model.ledgers.of(name) if ledger for hold in ledger.holds for word in _kept(hold))
    return ListRow(
        name,
        sorted({problem.type for problem in problems}),
        max((problem.severity for problem in problems), default=0),
        sorted(set(held)),
        None if customer is None else customer.last_at,
    )


def _kept(hold: HoldEntry) -> tuple[str, ...]:
    return MARKETING if "*" in hold.scope.classes else hold.scope.classes


@routes.get("/customers/{id}")
@needs(Role.OPERATOR)
async def customer_page(request: web.Request) -> web.Response:
    """Show one customer: the gate's answers, journeys, problems, promises, and every decision explained."""
    site, words = request.app[SITE], words_of(request)
    name = CustomerId(request.match_info["id"])
    everything = request[BEARER].may(Role.AUDITOR)
    gate = [
        {"words": classes, "answer": answer, "why": _why(answer, words)}
        for classes, answer in person.gate_rows(site, name)
    ]
    return await long_page(
        request,
        "customer.html",
        name=name,
        person=site.model.books.customers.get(name),
        known=bool(site.model.ledgers.of(name)),
        gate=gate,
        audio=_audio(person.audio(site, name), words),
        entries=await person.timeline(site, name, everything=everything),
        hidden=not everything,
        gone=site.model.timelines.forgotten > 0,
    )


def _why(answer: Answer, words: Words) -> str:
    if answer.why == "ramp" and answer.ramp is not None:
        week = answer.ramp.per_week
        pace = words("pace.any") if week is None else words("pace.week", n=week)
        return words("why.ramp", from_=moment(answer.ramp.from_), pace=pace)
    return words(f"why.{answer.why}")


def _audio(heard: Audio, words: Words) -> str:
    if not heard.must_not_play:
        return words("person.audio.all")
    may, must = (", ".join(map(words.word, classes)) for classes in heard)
    return words("person.audio", may=may, must=must)


@routes.post("/find")
@needs(Role.OPERATOR)
async def find(request: web.Request) -> web.Response:
    """Go to the customer whom somebody is known by: our id, or what other systems call them (never in the address)."""
    if from_elsewhere(request):
        raise web.HTTPForbidden(text="this form was sent from another site")
    site = request.app[SITE]
    who = str((await request.post()).get("who", "")).strip()
    for name in _known_as(site, who):
        raise web.HTTPSeeOther(f"/customers/{quote(name, safe='')}")
    return page(request, "error.html", status=404, message=words_of(request)("search.none"))


def _known_as(site: Site, who: str) -> Iterator[CustomerId]:
    if who in site.model.books.customers or site.model.ledgers.of(CustomerId(who)):
        yield CustomerId(who)
    for kind in KINDS:
        found = site.model.ledgers.directory.find(kind, who) if who else None
        if found is not None:
            yield found


@routes.get("/login")
@open_to_all
async def login_page(request: web.Request) -> web.Response:
    """Ask for a token; a one-time link logs in at once."""
    token = request.query.get("token")
    if token is None:
        return page(request, "login.html", wrong=None)
    return _logged_in(request, request.app[SITE].access.log_in_once(token, request.app[SITE].now()), "login.used")


@routes.post("/login")
@open_to_all
async def login(request: web.Request) -> web.Response:
    """Begin a session for a token."""
    site = request.app[SITE]
    if from_elsewhere(request):
        raise web.HTTPForbidden(text="this form was sent from another site")
    if site.failures.empty(request.remote or "", site.now()):
        raise web.HTTPTooManyRequests(headers={"Retry-After": "60"}, text="too many wrong tokens: wait a minute")
    if request.content_length is None or request.content_length > _MOST_FORM:
        raise web.HTTPRequestEntityTooLarge(_MOST_FORM, 0, text=f"a token has fewer than {_MOST_FORM} bytes")
    token = str((await request.post()).get("token", "")).strip()
    return _logged_in(request, site.access.log_in(token, site.now()), "login.wrong")


_MOST_FORM: Final = 1_024
"""Bytes of the one form that is read from somebody who has shown nothing yet."""


def _logged_in(request: web.Request, session: str | None, wrong: str) -> web.Response:
    site = request.app[SITE]
    if session is None:
        site.failures.take(request.remote or "", site.now())
        return page(request, "login.html", status=401, wrong=wrong)
    response = web.Response(status=303, headers={"Location": "/"})
    response.set_cookie(
        SESSION_COOKIE,
        session,
        max_age=SESSION_LASTS // 1000,
        httponly=True,
        samesite="Strict",
        secure=site.settings.https,
    )
    return response


@routes.post("/logout")
@open_to_all
async def logout(request: web.Request) -> web.Response:
    """End the session."""
    request.app[SITE].access.log_out(request.cookies.get(SESSION_COOKIE, ""))
    response = web.Response(status=303, headers={"Location": "/login"})
    response.del_cookie(SESSION_COOKIE)
    return response

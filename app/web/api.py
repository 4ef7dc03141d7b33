"""The gate over HTTP: one question, many at once, a whole list as a stream; hold audio; the planners' lists."""

import asyncio
from collections.abc import Iterable
from typing import Any, Final

import msgspec
from aiohttp import web

from app.ids import CustomerId
from app.web.access import Role
from app.web.asking import BadQuestion, Defaults, answer, checked_channel, checked_class
from app.web.contract import (
    Batch,
    BatchAnswer,
    Exclusion,
    HoldAudio,
    MaySend,
    Question,
    Refusal,
    SevereCase,
    freshness_shown,
)
from app.web.gate import audio_for
from app.web.lists import as_csv, exclusions, exclusions_of, severe_cases
from app.web.pieces import in_pieces
from app.web.requests import needs
from app.web.site import SITE, Site

routes = web.RouteTableDef()

JSON: Final = "application/json"
NDJSON: Final = "application/x-ndjson"
CSV: Final = "text/csv"
_MOST_LINE: Final = 4_096
_LINES_AT_ONCE: Final = 25

_encoder: Final = msgspec.json.Encoder()
_batch: Final = msgspec.json.Decoder(Batch)
_question: Final = msgspec.json.Decoder(Question)


@routes.get("/v1/customers/{id}/may-send")
@needs(Role.GATE)
async def may_send_one(request: web.Request) -> web.Response:
    """Say whether a message of a class may go to a customer by a channel, with the reason and how fresh that is."""
    site = request.app[SITE]
    freshness = site.model.freshness()
    question = Question(
        message_class=request.query.get("class", ""),
        channel=request.query.get("channel", ""),
        customer=request.match_info["id"],
    )
    found = site.meters.answered(answer(site.model.ledgers, question, Defaults(), freshness, site.when_stale))
    return _json(msgspec.structs.replace(found, freshness=freshness_shown(freshness)))


@routes.post("/v1/may-send")
@needs(Role.GATE)
async def may_send_many(request: web.Request) -> web.Response:
    """Answer many questions at once, in their order; personal names of customers are allowed here."""
    site = request.app[SITE]
    batch = _decoded(_batch, await request.read())
    if len(batch.questions) > site.settings.batch:
        raise BadQuestion(
            "questions", f"{len(batch.questions)} at once, at most {site.settings.batch}: send several, or stream them"
        )
    freshness = site.model.freshness()
    defaults = Defaults(batch.message_class, batch.channel)
    answers = [
        _placed(site, question, defaults, f"questions[{place}]")
        async for place, question in in_pieces(enumerate(batch.questions))
    ]
    return _json(BatchAnswer(tuple(answers), freshness_shown(freshness)))


@routes.post("/v1/may-send/stream")
@needs(Role.GATE)
async def may_send_stream(request: web.Request) -> web.StreamResponse:
    """Answer a list of any length: one question a line in, one answer a line out, in their order.

    A line that cannot be answered is answered with what is wrong with it, and the others go on.
    """
    site = request.app[SITE]
    defaults = Defaults(
        checked_class(request.query.get("class", "promotion")), checked_channel(request.query.get("channel", "*"))
    )
    response = web.StreamResponse(headers={"Content-Type": NDJSON})
    await response.prepare(request)
    waiting: list[bytes] = []
    async for line in request.content:
        if not line.strip():
            continue
        waiting.append(_line(site, line, defaults))
        if len(waiting) >= _LINES_AT_ONCE:
            await response.write(b"".join(waiting))
            waiting.clear()
            # a sender that is faster than we are leaves neither the reading nor the writing anything to wait for
            await asyncio.sleep(0)
    await response.write(b"".join(waiting))
    await response.write_eof()
    return response


def _line(site: Site, line: bytes, defaults: Defaults) -> bytes:
    try:
        question = _decoded(_question, _short(line))
        freshness = site.model.freshness()
        found = answer(site.model.ledgers, question, defaults, freshness, site.when_stale)
        fresh = msgspec.structs.replace(found, freshness=freshness_shown(freshness))
        shown: MaySend | Refusal = site.meters.answered(fresh)
    except BadQuestion as error:
        shown = Refusal(str(error), error.field or None)
    return _encoder.encode(shown) + b"\n"


def _short(line: bytes) -> bytes:
    if len(line) > _MOST_LINE:
        raise BadQuestion("", f"a line of {len(line)} bytes, at most {_MOST_LINE}")
    return line


def _placed(site: Site, question: Question, defaults: Defaults, place: str) -> MaySend:
    try:
        found = answer(site.model.ledgers, question, defaults, site.model.freshness(), site.when_stale)
        return site.meters.answered(found)
    except BadQuestion as error:
        raise BadQuestion(f"{place}.{error.field}", str(error)) from error


@routes.get("/v1/customers/{id}/hold-audio")
@needs(Role.GATE)
async def hold_audio(request: web.Request) -> web.Response:
    """Say which classes of audio may play while a caller waits."""
    site = request.app[SITE]
    freshness = site.model.freshness()
    customer = request.match_info["id"]
    heard = audio_for(site.policy.hold_audio, site.model.ledgers.of(CustomerId(customer)), freshness, site.when_stale)
    return _json(HoldAudio(customer, heard.may_play, heard.must_not_play, freshness_shown(freshness)))


@routes.get("/v1/exclusions.{form:csv|json}")
@needs(Role.OPERATOR, Role.GATE)
async def list_exclusions(request: web.Request) -> web.Response:
    """List every customer whom a campaign of a class and channel must leave out now."""
    site = request.app[SITE]
    message_class = checked_class(request.query.get("class", "promotion"))
    channel = checked_channel(request.query.get("channel", "*"))
    rows = await exclusions(site.model, message_class, channel, site.model.freshness())
    return _listed(request, Exclusion, rows, f"exclusions-{message_class}")


@routes.get("/v1/campaigns/{id}/exclusions.{form:csv|json}")
@needs(Role.OPERATOR, Role.GATE)
async def list_campaign_exclusions(request: web.Request) -> web.Response:
    """List every customer whom a planned campaign must leave out now, severe cases among them."""
    site, name = request.app[SITE], request.match_info["id"]
    planned = site.model.campaigns.find(name)
    if planned is None:
        raise web.HTTPNotFound(text=f"no campaign {name} has been planned: publish campaign_planned on `campaigns`")
    rows = await exclusions_of(site.model, planned, site.model.freshness())
    return _listed(request, Exclusion, rows, "exclusions")


@routes.get("/v1/severe-cases.{form:csv|json}")
@needs(Role.OPERATOR)
async def list_severe_cases(request: web.Request) -> web.Response:
    """List the customers with a severe open problem, the worst first."""
    site = request.app[SITE]
    rows = await severe_cases(site.model, site.settings.severe_from)
    return _listed(request, SevereCase, rows, "severe-cases")


def _listed(request: web.Request, kind: type[Any], rows: Iterable[Any], name: str) -> web.Response:
    freshness = request.app[SITE].model.freshness()
    if freshness.stale:
        raise web.HTTPServiceUnavailable(text="the list would be out of date: the outputs cannot be read just now")
    if request.match_info["form"] == "json":
        return _json({"rows": list(rows), "freshness": freshness_shown(freshness)})
    headers = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
    return web.Response(text=as_csv(kind, rows), content_type=CSV, charset="utf-8", headers=headers)


def _decoded(decoder: "msgspec.json.Decoder[Any]", body: bytes) -> Any:
    """Decode JSON; BadQuestion says where it is wrong and never repeats a value: it may be personal."""
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at ")
        raise BadQuestion(where.strip("`"), what) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        what = "a text in it is not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
        raise BadQuestion("", f"not JSON: {what}") from error


def _json(value: object) -> web.Response:
    return web.Response(body=_encoder.encode(value), content_type=JSON)

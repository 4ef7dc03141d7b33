"""Templates: server-rendered pages, every value escaped, every text from the catalogue."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from app.clock import Instant, from_iso, to_datetime, to_iso
from app.decide.policy import Policy
from app.web.boards.describing import described, problem_words
from app.web.pieces import in_pieces
from app.web.site import BEARER, SITE
from app.web.words import Words, words_for

_SLUG: Final = re.compile(r"[^a-z0-9]+")
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")
_UUID: Final = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_MACHINE: Final = re.compile(rf" \[{_UUID}\]|,? owned by {_UUID}|, problem {_UUID}")
"""Ids that only programs ask for; the records have them, `makegood explain` shows them."""
_JOINED: Final = re.compile(r"(?<=[a-z])_(?=[a-z])")
_TITLE: Final = re.compile(r"deadline: (.+?)( \(.+\))?")


def page(request: web.Request, template: str, status: int = 200, **values: Any) -> web.Response:
    """Render a short template for a request, in its reader's language."""
    return _html("".join(_parts(request, template, values)), status)


async def long_page(request: web.Request, template: str, **values: Any) -> web.Response:
    """Render a template of any length, in pieces: the gate answers in between. Nobody may change the values."""
    return _html("".join([part async for part in in_pieces(_parts(request, template, values))]))


def warm(policy: Policy) -> None:
    """Compile every template before the first reader comes: that takes longer than any answer may wait."""
    environment = _environment(words_for(""), policy)
    for template in environment.list_templates():
        environment.get_template(template)


def _parts(request: web.Request, template: str, values: Mapping[str, Any]) -> Iterator[str]:
    words = words_of(request)
    text = _environment(words, request.app[SITE].policy).get_template(template)
    return text.generate(words=words, bearer=request.get(BEARER), **values)


def _html(text: str, status: int = 200) -> web.Response:
    return web.Response(text=text, content_type="text/html", charset="utf-8", status=status)


def words_of(request: web.Request) -> Words:
    """Return the texts in the language of a request's reader."""
    return words_for(request.headers.get("Accept-Language", ""))


def moment(at: Instant) -> str:
    """Return a time as pages show it where no script turns it into the reader's own zone."""
    return f"{to_datetime(at):%d %b %H:%M} UTC"


@cache
def _environment(words: Words, policy: Policy) -> Environment:
    environment = Environment(
        loader=PackageLoader("app.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "iso": to_iso,
        "moment": moment,
        "day": _day,
        "slug": _slug,
        "word": words.word,
        "by_time": _by_time,
        "told": _told,
        "timed": _timed,
        "titled": lambda title: _titled(title, words),
        "problem": lambda word: problem_words(policy, word, words),
        "describe": lambda key: described(key, words, policy),
    }
    return environment


def _day(at: Instant) -> str:
    return f"{to_datetime(at):%d %b}"


def _slug(text: str) -> str:
    return _SLUG.sub("-", text.lower())


def _told(text: str) -> Markup:
    """Return a line of the timeline for people: without ids, words apart, times in the reader's own zone."""
    return _timed(_JOINED.sub(" ", _MACHINE.sub("", text)))


def _timed(text: str) -> Markup:
    """Return a text, escaped, with its times as times."""
    found, start = Markup(), 0
    for match in _TIME.finditer(text):
        at = match[0]
        shown = Markup('<time datetime="{}">{}</time>').format(at, moment(from_iso(at)))
        found += escape(text[start : match.start()]) + shown
        start = match.end()
    return found + escape(text[start:])


def _titled(title: str, words: Words) -> str:
    """Return a step's title for people: what ran out is said in words."""
    match = _TITLE.fullmatch(title)
    if match is None:
        return title.removeprefix("event: ")
    return words.either(f"deadline.{match[1].replace(' ', '_')}", match[1]) + (match[2] or "")


def _by_time(steps: Mapping[str, Instant]) -> list[tuple[str, Instant]]:
    return sorted(steps.items(), key=lambda step: step[1])

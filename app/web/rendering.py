"""Templates: server-rendered pages, every value escaped, every text from the catalogue."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined

from app.clock import Instant, to_datetime, to_iso
from app.decide.policy import Policy
from app.web.boards.describing import described, problem_words
from app.web.site import BEARER, SITE
from app.web.words import Words, words_for

_SLUG: Final = re.compile(r"[^a-z0-9]+")


def page(request: web.Request, template: str, status: int = 200, **values: Any) -> web.Response:
    """Render a template for a request, in its reader's language."""
    words = words_of(request)
    text = _environment(words, request.app[SITE].policy).get_template(template)
    shown = text.render(words=words, bearer=request.get(BEARER), **values)
    return web.Response(text=shown, content_type="text/html", charset="utf-8", status=status)


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
        "problem": lambda word: problem_words(policy, word, words),
        "describe": lambda key: described(key, words, policy),
    }
    return environment


def _day(at: Instant) -> str:
    return f"{to_datetime(at):%d %b}"


def _slug(text: str) -> str:
    return _SLUG.sub("-", text.lower())


def _by_time(steps: Mapping[str, Instant]) -> list[tuple[str, Instant]]:
    return sorted(steps.items(), key=lambda step: step[1])

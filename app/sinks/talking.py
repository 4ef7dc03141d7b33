"""Requests and answers as values, and what an answer means to whoever has to try again."""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, NamedTuple

from app.errors import MakegoodError


class Request(NamedTuple):
    """One HTTP request. Headers may hold a secret and the body people: neither is ever logged."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None = None


class Answer(NamedTuple):
    """What came back; header names in any case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


Transport = Callable[[Request], Awaitable[Answer]]
"""Sends a request; TryLater when there is no answer."""


class TryLater(MakegoodError):  # noqa: N818 - it says what to do
    """The tool is away, busy or locked; `after`: how many seconds it asks to be left alone, None if it does not say."""

    def __init__(self, reason: str, after: float | None = None) -> None:
        super().__init__(reason)
        self.after = after


class Refused(MakegoodError):  # noqa: N818 - it is what became of the request
    """The tool will never take this request; the message holds no personal data."""


_TOO_MANY: Final = 429
_LOCKED: Final = frozenset({401, 403})
_PASSING: Final = frozenset({408, 409, 423, 425})
_OWN_FAULT: Final = 500
_REDIRECTS: Final = 300


def json_request(method: str, url: str, headers: Mapping[str, str], content: Any = None) -> Request:
    """Return a request with a JSON body, or none."""
    told = {"Accept": "application/json", **headers}
    if content is None:
        return Request(method, url, told)
    return Request(method, url, {"Content-Type": "application/json", **told}, json.dumps(content).encode())


def checked(answer: Answer) -> Answer:
    """Return an answer of success; TryLater for what passes or can be mended, Refused for what never will."""
    if answer.status < _REDIRECTS:
        return answer
    if answer.status == _TOO_MANY:
        raise TryLater("too many requests (429)", retry_after(answer))
    if answer.status in _LOCKED:
        raise TryLater(f"our key is refused ({answer.status}): check the key and what it may do")
    if answer.status in _PASSING or answer.status >= _OWN_FAULT:
        raise TryLater(f"status {answer.status}", retry_after(answer))
    raise Refused(f"status {answer.status}")


def content(answer: Answer) -> Any:
    """Return the JSON of a successful answer; TryLater when it is none (a proxy's page, a cut connection)."""
    good = checked(answer)
    try:
        return json.loads(good.body or b"{}")
    except ValueError:
        raise TryLater(f"status {good.status} without JSON") from None


def retry_after(answer: Answer) -> float | None:
    """Return the seconds of a Retry-After header; None when there is none, or a date (no tool sends one)."""
    text = answer.headers.get("Retry-After", "").strip()
    return float(text) if text.replace(".", "", 1).isdecimal() else None

"""What the fields of a record may hold: one check for each value, by the `checked` word that its schema gives it.

A check takes a field as Avro has it and our own time (`known_at`), and returns it as the core has it: an instant, a
Decimal; or raises InvalidRecord (`invalid_field`), which never holds the value.
"""

import re
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from app.clock import Instant
from app.errors import InvalidRecord
from app.facts import incident_key
from app.intake.currencies import CURRENCIES
from app.intake.limits import (
    AHEAD_OF_US,
    EARLIEST,
    EARLIEST_CUSTOMER,
    MAX_ID,
    MAX_INCIDENT,
    MAX_TEXT,
    MAX_WORD,
    PROMISE_AHEAD,
)

_MONEY: Final = re.compile(r"[0-9]{1,15}(\.[0-9]{1,4})?", re.ASCII)
_SHARE: Final = re.compile(r"0(\.[0-9]{1,9})?|1(\.0{1,9})?", re.ASCII)
_COUNTRY: Final = re.compile(r"[A-Z]{2}", re.ASCII)
_KIND: Final = re.compile(r"[a-z][a-z0-9_]{0,49}", re.ASCII)
_INCIDENT: Final = incident_key("").decode()
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_CONTROL_IN_TEXT: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def invalid(detail: str, field: str | None = None) -> InvalidRecord:
    """Return a refusal of a field; the detail says how to mend it and never holds its value."""
    return InvalidRecord("invalid_field", detail, field)


def within(value: Instant, low: Instant, high: Instant, what: str) -> Instant:
    """Return the instant when it lies in a window, both ends included; `what` says the window in words."""
    if not low <= value <= high:
        raise invalid(what)
    return value


def happened(value: Instant, known_at: Instant) -> Instant:
    """Return an instant that may be a sender's `occurred_at`: since 2000 and at most a day ahead of us."""
    return within(value, EARLIEST, Instant(known_at + AHEAD_OF_US), _PAST)


@lru_cache(maxsize=1024)
def zone_of(name: str) -> ZoneInfo:
    """Return an IANA zone; InvalidRecord when there is no such zone."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise invalid('must be an IANA time zone such as "Europe/Paris"') from None


_PAST: Final = "must lie between 2000-01-01 and one day after the record arrived"
_AHEAD: Final = "must lie between 2000-01-01 and five years after the record arrived"
_SINCE: Final = "must lie between 1900-01-01 and one day after the record arrived"


class Check:
    """What a value may hold, and what it becomes."""

    def check(self, value: Any, known_at: Instant) -> Any:
        """Return the value as the core has it; InvalidRecord when it may not be."""
        raise NotImplementedError


class _Past(Check):
    def check(self, value: Any, known_at: Instant) -> Any:
        happened(value, known_at)
        return value


class _Ahead(Check):
    def check(self, value: Any, known_at: Instant) -> Any:
        within(value, EARLIEST, Instant(known_at + PROMISE_AHEAD), _AHEAD)
        return value


class _Since(Check):
    def check(self, value: Any, known_at: Instant) -> Any:
        within(value, EARLIEST_CUSTOMER, Instant(known_at + AHEAD_OF_US), _SINCE)
        return value


class _Line(Check):
    """A text in one line, of at least one character that is seen."""

    def __init__(self, longest: int) -> None:
        self._longest = longest

    def check(self, value: Any, known_at: Instant) -> Any:  # noqa: ARG002 - for those that look at the time
        text: str = value
        if (
            not 0 < len(text) <= self._longest
            or text.isspace()
            or (not text.isprintable() and _CONTROL.search(text) is not None)
        ):
            raise invalid(f"must have 1 to {self._longest} characters, not only blanks and no control characters")
        return text


class _Incident(_Line):
    def check(self, value: Any, known_at: Instant) -> Any:
        text: str = value
        if not text.startswith(_INCIDENT):
            raise invalid(f'must begin with "{_INCIDENT}", as its escalation names it in place of a customer')
        return super().check(value, known_at)


class _Text(Check):
    def check(self, value: Any, known_at: Instant) -> Any:  # noqa: ARG002
        text: str = value
        if len(text) > MAX_TEXT or (not text.isprintable() and _CONTROL_IN_TEXT.search(text) is not None):
            raise invalid(f"must have at most {MAX_TEXT} characters and no control characters")
        return text


class _Reason(_Text):
    def check(self, value: Any, known_at: Instant) -> Any:
        text: str = value
        if not text or text.isspace():
            raise invalid("must say why")
        return super().check(value, known_at)


class _Matching(Check):
    def __init__(self, pattern: re.Pattern[str], detail: str) -> None:
        self._pattern = pattern
        self._detail = detail

    def check(self, value: Any, known_at: Instant) -> Any:  # noqa: ARG002
        if self._pattern.fullmatch(value) is None:
            raise invalid(self._detail)
        return value


class _Number(_Matching):
    def check(self, value: Any, known_at: Instant) -> Any:
        return Decimal(super().check(value, known_at))


class _Currency(Check):
    def check(self, value: Any, known_at: Instant) -> Any:  # noqa: ARG002
        if value not in CURRENCIES:
            raise invalid("must be an ISO 4217 currency code, in capitals")
        return value


class _Zone(Check):
    def check(self, value: Any, known_at: Instant) -> Any:  # noqa: ARG002
        zone_of(value)
        return value


CHECKS: Final[dict[str, Check]] = {
    "past": _Past(),
    "ahead": _Ahead(),
    "since": _Since(),
    "scan_time": _Line(MAX_WORD),
    "id": _Line(MAX_ID),
    "incident": _Incident(MAX_INCIDENT),
    "word": _Line(MAX_WORD),
    "kind": _Matching(_KIND, "must be small letters, digits and _, at most 50"),
    "text": _Text(),
    "reason": _Reason(),
    "money": _Number(_MONEY, 'must be decimal text, not negative, such as "12.50"'),
    "share": _Number(_SHARE, 'must be decimal text from 0 to 1, such as "0.35"'),
    "currency": _Currency(),
    "country": _Matching(_COUNTRY, "must be an ISO 3166 code of two capitals"),
    "zone": _Zone(),
}
"""The check of each `checked` word; a word without one is not checked."""

"""What the fields of a record may hold: one function per schema, compiled from its `checked` words.

A check takes a field as Avro has it and our own time (`known_at`), and returns it as the core has it: instants, Decimal
and the structs of `app.facts`; or raises InvalidRecord (`invalid_field`) with the field's path and never its value.
"""

import re
from collections.abc import Callable, Mapping
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
    MAX_ITEMS,
    MAX_TEXT,
    MAX_WORD,
    PROMISE_AHEAD,
)
from app.wire.catalog import EventSchema, JsonSchema

Check = Callable[[Any, Instant], Any]
Shapes = Mapping[str, Callable[[Any], Any]]
"""What becomes of a checked record or enum, by full name: a struct's constructor."""

_MONEY: Final = re.compile(r"[0-9]{1,15}(\.[0-9]{1,4})?", re.ASCII)
_SHARE: Final = re.compile(r"0(\.[0-9]{1,9})?|1(\.0{1,9})?", re.ASCII)
_COUNTRY: Final = re.compile(r"[A-Z]{2}", re.ASCII)
_KIND: Final = re.compile(r"[a-z][a-z0-9_]{0,49}", re.ASCII)
_INCIDENT: Final = incident_key("").decode()
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_CONTROL_IN_TEXT: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def compile_checks(schema: EventSchema, shapes: Shapes) -> Check:
    """Return the check of a whole record of this schema."""
    return _compiled(schema.declared, {}, shapes, "") or _as_it_is


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
_TOO_MANY: Final = f"must have at most {MAX_ITEMS} entries"
_SINCE: Final = "must lie between 1900-01-01 and one day after the record arrived"


def _as_it_is(value: Any, _: Instant) -> Any:
    return value


def _ahead(value: Any, known_at: Instant) -> Instant:
    return within(value, EARLIEST, Instant(known_at + PROMISE_AHEAD), _AHEAD)


def _since(value: Any, known_at: Instant) -> Instant:
    return within(value, EARLIEST_CUSTOMER, Instant(known_at + AHEAD_OF_US), _SINCE)


def _line_of(longest: int) -> Check:
    detail = f"must have 1 to {longest} characters, not only blanks and no control characters"

    def check(value: Any, _: Instant) -> Any:
        if not 0 < len(value) <= longest or value.isspace() or (not value.isprintable() and _CONTROL.search(value)):
            raise invalid(detail)
        return value

    return check


def _text(value: Any, _: Instant) -> Any:
    if len(value) > MAX_TEXT or (not value.isprintable() and _CONTROL_IN_TEXT.search(value)):
        raise invalid(f"must have at most {MAX_TEXT} characters and no control characters")
    return value


def _reason(value: Any, known_at: Instant) -> Any:
    if not value or value.isspace():
        raise invalid("must say why")
    return _text(value, known_at)


def _money(value: Any, _: Instant) -> Decimal:
    if not _MONEY.fullmatch(value):
        raise invalid('must be decimal text, not negative, such as "12.50"')
    return Decimal(value)


def _share(value: Any, _: Instant) -> Decimal:
    if not _SHARE.fullmatch(value):
        raise invalid('must be decimal text from 0 to 1, such as "0.35"')
    return Decimal(value)


def _currency(value: Any, _: Instant) -> Any:
    if value not in CURRENCIES:
        raise invalid("must be an ISO 4217 currency code, in capitals")
    return value


def _incident(value: Any, known_at: Instant) -> Any:
    if not value.startswith(_INCIDENT):
        raise invalid(f'must begin with "{_INCIDENT}", as its escalation names it in place of a customer')
    return _line_of(MAX_INCIDENT)(value, known_at)


def _matching(pattern: re.Pattern[str], detail: str) -> Check:
    def check(value: Any, _: Instant) -> Any:
        if not pattern.fullmatch(value):
            raise invalid(detail)
        return value

    return check


def _zone(value: Any, _: Instant) -> Any:
    zone_of(value)
    return value


_CHECKS: Final[dict[str, Check]] = {
    "past": happened,
    "ahead": _ahead,
    "since": _since,
    "scan_time": _line_of(MAX_WORD),
    "id": _line_of(MAX_ID),
    "incident": _incident,
    "word": _line_of(MAX_WORD),
    "kind": _matching(_KIND, "must be small letters, digits and _, at most 50"),
    "text": _text,
    "reason": _reason,
    "money": _money,
    "share": _share,
    "currency": _currency,
    "country": _matching(_COUNTRY, "must be an ISO 3166 code of two capitals"),
    "zone": _zone,
}


def _compiled(node: Any, names: dict[str, Check | None], shapes: Shapes, space: str) -> Check | None:
    """Return the check of a schema node, None when there is nothing to check or to turn into something else."""
    if isinstance(node, list):
        inner = _compiled(next(item for item in node if item != "null"), names, shapes, space)
        return None if inner is None else _nullable(inner)
    if isinstance(node, str):
        return names.get(node)
    kind = node["type"]
    if kind in {"record", "enum"}:
        return _named(node, names, shapes, node.get("namespace", space))
    if kind == "array":
        return _array(_compiled(node["items"], names, shapes, space))
    if kind == "map":
        return _map(_compiled(node["values"], names, shapes, space))
    return _bounds(node) if "min" in node else _CHECKS.get(node.get("checked", ""))


def _named(node: JsonSchema, names: dict[str, Check | None], shapes: Shapes, space: str) -> Check | None:
    name = f"{space}.{node['name']}"
    shape = shapes.get(name)
    if node["type"] == "record":
        names[name] = _record(
            [(field["name"], _compiled(field["type"], names, shapes, space)) for field in node["fields"]], shape
        )
    else:
        names[name] = None if shape is None else _turned(shape)
    return names[name]


def _turned(shape: Callable[[Any], Any]) -> Check:
    return lambda value, _: shape(value)


def _nullable(inner: Check) -> Check:
    return lambda value, known_at: None if value is None else inner(value, known_at)


def _record(fields: list[tuple[str, Check | None]], shape: Callable[[Any], Any] | None) -> Check:
    checks = [(name, check) for name, check in fields if check is not None]

    def check(value: Any, known_at: Instant) -> Any:
        for name, inner in checks:
            try:
                value[name] = inner(value[name], known_at)
            except InvalidRecord as error:
                raise error.under(name) from None
        return value if shape is None else shape(value)

    return check


def _array(inner: Check | None) -> Check:
    def check(value: Any, known_at: Instant) -> Any:
        if len(value) > MAX_ITEMS:
            raise invalid(_TOO_MANY)
        if inner is None:
            return tuple(value)
        found = []
        for item in value:
            try:
                found.append(inner(item, known_at))
            except InvalidRecord as error:
                raise error.under(str(len(found))) from None
        return tuple(found)

    return check


def _map(inner: Check | None) -> Check | None:
    if inner is None:
        return None

    def check(value: Any, known_at: Instant) -> Any:
        if len(value) > MAX_ITEMS:
            raise invalid(_TOO_MANY)
        for name, item in value.items():
            try:
                inner(item, known_at)
            except InvalidRecord as error:
                # the key may be personal: the path ends at the map
                raise invalid(error.detail) from None
            if len(name) > MAX_WORD:
                raise invalid(f"must have keys of at most {MAX_WORD} characters")
        return value

    return check


def _bounds(node: JsonSchema) -> Check:
    low, high = node["min"], node["max"]

    def check(value: Any, _: Instant) -> Any:
        if not low <= value <= high:
            raise invalid(f"must be a whole number from {low} to {high}")
        return value

    return check

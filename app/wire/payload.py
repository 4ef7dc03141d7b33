"""From JSON-like payloads (what a person or a source writes) to Avro's: shape and types, errors naming the field.

What a field may hold (bounds, currencies, time windows) is intake's to judge: a producer cannot know our clock.
"""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache
from typing import Any, Final

from app.clock import from_iso
from app.errors import InvalidRecord
from app.topics import Topic
from app.wire.catalog import EventSchema, JsonSchema
from app.wire.codec import Codec, Payload, bundled_codec

_Convert = Callable[[Any], Any]
_INT: Final = (-(2**31), 2**31 - 1)
_LONG: Final = (-(2**63), 2**63 - 1)
_MISSING: Final = object()
_NOT_UTF8: Final = re.compile("[\ud800-\udfff]")


def encode_event(topic: Topic, event_type: str, payload: Mapping[str, object], *, codec: Codec | None = None) -> bytes:
    """Return the record value of an event: `encode_event(Topic.ORDERS, "order_placed", {...})`.

    Payload shapes are in docs/events.md. Instants are ISO 8601 text with an offset or milliseconds; decimals are text,
    Decimal or int; fields with a default may be left out. InvalidRecord (`invalid_field`) names the field that does
    not fit, SetupError an event that does not exist.
    """
    codec = codec or bundled_codec()
    schema = codec.catalog.event(topic, event_type)
    return codec.encode(schema, to_avro(schema, payload))


def to_avro(schema: EventSchema, payload: Mapping[str, object]) -> Payload:
    """Return a JSON-like payload in Avro's form, defaults filled in; InvalidRecord names the field that is wrong."""
    converted: Payload = _converter(schema)(payload)
    return converted


@cache
def _converter(schema: EventSchema) -> _Convert:
    return _compiled(schema.declared, {}, None)


def _compiled(node: Any, names: dict[str, _Convert], space: str | None) -> _Convert:
    """Return the converter of a schema node; `names` are the named types met so far, by full name."""
    if isinstance(node, list):
        return _nullable([_compiled(item, names, space) for item in node if item != "null"], optional="null" in node)
    if isinstance(node, str):
        return names[node] if node in names else _plain({"type": node})
    kind = node["type"]
    if kind == "record":
        return _record(node, names, node.get("namespace", space))
    if kind == "enum":
        return _named(node, names, space, _enum(node["symbols"]))
    if kind == "array":
        return _array(_compiled(node["items"], names, space))
    if kind == "map":
        return _map(_compiled(node["values"], names, space))
    return _plain(node)


def _named(node: JsonSchema, names: dict[str, _Convert], space: str | None, convert: _Convert) -> _Convert:
    names[f"{node.get('namespace', space)}.{node['name']}"] = convert
    return convert


def _record(node: JsonSchema, names: dict[str, _Convert], space: str | None) -> _Convert:
    fields = [
        (field["name"], _compiled(field["type"], names, space), field.get("default", _MISSING))
        for field in node["fields"]
    ]
    known = frozenset(name for name, _, _ in fields)

    def convert(value: Any) -> Any:
        if not isinstance(value, Mapping):
            raise _wrong("must be an object with fields")
        if unknown := sorted(str(name) for name in value if name not in known):
            raise _wrong(f"no such field; the fields are {', '.join(sorted(known))}", unknown[0])
        return {name: _field(name, value.get(name, default), inner) for name, inner, default in fields}

    return _named(node, names, space, convert)


def _field(name: str, value: Any, inner: _Convert) -> Any:
    if value is _MISSING:
        raise _wrong("is missing and has no default", name)
    try:
        return inner(value)
    except InvalidRecord as error:
        raise error.under(name) from None


def _nullable(inner: list[_Convert], *, optional: bool) -> _Convert:
    if len(inner) != 1 or not optional:
        msg = "unions other than null with one type are not used in our schemas"
        raise ValueError(msg)
    convert = inner[0]
    return lambda value: None if value is None else convert(value)


def _enum(symbols: list[str]) -> _Convert:
    allowed = frozenset(symbols)

    def convert(value: Any) -> Any:
        if not isinstance(value, str) or value not in allowed:
            raise _wrong(f"must be one of {', '.join(symbols)}")
        return str(value)

    return convert


def _array(inner: _Convert) -> _Convert:
    def convert(value: Any) -> Any:
        if not isinstance(value, list | tuple):
            raise _wrong("must be a list")
        return [_field(str(index), item, inner) for index, item in enumerate(value)]

    return convert


def _map(inner: _Convert) -> _Convert:
    def convert(value: Any) -> Any:
        if not isinstance(value, Mapping):
            raise _wrong("must be an object")
        return {str(name): _field(str(name), item, inner) for name, item in value.items()}

    return convert


def _plain(node: JsonSchema) -> _Convert:
    kind = node["type"]
    if kind == "long" and node.get("logicalType") == "timestamp-millis":
        return _instant
    if kind == "string":
        return _decimal_text if node.get("checked") in {"money", "share"} else _text
    return {"int": _whole(*_INT), "long": _whole(*_LONG), "boolean": _boolean, "bytes": _bytes}[kind]


def _text(value: Any) -> str:
    if not isinstance(value, str) or _NOT_UTF8.search(value):
        raise _wrong("must be text")
    return str(value)


def _decimal_text(value: Any) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str):
        return value
    raise _wrong('must be decimal text such as "12.50" (never binary floating point)')


def _instant(value: Any) -> int:
    if isinstance(value, str):
        try:
            return from_iso(value)
        except (ValueError, OverflowError):
            raise _wrong("must be ISO 8601 with an offset or Z, or milliseconds since 1970") from None
    return int(_whole(*_LONG)(value))


def _whole(low: int, high: int) -> _Convert:
    def convert(value: Any) -> Any:
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise _wrong(f"must be a whole number from {low} to {high}")
        return int(value)

    return convert


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _wrong("must be true or false")
    return value


def _bytes(value: Any) -> bytes:
    if not isinstance(value, bytes):
        raise _wrong("must be bytes")
    return value


def _wrong(detail: str, field: str = "") -> InvalidRecord:
    return InvalidRecord("invalid_field", detail, field)

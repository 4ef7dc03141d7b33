"""Records in the form of the result files: ISO 8601 UTC times with milliseconds, decimals as text, keys sorted."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

import msgspec

from app.clock import Instant, to_iso
from app.wire.catalog import EventSchema, JsonSchema
from app.wire.codec import Codec

_encoder: Final = msgspec.json.Encoder(order="sorted", decimal_format="string")
_Shown = Callable[[Any], Any]


def line(row: object) -> bytes:
    """Return a row as one line of JSON: keys sorted, bytes as base64, decimals as text."""
    return _encoder.encode(row) + b"\n"


def pretty(row: object) -> bytes:
    """Return a row as JSON that people read: keys sorted, indented."""
    return msgspec.json.format(_encoder.encode(row), indent=2) + b"\n"


def shown(codec: Codec, value: bytes) -> dict[str, Any]:
    """Return an output record's fields with its instants as ISO 8601 UTC text."""
    decoded = codec.decode(value)
    row: dict[str, Any] = _shower(decoded.schema)(decoded.payload)
    return row


def instant(moment: int | None) -> str | None:
    """Return an instant as ISO 8601 UTC text, None for none."""
    return None if moment is None else to_iso(Instant(moment))


@cache
def _shower(schema: EventSchema) -> _Shown:
    return _compiled(schema.declared, {}, None) or _as_it_is


def _as_it_is(value: Any) -> Any:
    return value


def _compiled(node: Any, names: dict[str, _Shown | None], space: str | None) -> _Shown | None:
    """Return how a schema node is shown, None when as it is; `names` are the named types met so far."""
    if isinstance(node, list):
        return _compiled(next(item for item in node if item != "null"), names, space)
    if isinstance(node, str):
        return names.get(node) or names.get(f"{space}.{node}")
    if node["type"] == "record":
        return _record(node, names, node.get("namespace", space))
    if node["type"] == "array":
        return _array(_compiled(node["items"], names, space))
    return instant if node.get("logicalType") == "timestamp-millis" else None


def _record(node: JsonSchema, names: dict[str, _Shown | None], space: str | None) -> _Shown | None:
    inner = {field["name"]: _compiled(field["type"], names, space) for field in node["fields"]}
    there = {name: show for name, show in inner.items() if show is not None}
    show = _fields(there) if there else None
    names[f"{space}.{node['name']}"] = show
    return show


def _fields(inner: Mapping[str, _Shown]) -> _Shown:
    def show(value: Any) -> Any:
        return None if value is None else value | {name: one(value[name]) for name, one in inner.items()}

    return show


def _array(inner: _Shown | None) -> _Shown | None:
    return None if inner is None else lambda value: [inner(item) for item in value]

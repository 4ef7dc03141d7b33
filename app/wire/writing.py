"""Avro bytes of what we say, straight from its structs: one function for each part of a schema, compiled once.

fastavro's writer wants dictionaries and tries every branch of a union; for a decision, the record we write most, that
costs more than twice as much. The bytes are the same, which a test holds every output to.
"""

from collections.abc import Callable
from keyword import iskeyword
from operator import attrgetter
from typing import Any, Final

from app.wire.catalog import JsonSchema

Write = Callable[[bytearray, Any], None]
"""Append a value's bytes; AttributeError or TypeError when it is not of the schema's shape (our own bug)."""


def compile_writer(parsed: JsonSchema) -> Write:
    """Return how a struct of this schema (as fastavro parsed it) is written; Decimals become plain decimal text."""
    return _compiled(parsed, {})


def _compiled(node: Any, names: dict[str, Write]) -> Write:
    if isinstance(node, list):
        return _optional(node, names)
    if isinstance(node, str):
        return names[node] if node in names else _PLAIN[node]
    kind = node["type"]
    if kind == "record":
        return _record(node, names)
    if kind == "array":
        return _array(_compiled(node["items"], names))
    if kind == "map":
        return _map(_compiled(node["values"], names))
    return _compiled(kind, names)


def _record(node: JsonSchema, names: dict[str, Write]) -> Write:
    writers = tuple(_compiled(field["type"], names) for field in node["fields"])
    attributes = [name + "_" if iskeyword(name) else name for name in (field["name"] for field in node["fields"])]
    values_of = attrgetter(*attributes)

    def many(out: bytearray, value: Any) -> None:
        for write, part in zip(writers, values_of(value), strict=True):
            write(out, part)

    def one(out: bytearray, value: Any) -> None:
        writers[0](out, values_of(value))

    names[node["name"]] = written = one if len(writers) == 1 else many
    return written


def _optional(branches: list[Any], names: dict[str, Write]) -> Write:
    """Write null or the one other type; our schemas have no other unions."""
    nothing = branches.index("null")
    (inner,) = (_compiled(branch, names) for branch in branches if branch != "null")
    absent, present = nothing << 1, (1 - nothing) << 1

    def write(out: bytearray, value: Any) -> None:
        if value is None:
            out.append(absent)
        else:
            out.append(present)
            inner(out, value)

    return write


def _array(item: Write) -> Write:
    def write(out: bytearray, values: Any) -> None:
        if values:
            _long(out, len(values))
            for value in values:
                item(out, value)
        out.append(0)

    return write


def _map(item: Write) -> Write:
    def write(out: bytearray, values: Any) -> None:
        if values:
            _long(out, len(values))
            for key, value in values.items():
                _string(out, key)
                item(out, value)
        out.append(0)

    return write


_SEVEN_BITS: Final = 0x7F
_SHORT: Final = 64
"""Texts below this length have a length of one byte."""


def _long(out: bytearray, value: int) -> None:
    rest = (value << 1) ^ (value >> 63)
    while rest > _SEVEN_BITS:
        out.append(rest & _SEVEN_BITS | 0x80)
        rest >>= 7
    out.append(rest)


def _string(out: bytearray, value: Any) -> None:
    text = (value if isinstance(value, str) else format(value, "f")).encode()
    if len(text) < _SHORT:
        out.append(len(text) << 1)
    else:
        _long(out, len(text))
    out += text


def _boolean(out: bytearray, value: Any) -> None:
    out.append(1 if value else 0)


_PLAIN: Final[dict[str, Write]] = {"string": _string, "long": _long, "int": _long, "boolean": _boolean}

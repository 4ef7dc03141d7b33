"""Avro bytes of what we say, straight from its structs: one part for each part of a schema, compiled once.

fastavro's writer wants dictionaries and tries every branch of a union; for a decision, the record we write most, that
costs several times as much. The bytes are the same, which a test holds every output to.
"""

from keyword import iskeyword
from typing import Any, Final

from msgspec.structs import astuple

from app.wire.catalog import JsonSchema


class Part:
    """Writes one part of a schema."""

    def write(self, out: list[bytes], value: Any) -> None:
        """Append a value's bytes; AttributeError or TypeError when it is not of the schema's shape (our own bug)."""
        raise NotImplementedError


def compile_writer(parsed: JsonSchema) -> Part:
    """Return how a struct of this schema (as fastavro parsed it) is written; Decimals become plain decimal text."""
    return _compiled(parsed, {})


_SEVEN_BITS: Final = 0x7F
_BYTES: Final = [bytes([value]) for value in range(_SEVEN_BITS + 1)]
_END: Final = _BYTES[0]
_SHORT: Final = 64
"""Texts below this length have a length of one byte."""


def varint(number: int) -> bytes:
    """Return a whole number as Avro has it: zigzag, seven bits a byte, the lowest first."""
    rest = number << 1 if number >= 0 else (-number << 1) - 1
    if rest <= _SEVEN_BITS:
        return _BYTES[rest]
    spread, bits = 0, 0
    while rest > _SEVEN_BITS:
        spread |= (rest & _SEVEN_BITS | 0x80) << bits
        rest >>= 7
        bits += 8
    return (spread | rest << bits).to_bytes((bits >> 3) + 1, "little")


def _write_text(out: list[bytes], text: bytes) -> None:
    size = len(text)
    out.append(_BYTES[size << 1] if size < _SHORT else varint(size))
    out.append(text)


class _Text(Part):
    def write(self, out: list[bytes], value: Any) -> None:
        if isinstance(value, str):
            _write_text(out, value.encode())
        else:
            _write_text(out, format(value, "f").encode())


class _Long(Part):
    def write(self, out: list[bytes], value: Any) -> None:
        number: int = value
        out.append(varint(number))


class _Boolean(Part):
    def write(self, out: list[bytes], value: Any) -> None:
        out.append(_BYTES[1 if value else 0])


class _Optional(Part):
    """Null or the one other type; our schemas have no other unions."""

    def __init__(self, nothing: int, inner: Part) -> None:
        self._absent = varint(nothing)
        self._present = varint(1 - nothing)
        self._inner = inner

    def write(self, out: list[bytes], value: Any) -> None:
        if value is None:
            out.append(self._absent)
        else:
            out.append(self._present)
            self._inner.write(out, value)


class _Array(Part):
    def __init__(self, item: Part) -> None:
        self._item = item

    def write(self, out: list[bytes], value: Any) -> None:
        items = tuple(value)
        if items:
            out.append(varint(len(items)))
            inner = self._item
            for item in items:
                inner.write(out, item)
        out.append(_END)


class _Map(Part):
    def __init__(self, inner: Part) -> None:
        self._inner = inner

    def write(self, out: list[bytes], value: Any) -> None:
        entries: dict[str, Any] = value
        if entries:
            out.append(varint(len(entries)))
            inner = self._inner
            for key, item in entries.items():
                _write_text(out, key.encode())
                inner.write(out, item)
        out.append(_END)


class _Record(Part):
    """A struct's fields. Where it has them as the schema has them, all are taken at once."""

    def __init__(self, names: list[str]) -> None:
        self._names = tuple(name + "_" if iskeyword(name) else name for name in names)
        self._parts: list[Part] = []
        self._like_us: object = None

    def add(self, part: Part) -> None:
        self._parts.append(part)

    def write(self, out: list[bytes], value: Any) -> None:
        values: tuple[Any, ...] = astuple(value) if type(value) is self._like_us else self._of_another(value)
        parts = self._parts
        for index, item in enumerate(values):
            parts[index].write(out, item)

    def _of_another(self, value: Any) -> tuple[Any, ...]:
        if getattr(value, "__struct_fields__", None) == self._names:
            self._like_us = type(value)
        return tuple(getattr(value, name) for name in self._names)


_PLAIN: Final[dict[str, Part]] = {"string": _Text(), "long": _Long(), "int": _Long(), "boolean": _Boolean()}


def _compiled(node: Any, names: dict[str, Part]) -> Part:
    if isinstance(node, list):
        (inner,) = (_compiled(branch, names) for branch in node if branch != "null")
        return _Optional(node.index("null"), inner)
    if isinstance(node, str):
        return names[node] if node in names else _PLAIN[node]
    kind = node["type"]
    if kind == "record":
        return _record(node, names)
    if kind == "array":
        return _Array(_compiled(node["items"], names))
    if kind == "map":
        return _Map(_compiled(node["values"], names))
    return _compiled(kind, names)


def _record(node: JsonSchema, names: dict[str, Part]) -> Part:
    names[node["name"]] = record = _Record([field["name"] for field in node["fields"]])
    for field in node["fields"]:
        record.add(_compiled(field["type"], names))
    return record

"""Avro bytes of what we say, straight from its structs: one part for each part of a schema, compiled once.

fastavro's writer wants dictionaries and tries every branch of a union; for a decision, the record we write most, that
costs several times as much. The bytes are the same, which a test holds every output to.
"""

from keyword import iskeyword
from typing import TYPE_CHECKING, Any, Final

from librt.strings import BytesWriter
from msgspec.structs import astuple

from app.wire.catalog import JsonSchema

if TYPE_CHECKING:
    from mypy_extensions import i64


class Part:
    """Writes one part of a schema."""

    def write(self, out: BytesWriter, value: Any) -> None:
        """Append a value's bytes; AttributeError or TypeError when it is not of the schema's shape (our own bug)."""
        raise NotImplementedError


def compile_writer(parsed: JsonSchema) -> Part:
    """Return how a struct of this schema (as fastavro parsed it) is written; Decimals become plain decimal text."""
    return _compiled(parsed, {})


_SEVEN_BITS: Final = 0x7F
_MORE: Final = 0x80
_END: Final = 0
_SHORT: Final = 64
"""Texts below this length have a length of one byte."""
_LARGE: Final = 1 << 61
"""From here on a number may be more than one of the processor's own holds."""


def write_whole(out: BytesWriter, number: int) -> None:
    """Append a whole number as Avro has it: zigzag, seven bits a byte, the lowest first."""
    doubled = number << 1 if number >= 0 else (-number << 1) - 1
    if doubled >= _LARGE:
        _write_large(out, doubled)
        return
    rest: i64 = doubled
    while rest > _SEVEN_BITS:
        # an int: given a number of its own, the compiler finds no way of its own to append it
        byte: int = rest & _SEVEN_BITS | _MORE
        out.append(byte)
        rest >>= 7
    last: int = rest
    out.append(last)


def _write_large(out: BytesWriter, doubled: int) -> None:
    while doubled > _SEVEN_BITS:
        out.append(doubled & _SEVEN_BITS | _MORE)
        doubled >>= 7
    out.append(doubled)


def _write_text(out: BytesWriter, text: bytes) -> None:
    size = len(text)
    if size < _SHORT:
        out.append(size << 1)
    else:
        write_whole(out, size)
    out.write(text)


class _Text(Part):
    def write(self, out: BytesWriter, value: Any) -> None:
        if isinstance(value, str):
            _write_text(out, value.encode())
        else:
            _write_text(out, format(value, "f").encode())


class _Long(Part):
    def write(self, out: BytesWriter, value: Any) -> None:
        number: int = value
        write_whole(out, number)


class _Boolean(Part):
    def write(self, out: BytesWriter, value: Any) -> None:
        out.append(1 if value else 0)


class _Optional(Part):
    """Null or the one other type; our schemas have no other unions."""

    def __init__(self, nothing: int, inner: Part) -> None:
        self._absent = nothing << 1
        self._present = (1 - nothing) << 1
        self._inner = inner

    def write(self, out: BytesWriter, value: Any) -> None:
        if value is None:
            out.append(self._absent)
        else:
            out.append(self._present)
            self._inner.write(out, value)


class _Array(Part):
    def __init__(self, item: Part) -> None:
        self._item = item

    def write(self, out: BytesWriter, value: Any) -> None:
        items = tuple(value)
        if items:
            write_whole(out, len(items))
            inner = self._item
            for item in items:
                inner.write(out, item)
        out.append(_END)


class _Map(Part):
    def __init__(self, inner: Part) -> None:
        self._inner = inner

    def write(self, out: BytesWriter, value: Any) -> None:
        entries: dict[str, Any] = value
        if entries:
            write_whole(out, len(entries))
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

    def write(self, out: BytesWriter, value: Any) -> None:
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

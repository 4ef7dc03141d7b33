"""Avro bytes to fields: one part for each part of a schema, compiled once; the counterpart of `writing`.

fastavro looks up again for every value how its part of the schema is read; that costs several times as much as the
reading. What is read here is what fastavro reads. Anything unusual (bytes that end too soon or name a branch that is
not there, lists in blocks with sizes, numbers of ten bytes) is left to it: to read, or to say what is wrong.
"""

from typing import Any, Final, final

from app.wire.catalog import JsonSchema


@final
class Place:
    """Where in a record's bytes the reading has come to."""

    def __init__(self, value: bytes, at: int) -> None:
        self.value = value
        self.at = at


class Part:
    """Reads one part of a schema."""

    def read(self, place: Place) -> Any:
        """Return the value that begins at the place, which moves behind it; IndexError or ValueError: left to fastavro.

        Instants are milliseconds, decimals are text.
        """
        raise NotImplementedError


def compile_reader(parsed: JsonSchema) -> Part | None:
    """Return how a record of this schema (as fastavro parsed it) is read; None when it holds what ours never do."""
    try:
        return _compiled(parsed, {})
    except (KeyError, ValueError):
        # a type that is none of _PLAIN, a union other than null and one type
        return None


def read_whole(reader: Part, value: bytes, start: int) -> dict[str, Any] | None:
    """Return the fields of the record that begins at `start` and ends with the value; None: left to fastavro."""
    place = Place(value, start)
    try:
        fields: dict[str, Any] = reader.read(place)
    except (IndexError, ValueError):
        return None
    return fields if place.at == len(value) else None


_SEVEN_BITS: Final = 0x7F
_LONGEST: Final = 56
"""Bits before the last byte of a number of nine bytes; the tenth is where 64 bits overflow."""


def _whole(place: Place) -> int:
    """Read a whole number: zigzag, seven bits a byte, the lowest first."""
    value, at = place.value, place.at
    byte = value[at]
    at += 1
    number = byte & _SEVEN_BITS
    shift = 0
    while byte > _SEVEN_BITS:
        if shift == _LONGEST:
            raise ValueError
        shift += 7
        byte = value[at]
        at += 1
        number |= (byte & _SEVEN_BITS) << shift
    place.at = at
    return -((number + 1) >> 1) if number & 1 else number >> 1


def _stretch(place: Place) -> bytes:
    """Read bytes with their length before them."""
    size = _whole(place)
    begin = place.at
    end = begin + size
    if size < 0 or end > len(place.value):
        raise ValueError
    place.at = end
    return place.value[begin:end]


class _Text(Part):
    def read(self, place: Place) -> Any:
        return _stretch(place).decode("utf-8")


class _Bytes(Part):
    def read(self, place: Place) -> Any:
        return _stretch(place)


class _Long(Part):
    def read(self, place: Place) -> Any:
        return _whole(place)


class _Boolean(Part):
    def read(self, place: Place) -> Any:
        byte = place.value[place.at]
        if byte > 1:
            raise ValueError
        place.at += 1
        return byte == 1


class _Enum(Part):
    def __init__(self, symbols: list[str]) -> None:
        self._symbols = symbols

    def read(self, place: Place) -> Any:
        number = _whole(place)
        if number < 0:
            raise ValueError
        return self._symbols[number]


class _Optional(Part):
    """Null or the one other type; our schemas have no other unions."""

    def __init__(self, nothing: int, inner: Part) -> None:
        self._absent = nothing << 1
        self._present = (1 - nothing) << 1
        self._inner = inner

    def read(self, place: Place) -> Any:
        branch = place.value[place.at]
        place.at += 1
        if branch == self._absent:
            return None
        if branch != self._present:
            raise ValueError
        return self._inner.read(place)


class _Array(Part):
    def __init__(self, item: Part) -> None:
        self._item = item

    def read(self, place: Place) -> Any:
        items: list[Any] = []
        item = self._item
        while (count := _whole(place)) != 0:
            if count < 0:
                raise ValueError
            items.extend([item.read(place) for _ in range(count)])
        return items


class _Map(Part):
    def __init__(self, inner: Part) -> None:
        self._inner = inner

    def read(self, place: Place) -> Any:
        entries: dict[str, Any] = {}
        while (count := _whole(place)) != 0:
            if count < 0:
                raise ValueError
            for _ in range(count):
                name = _stretch(place).decode("utf-8")
                entries[name] = self._inner.read(place)
        return entries


class _Record(Part):
    def __init__(self, names: list[str]) -> None:
        self._names = names
        self._parts: list[Part] = []
        self._empty: dict[str, Any] = dict.fromkeys(names)

    def add(self, part: Part) -> None:
        self._parts.append(part)

    def read(self, place: Place) -> Any:
        fields = self._empty.copy()
        names = self._names
        for index, part in enumerate(self._parts):
            found = part.read(place)
            if found is not None:
                fields[names[index]] = found
        return fields


_PLAIN: Final[dict[str, Part]] = {
    "string": _Text(),
    "bytes": _Bytes(),
    "long": _Long(),
    "int": _Long(),
    "boolean": _Boolean(),
}


def _compiled(node: Any, names: dict[str, Part]) -> Part:
    if isinstance(node, list):
        (inner,) = (branch for branch in node if branch != "null")
        return _Optional(node.index("null"), _compiled(inner, names))
    if isinstance(node, str):
        return names[node] if node in names else _PLAIN[node]
    kind = node["type"]
    if kind == "record":
        return _record(node, names)
    if kind == "enum":
        names[node["name"]] = _Enum(list(node["symbols"]))
        return names[node["name"]]
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

"""Bytes to payload and back: Avro single-object encoding, or Confluent's wire format when there is a registry."""

from functools import cache
from io import BytesIO
from typing import Any, Final, Protocol, final

from fastavro import schemaless_reader, schemaless_writer
from fastavro.schema import to_parsing_canonical_form
from librt.strings import BytesWriter
from msgspec import Struct

from app.errors import InvalidRecord
from app.wire.catalog import Catalog, EventSchema, JsonSchema, bundled, parse
from app.wire.reading import compile_reader, read_whole
from app.wire.writing import Part, compile_writer

Payload = dict[str, Any]
"""A record's fields as Avro has them: instants are milliseconds, decimals are text."""

SINGLE_OBJECT: Final = b"\xc3\x01"
"""Marker of Avro single-object encoding; the 8 bytes of the fingerprint follow."""

CONFLUENT: Final = b"\x00"
"""Marker of Confluent's wire format; the registry's id follows, 4 bytes, big endian."""

_SINGLE_LENGTH: Final = 10
_CONFLUENT_LENGTH: Final = 5

MAX_READERS: Final = 10_000
"""Writer schemas kept in memory, the unknown ones too. A sender that invents ids may cost us look-ups, not memory."""


class Registry(Protocol):
    """A schema registry as the codec needs it."""

    def id_of(self, schema: EventSchema) -> int:
        """Return the id under which a schema of ours is registered."""
        ...

    def writer(self, schema_id: int) -> JsonSchema | None:
        """Return the schema of an id, None when the registry does not know it."""
        ...


@final
class Decoded:
    """A payload in the form of our newest schema of its event."""

    def __init__(self, schema: EventSchema, payload: Payload) -> None:
        self.schema = schema
        self.payload = payload


@final
class _Reader:
    """How a writer's records are read. `reader` None: the writer's form is ours, there is nothing to resolve."""

    def __init__(self, schema: EventSchema, writer: JsonSchema, reader: JsonSchema | None) -> None:
        self._schema = schema
        self._writer = writer
        self._reader = reader
        self._own = None if reader is not None else compile_reader(writer)

    def read(self, value: bytes, start: int) -> Decoded:
        """Read the record that begins at `start` and ends with the value; InvalidRecord (`undecodable`)."""
        payload = None if self._own is None else read_whole(self._own, value, start)
        return Decoded(self._schema, self._resolved(value, start) if payload is None else payload)

    def _resolved(self, value: bytes, start: int) -> Payload:
        stream = BytesIO(value)
        stream.seek(start)
        try:
            payload: Payload = schemaless_reader(stream, self._writer, self._reader)
        except Exception as error:  # noqa: BLE001
            # fastavro has no closed list of what corrupt bytes raise: EOFError, UnicodeDecodeError, IndexError, ...
            msg = f"the bytes do not fit the schema {self._schema.label} they name ({type(error).__name__})"
            raise InvalidRecord("undecodable", msg) from None
        if stream.tell() != len(value):
            msg = f"{len(value) - stream.tell()} bytes left over after a record of {self._schema.label}"
            raise InvalidRecord("undecodable", msg)
        return payload


class Codec:
    """Reads and writes the events of a catalogue.

    Without a registry it knows the writers whose schema is in the catalogue (current or released). With one it writes
    Confluent's format, and reads both, so that a registry can be introduced while old records are still there.
    """

    def __init__(self, catalog: Catalog, registry: Registry | None = None) -> None:
        self.catalog = catalog
        self._registry = registry
        self._readers: dict[bytes, _Reader | None] = dict(_known_writers(catalog))
        self._prefixes: dict[EventSchema, bytes] = {}
        self._writers: dict[EventSchema, Part] = {}

    def encode(self, schema: EventSchema, payload: Payload) -> bytes:
        """Write a payload (whole, in Avro's form) with its prefix."""
        stream = BytesIO()
        stream.write(self._known_prefix(schema))
        schemaless_writer(stream, schema.parsed, payload)
        return stream.getvalue()

    def encode_struct(self, schema: EventSchema, struct: Struct) -> bytes:
        """Write a struct of ours whose fields are the schema's, with its prefix; the bytes are those of `encode`."""
        writer = self._writers.get(schema)
        if writer is None:
            writer = self._writers[schema] = compile_writer(schema.parsed)
        out = BytesWriter()
        out.write(self._known_prefix(schema))
        writer.write(out, struct)
        return out.getvalue()

    def decode(self, value: bytes) -> Decoded:
        """Read a record; InvalidRecord says `undecodable`, `unknown_schema` or `unknown_event`."""
        length = _prefix_length(value)
        prefix = value[:length]
        known = self._readers.get(prefix)
        if known is None:
            known = self._look_up(prefix)
        return known.read(value, length)

    def _known_prefix(self, schema: EventSchema) -> bytes:
        prefix = self._prefixes.get(schema)
        if prefix is None:
            prefix = self._prefixes[schema] = self._prefix(schema)
        return prefix

    def _prefix(self, schema: EventSchema) -> bytes:
        if self._registry is None:
            return SINGLE_OBJECT + schema.fingerprint
        return CONFLUENT + self._registry.id_of(schema).to_bytes(4, "big")

    def _look_up(self, prefix: bytes) -> _Reader:
        if prefix not in self._readers:
            if len(self._readers) >= MAX_READERS:
                self._readers = {mark: reader for mark, reader in self._readers.items() if reader is not None}
            self._readers[prefix] = self._from_registry(prefix)
        reader = self._readers[prefix]
        if reader is None:
            raise InvalidRecord("unknown_schema", _unknown(prefix, self._registry is not None))
        return reader

    def _from_registry(self, prefix: bytes) -> _Reader | None:
        if self._registry is None or prefix[:1] != CONFLUENT:
            return None
        schema_id = int.from_bytes(prefix[1:], "big")
        declared = self._registry.writer(schema_id)
        if declared is None:
            return None
        writer = parse(declared, f"schema {schema_id} of the registry")
        name = writer.get("name") if isinstance(writer, dict) else None
        ours = self.catalog.names.get(str(name))
        if ours is None:
            msg = f"the registry's schema {schema_id} is the record {name}, which is none of our events"
            raise InvalidRecord("unknown_event", msg)
        same = to_parsing_canonical_form(writer) == to_parsing_canonical_form(ours.parsed)
        return _Reader(ours, writer, None if same else ours.parsed)


@cache
def bundled_codec() -> Codec:
    """Return the codec of the repository's own schemas, without a registry."""
    return Codec(bundled())


def _known_writers(catalog: Catalog) -> dict[bytes, _Reader]:
    released = {
        SINGLE_OBJECT + copy.fingerprint: _Reader(ours, copy.parsed, ours.parsed)
        for ours in catalog.names.values()
        for copy in catalog.releases.get(ours.label, ())
    }
    current = {SINGLE_OBJECT + ours.fingerprint: _Reader(ours, ours.parsed, None) for ours in catalog.names.values()}
    return released | current


def _prefix_length(value: bytes) -> int:
    if value[:2] == SINGLE_OBJECT and len(value) >= _SINGLE_LENGTH:
        return _SINGLE_LENGTH
    if value[:1] == CONFLUENT and len(value) >= _CONFLUENT_LENGTH:
        return _CONFLUENT_LENGTH
    msg = (
        "neither Avro single-object encoding (C3 01 and a fingerprint) nor Confluent's wire format (00 and an id); "
        "write it with the schemas of this repository"
    )
    raise InvalidRecord("undecodable", msg)


def _unknown(prefix: bytes, has_registry: bool) -> str:
    if prefix[:1] == CONFLUENT and not has_registry:
        return "it is in Confluent's wire format and no registry is set: set MAKEGOOD_SCHEMA_REGISTRY_URL"
    where = "the registry" if prefix[:1] == CONFLUENT else "schemas/"
    mark = prefix[1:].hex() if prefix[:1] == CONFLUENT else prefix[2:].hex()
    return f"no schema {mark} in {where}: register or release the schema that the sender wrote it with"

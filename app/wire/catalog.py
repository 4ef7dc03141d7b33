"""Every event's schema: one file per event per major version under `schemas/` (decision 0005)."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

from fastavro.schema import SchemaParseException, fingerprint, parse_schema, to_parsing_canonical_form

from app.errors import SetupError
from app.settings import ROOT
from app.topics import Topic

JsonSchema = dict[str, Any]
"""A schema as its file says it, or the same parsed by fastavro."""

RELEASED: Final = "released"
"""Folder of the released copies: `released/<release>/<topic>/<event>.v<major>.avsc`."""

EXAMPLES: Final = "examples"
_FILE: Final = re.compile(r"(?P<event>[a-z][a-z0-9_]*)\.v(?P<major>[1-9][0-9]*)\.avsc")
_ONLY_FOR_TOOLS: Final = frozenset({"logicalType", "checked", "pii", "min", "max"})


@dataclass(frozen=True, eq=False)
class EventSchema:
    """One event's schema. `declared` is the file, `parsed` what fastavro reads and writes with.

    `parsed` has no logical types: instants stay plain milliseconds, the bytes are the same and the path is faster.
    `fingerprint` is CRC-64-AVRO of the canonical form, little endian, as single-object encoding has it.
    """

    topic: Topic
    event: str
    major: int
    declared: JsonSchema = field(repr=False)
    parsed: JsonSchema = field(repr=False)
    fingerprint: bytes
    path: Path

    @property
    def fullname(self) -> str:
        """The record's full name, the same in every minor version: `makegood.orders.v1.OrderPlaced`."""
        return f"{self.declared['namespace']}.{self.declared['name']}"

    @property
    def label(self) -> str:
        """How messages and documents name it: `orders/order_placed.v1`."""
        return f"{self.topic}/{self.event}.v{self.major}"


@dataclass(frozen=True)
class Catalog:
    """The schemas of one folder: what we read and write now, and every form that was ever released.

    `events`: the newest major version by (topic, event); `names`: every current schema by full name; `releases`: the
    released copies of each label, oldest first.
    """

    folder: Path
    events: Mapping[tuple[Topic, str], EventSchema]
    names: Mapping[str, EventSchema]
    releases: Mapping[str, tuple[EventSchema, ...]]

    def event(self, topic: Topic, event: str) -> EventSchema:
        """Return the schema to write an event with; SetupError naming the topic's events when there is none."""
        found = self.events.get((topic, event))
        if found is None:
            known = ", ".join(sorted(name for where, name in self.events if where is topic)) or "none"
            msg = f"topic {topic} has no event {event!r}; its events are {known} (see docs/events.md)"
            raise SetupError(msg)
        return found

    def all(self) -> list[EventSchema]:
        """Return every current schema, in the order of topics and names."""
        place = {topic: index for index, topic in enumerate(Topic)}
        return sorted(self.names.values(), key=lambda schema: (place[schema.topic], schema.event, schema.major))


def examples(catalog: Catalog, schema: EventSchema, kind: str) -> list[Path]:
    """Return the example payloads of an event; `kind` is good or bad."""
    return sorted((catalog.folder / EXAMPLES / schema.topic / schema.event).glob(f"{kind}-*.json"))


def load(folder: Path) -> Catalog:
    """Read a folder of schemas; SetupError names the file that may not be used and why."""
    if not folder.is_dir():
        msg = f"no schemas in {folder}: set MAKEGOOD_SCHEMA_DIR to the repository's schemas folder"
        raise SetupError(msg)
    current = list(_schemas(folder))
    events: dict[tuple[Topic, str], EventSchema] = {}
    for schema in sorted(current, key=lambda each: each.major):
        events[schema.topic, schema.event] = schema
    releases: dict[str, tuple[EventSchema, ...]] = {}
    for release in sorted((folder / RELEASED).glob("[0-9]*"), key=lambda path: int(path.name)):
        for schema in _schemas(release):
            releases[schema.label] = (*releases.get(schema.label, ()), schema)
    return Catalog(folder, events, {schema.fullname: schema for schema in current}, releases)


@cache
def bundled() -> Catalog:
    """Return the catalogue of the repository's own `schemas/`."""
    return load(ROOT / "schemas")


def parse(declared: JsonSchema, origin: str) -> JsonSchema:
    """Parse a schema for the hot path; SetupError names its origin when it is no valid Avro."""
    try:
        parsed: JsonSchema = parse_schema(stripped(declared))
    except (SchemaParseException, KeyError, TypeError, ValueError) as error:
        msg = f"{origin}: not an Avro schema: {error!r}"
        raise SetupError(msg) from error
    return parsed


def stripped(node: Any) -> Any:
    """Return a schema without logical types and our own attributes: what decides the bytes, docs and defaults kept."""
    if isinstance(node, list):
        return [stripped(item) for item in node]
    if not isinstance(node, dict):
        return node
    bare = {
        name: value if name == "default" else stripped(value)
        for name, value in node.items()
        if name not in _ONLY_FOR_TOOLS
    }
    primitive = set(bare) == {"type"} and isinstance(bare["type"], str)
    return bare["type"] if primitive else bare


def _schemas(folder: Path) -> Iterator[EventSchema]:
    for topic in Topic:
        for path in sorted((folder / topic).glob("*.avsc")):
            yield _read(topic, path)


def _read(topic: Topic, path: Path) -> EventSchema:
    name = _FILE.fullmatch(path.name)
    if name is None:
        msg = f"{path}: name it <event>.v<major>.avsc, in small letters"
        raise SetupError(msg)
    try:
        declared = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        msg = f"{path}: not JSON: {error}"
        raise SetupError(msg) from error
    parsed = parse(declared, str(path))
    expected = full_name(topic, name["event"], int(name["major"]))
    if parsed["type"] != "record" or parsed["name"] != expected:
        msg = f"{path}: must hold the record {expected}, holds {parsed['name']}"
        raise SetupError(msg)
    mark = bytes.fromhex(fingerprint(to_parsing_canonical_form(parsed), "CRC-64-AVRO"))
    return EventSchema(topic, name["event"], int(name["major"]), declared, parsed, mark, path)


def full_name(topic: Topic, event: str, major: int) -> str:
    """Return the record name that an event's file must hold: `makegood.orders.v1.OrderPlaced`."""
    record = "".join(word.capitalize() for word in event.split("_"))
    return f"makegood.{topic.replace('-', '_')}.v{major}.{record}"

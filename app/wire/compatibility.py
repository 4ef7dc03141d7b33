"""Whether the schemas may be used: documented, with examples, released, and able to read what was released before."""

import json
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import avro.schema
from avro.compatibility import ReaderWriterCompatibilityChecker, SchemaCompatibilityType

from app.topics import INPUTS
from app.wire.asyncapi import asyncapi_document
from app.wire.catalog import EXAMPLES, RELEASED, Catalog, EventSchema, JsonSchema, examples
from app.wire.document import document

EVENTS_DOCUMENT: Final = Path("docs/events.md")
ASYNCAPI_DOCUMENT: Final = Path("docs/asyncapi.yaml")
"""Where the documents stand, from the folder that holds `schemas/`."""


def problems(catalog: Catalog) -> list[str]:
    """Return what stands in the way of using these schemas, each with the command or change that mends it."""
    found = [problem for schema in catalog.all() for problem in _of(catalog, schema)]
    return [*found, *_vanished(catalog), *_documents(catalog)]


def unreadable(reader: EventSchema, writer: EventSchema) -> list[str]:
    """Return why the reader cannot read what the writer wrote; empty when it can."""
    result = ReaderWriterCompatibilityChecker().get_compatibility(_avro(reader), _avro(writer))
    if result.compatibility == SchemaCompatibilityType.compatible:
        return []
    return sorted(str(message) for message in result.messages)


def unreleased(catalog: Catalog) -> list[EventSchema]:
    """Return the schemas that differ from their last released copy, or have none."""
    return [
        schema
        for schema in catalog.all()
        if not (copies := catalog.releases.get(schema.label)) or copies[-1].declared != schema.declared
    ]


def release(catalog: Catalog) -> Path | None:
    """Copy the schemas that changed into a new release folder and return it, None when nothing changed."""
    changed = unreleased(catalog)
    if not changed:
        return None
    past = [int(path.name) for path in (catalog.folder / RELEASED).glob("[0-9]*")]
    folder = catalog.folder / RELEASED / str(max(past, default=0) + 1)
    for schema in changed:
        copy = folder / schema.topic / schema.path.name
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(schema.path.read_bytes())
    return folder


def documents(catalog: Catalog) -> dict[Path, str]:
    """Return the documents that are written from the schemas, by their place beside `schemas/`."""
    return {EVENTS_DOCUMENT: document(catalog), ASYNCAPI_DOCUMENT: asyncapi_document(catalog, version("makegood"))}


def _of(catalog: Catalog, schema: EventSchema) -> Iterator[str]:
    for where in _undocumented(schema.declared, ""):
        yield f'{schema.label}: {where} has no "doc": say what it means'
    for kind in ("good", "bad") if schema.topic in INPUTS else ("good",):
        if not examples(catalog, schema, kind):
            place = f"schemas/{EXAMPLES}/{schema.topic}/{schema.event}/{kind}-<name>.json"
            yield f"{schema.label}: no {kind} example: write {place}"
    copies = catalog.releases.get(schema.label, ())
    for copy in copies:
        for reason in unreadable(schema, copy):
            yield (
                f"{schema.label}: cannot read what {copy.path.relative_to(catalog.folder)} wrote ({reason}): "
                f"give new fields a default, or make {schema.event}.v{schema.major + 1}.avsc"
            )
    if not copies or copies[-1].declared != schema.declared:
        yield f"{schema.label}: not released in this form: run `makegood schemas release`"


def _undocumented(node: Any, path: str) -> Iterator[str]:
    if isinstance(node, list):
        for item in node:
            yield from _undocumented(item, path)
    if not isinstance(node, dict):
        return
    if node.get("type") in {"record", "enum"} and not node.get("doc"):
        yield f"the type {node['name']}"
    for field in node.get("fields", []):
        where = f"{path}.{field['name']}" if path else field["name"]
        if not field.get("doc"):
            yield f"the field {where}"
        yield from _undocumented(field["type"], where)
    for name in ("items", "values"):
        yield from _undocumented(node.get(name), path)


def _vanished(catalog: Catalog) -> Iterator[str]:
    labels = {schema.label for schema in catalog.all()}
    for label in sorted(set(catalog.releases) - labels):
        yield f"{label}: released before and gone now: records of it may still be on the topic, put its file back"


def _documents(catalog: Catalog) -> Iterator[str]:
    for place, text in documents(catalog).items():
        file = catalog.folder.parent / place
        if not file.is_file() or file.read_text(encoding="utf-8") != text:
            yield f"{place} does not say what the schemas say: run `makegood schemas doc`"


def _avro(schema: EventSchema) -> JsonSchema:
    parsed: JsonSchema = avro.schema.parse(json.dumps(schema.declared))
    return parsed

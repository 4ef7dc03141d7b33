"""docs/events.md, written from the schemas: what may be sent to us and what we say."""

import json
from collections.abc import Iterator
from typing import Any, Final

from app.topics import INPUTS, OUTPUTS, Topic
from app.wire.catalog import Catalog, EventSchema, JsonSchema

_WORDS: Final = {
    "past": "instant",
    "ahead": "instant, up to 5 years ahead",
    "since": "instant, from 1900 on",
    "any": "instant",
    "scan_time": "ISO 8601, local time allowed",
    "id": "id",
    "incident": "mass incident",
    "word": "word",
    "kind": "kind of journey, small letters",
    "text": "text",
    "reason": "text, not empty",
    "money": "decimal text, not negative",
    "share": "decimal text, 0 to 1",
    "currency": "ISO 4217",
    "country": "ISO 3166",
    "zone": "IANA time zone",
}

_INTRODUCTION: Final = """# Events

Written from `schemas/` by `makegood schemas doc`; change the schemas, not this file.

A record's value is Avro: single-object encoding, or Confluent's wire format when a registry is set (decision 0005).
`encode_event(topic, event, payload)` in `app/wire/payload.py` and the `events` source of `makegood replay` take the
payloads below as plain JSON: an *instant* is ISO 8601 text with an offset (`"2026-07-10T09:00:00Z"`) or milliseconds
since 1970; decimals are text; a field with a default may be left out. An *id* has 1 to 200 characters and a *word* 1 to
100, both without control characters; a *text* has at most 10,000 characters, a list at most
2,000 entries. The record's key is the sender's choice: what keeps one customer's, order's or parcel's events in their
order. *pii* marks personal data and its kind.

`occurred_at` must lie between the year 2000 and one day after the record arrived. What is refused, and why, is on the
`dead-letters` topic.
"""


def document(catalog: Catalog) -> str:
    """Return the whole of docs/events.md."""
    parts = [_INTRODUCTION]
    for title, topics in (("Inputs", INPUTS), ("Outputs", OUTPUTS)):
        parts.append(f"## {title}\n")
        parts.extend(_topic(catalog, topic) for topic in topics)
    return "\n".join(parts)


def _topic(catalog: Catalog, topic: Topic) -> str:
    schemas = [schema for schema in catalog.all() if schema.topic is topic]
    return "\n".join([f"### `{topic}`\n", *(_event(schema) for schema in schemas)])


def _event(schema: EventSchema) -> str:
    nested = [
        f"`{node['name']}`: {node.get('doc', '')}\n\n{_table(node)}"
        for node in _records(schema.declared["fields"], set())
    ]
    return "\n".join(
        [
            f"#### {schema.event} (v{schema.major})\n",
            f"{schema.declared.get('doc', '')}\n",
            _table(schema.declared),
            *nested,
        ]
    )


def _table(record: JsonSchema) -> str:
    if not record["fields"]:
        return ""
    rows = [_row(field) for field in record["fields"]]
    return "\n".join(["| field | type | default | meaning |", "| --- | --- | --- | --- |", *rows, ""])


def _row(field: JsonSchema) -> str:
    default = "required" if "default" not in field else f"`{json.dumps(field['default'])}`"
    return f"| `{field['name']}` | {_words(field['type'])} | {default} | {field.get('doc', '')} |"


def _words(node: Any) -> str:
    if isinstance(node, list):
        return " or null".join([", ".join(_words(item) for item in node if item != "null"), ""])
    if isinstance(node, str):
        return f"`{node.rsplit('.', 1)[-1]}`" if "." in node else node
    if node["type"] in {"record", "enum"}:
        symbols = f": {', '.join(node['symbols'])}" if node["type"] == "enum" else ""
        return f"`{node['name']}`{symbols}"
    if node["type"] == "array":
        return f"list of {_words(node['items'])}"
    if node["type"] == "map":
        return f"object of {_words(node['values'])}"
    return _primitive(node)


def _primitive(node: JsonSchema) -> str:
    word = _WORDS.get(node.get("checked", ""), str(node["type"]))
    if "min" in node:
        word = f"whole number, {node['min']} to {node['max']}"
    return f"{word}, pii: {node['pii']}" if "pii" in node else word


def _records(node: Any, seen: set[str]) -> Iterator[JsonSchema]:
    """Yield the records nested in fields, each once, in the order they appear."""
    if isinstance(node, list):
        for item in node:
            yield from _records(item, seen)
    elif isinstance(node, dict):
        if node.get("type") == "record" and node["name"] not in seen:
            seen.add(node["name"])
            yield node
        for name in ("type", "items", "values", "fields"):
            yield from _records(node.get(name), seen)

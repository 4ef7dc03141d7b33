"""JDM files (the GoRules editor's format): one decision table each, its rows with the line they stand on."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from app.decide.source import Place

_NODE: Final = "decisionTableNode"


class JdmRow(NamedTuple):
    """A row: its id, why it is there, where it stands, and its cells by field."""

    id: str
    why: str
    place: Place
    cells: Mapping[str, str]


class JdmTable(NamedTuple):
    """A decision table with the fields it reads and answers, in the editor's order."""

    place: Place
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    rows: tuple[JdmRow, ...]


def read_jdm(file: str, content: bytes) -> JdmTable:
    """Return the table of a JDM file; PolicyError with file and line when it is not one."""
    top = Place(file, 1)
    try:
        document = json.loads(content)
    except json.JSONDecodeError as error:
        Place(file, error.lineno).refuse(f"this is not JSON: {error.msg}")
    tables = [node for node in document.get("nodes", ()) if node.get("type") == _NODE]
    if len(tables) != 1:
        top.refuse(f"a table file has one node of type {_NODE}, this has {len(tables)}")
    table = tables[0]["content"]
    if table.get("hitPolicy") != "first":
        top.refuse("`hitPolicy` must be `first`: the first row that matches decides")
    text = content.decode()
    inputs, outputs = _fields(table, "inputs", top), _fields(table, "outputs", top)
    rows = tuple(_row(n, rule, inputs | outputs, file, text) for n, rule in enumerate(table["rules"]))
    _ids_differ(rows)
    return JdmTable(top, tuple(inputs.values()), tuple(outputs.values()), rows)


def _fields(table: Mapping[str, Any], side: str, top: Place) -> dict[str, str]:
    """Return field names by column id."""
    fields: dict[str, str] = {column["id"]: column.get("field", "") for column in table[side]}
    if len(set(fields.values())) != len(fields):
        top.refuse(f"two {side} of the table have the same field")
    return fields


def _row(number: int, rule: Mapping[str, str], fields: Mapping[str, str], file: str, text: str) -> JdmRow:
    name = rule.get("_id", "")
    place = Place(file, _line_of(text, name))
    if not name:
        place.refuse(f"row {number + 1} has no `_id`: decisions name the row by it")
    return JdmRow(
        name, rule.get("_description", ""), place, {field: rule.get(column, "") for column, field in fields.items()}
    )


def _line_of(text: str, name: str) -> int:
    found = re.search(rf'"_id"\s*:\s*{re.escape(json.dumps(name))}', text)
    return 1 if found is None else text.count("\n", 0, found.start()) + 1


def _ids_differ(rows: tuple[JdmRow, ...]) -> None:
    seen: set[str] = set()
    for row in rows:
        if row.id in seen:
            row.place.refuse(f"two rows have the `_id` {row.id}")
        seen.add(row.id)

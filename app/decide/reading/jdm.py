"""JDM files (the GoRules editor's format): one decision table each, its rows with the line they stand on."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec

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


class _Column(msgspec.Struct, frozen=True):
    """A column: the cells of a row are under its id, `field` is what the policy calls it."""

    id: str
    field: str | None = None


class _Content(msgspec.Struct, frozen=True):
    """What a table's node holds."""

    inputs: tuple[_Column, ...]
    outputs: tuple[_Column, ...]
    rules: tuple[dict[str, str], ...]
    hitPolicy: str | None = None  # noqa: N815 - the editor's name


class _Node(msgspec.Struct, frozen=True):
    """A node of the editor's graph; only a table's content is read."""

    type: str | None = None
    content: Any = None


class _Document(msgspec.Struct, frozen=True):
    """A JDM file."""

    nodes: tuple[_Node, ...] = ()


def read_jdm(file: str, content: bytes) -> JdmTable:
    """Return the table of a JDM file; PolicyError with file and line when it is not one."""
    top = Place(file, 1)
    text = _text(top, content)
    try:
        nodes = msgspec.convert(_json(file, text), _Document).nodes
        tables = [node for node in nodes if node.type == _NODE]
        if len(tables) != 1:
            top.refuse(f"a table file has one node of type {_NODE}, this has {len(tables)}")
        table = msgspec.convert(tables[0].content, _Content)
    except msgspec.ValidationError as error:
        top.refuse(f"this is no table as the editor writes it: {error}")
    if table.hitPolicy != "first":
        top.refuse("`hitPolicy` must be `first`: the first row that matches decides")
    inputs, outputs = _fields(table.inputs, "inputs", top), _fields(table.outputs, "outputs", top)
    if inputs.keys() & outputs.keys():
        top.refuse("an input and an output of the table have the same id")
    rows = tuple(_row(n, rule, inputs | outputs, file, text) for n, rule in enumerate(table.rules))
    _ids_differ(rows)
    return JdmTable(top, tuple(inputs.values()), tuple(outputs.values()), rows)


def _text(top: Place, content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        top.refuse(f"this is not UTF-8 text: byte {error.start} begins no character")


def _json(file: str, text: str) -> object:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        Place(file, error.lineno).refuse(f"this is not JSON: {error.msg}")
    except (RecursionError, ValueError) as error:
        Place(file, 1).refuse(f"this is not JSON that anybody writes ({type(error).__name__})")


def _fields(columns: Sequence[_Column], side: str, top: Place) -> dict[str, str]:
    """Return field names by column id."""
    fields = {column.id: column.field or "" for column in columns}
    if len(fields) != len(columns) or len(set(fields.values())) != len(fields):
        top.refuse(f"two {side} of the table have the same id or field")
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

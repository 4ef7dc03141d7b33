"""A policy folder for reading: its files after the layers are laid over each other, its tables row by row."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import yaml

from app.decide.folder import Layered
from app.decide.loading import compile_policy
from app.decide.reading.jdm import JdmRow, read_jdm
from app.decide.reading.shapes import SHAPES
from app.decide.reading.tables import Known, inputs_of
from app.decide.source import Tree


class ShownRow(NamedTuple):
    """A row of a decision table in words: its name, why it is there, when it decides, and what it answers."""

    name: str
    why: str
    when: str
    then: str


def what_can_be_shown(files: Mapping[str, bytes]) -> tuple[str, ...]:
    """Return the names of the parts and tables of a policy."""
    layered = Layered(files)
    return (*_parts(layered), *sorted(layered.tables))


def shown(files: Mapping[str, bytes], name: str) -> Sequence[ShownRow] | str:
    """Return a table's rows, or a part of the policy as YAML; KeyError when there is none of that name."""
    layered = Layered(files)
    if name in layered.tables:
        return _table(*layered.tables[name])
    return yaml.safe_dump(_parts(layered)[name], sort_keys=False, allow_unicode=True, width=120)


def columns(files: Mapping[str, bytes], name: str) -> Mapping[str, tuple[str, ...]]:
    """Return what a table can read and the words for it, then what it can answer; of an unsound policy PolicyError."""
    policy, layered = compile_policy(files), Layered(files)
    seasons = frozenset(season.name for season in policy.seasons)
    known = Known(frozenset(policy.problems), policy.bands, policy.brands, seasons, policy.cap)
    tables = {each: read_jdm(*source) for each, source in layered.tables.items()}
    return {**inputs_of(name, known, tables), "it answers": tuple(SHAPES[name].outputs)}


def _parts(layered: Layered) -> dict[str, Any]:
    parts = {name.removesuffix(".yaml"): _plain(tree) for name, tree in layered.trees.items() if "/" not in name}
    return {**parts, "brands": {name: _plain(tree) for name, tree in layered.brands().items()}}


def _plain(tree: Tree) -> Any:
    if isinstance(tree.value, dict):
        return {key: _plain(child) for key, child in tree.value.items()}
    if isinstance(tree.value, list):
        return [_plain(child) for child in tree.value]
    return tree.value


def _table(file: str, content: bytes) -> list[ShownRow]:
    table = read_jdm(file, content)
    return [
        ShownRow(row.id, row.why, _said(row, table.inputs, "in every other case"), _said(row, table.outputs, "nothing"))
        for row in table.rows
    ]


def _said(row: JdmRow, fields: Sequence[str], nothing: str) -> str:
    cells = [(field.replace("_", " "), row.cells[field].replace('"', "")) for field in fields]
    return "; ".join(f"{field}: {cell}" for field, cell in cells if cell) or nothing

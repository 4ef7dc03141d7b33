"""Every number of a policy folder, where it stands, and the folder with that number alone changed."""

import json
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

import yaml

_NUMBER = re.compile(r"\d+(?:\.\d+)?")


class Mutation(NamedTuple):
    """One number changed: where it stood, what it was and what it is, and the file's new content."""

    file: str
    line: int
    what: str
    before: str
    after: str
    content: bytes

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.what}: {self.before} -> {self.after}"


def mutations(files: Mapping[str, bytes]) -> Iterator[Mutation]:
    """Yield two mutations for each number of the files: its last digit one more and one less."""
    for name, content in sorted(files.items()):
        if name.endswith(".json"):
            yield from _in_table(name, content.decode())
        else:
            yield from _in_yaml(name, content.decode())


def _in_yaml(name: str, text: str) -> Iterator[Mutation]:
    node = yaml.compose(text, Loader=yaml.BaseLoader)
    for path, scalar in _scalars(node, ""):
        start, end = scalar.start_mark.index, scalar.end_mark.index
        line = scalar.start_mark.line + 1
        for before, after, changed in _changed(text[start:end]):
            whole = text[:start] + changed + text[end:]
            yield Mutation(name, line, f"{path} `{scalar.value}`", before, after, whole.encode())


def _scalars(node: yaml.Node | None, path: str) -> Iterator[tuple[str, yaml.ScalarNode]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _scalars(value, f"{path}.{key.value}".lstrip("."))
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield from _scalars(value, f"{path}[{index}]")
    elif isinstance(node, yaml.ScalarNode):
        yield path, node


def _in_table(name: str, text: str) -> Iterator[Mutation]:
    """Cells of a decision table's rules; where the editor draws its nodes is no policy."""
    for place, row, column, cell in _cells(json.loads(text)):
        for before, after, changed in _changed(cell):
            whole = json.loads(text)
            whole["nodes"][place[0]]["content"]["rules"][place[1]][column] = changed
            content = json.dumps(whole).encode()
            line = text.count("\n", 0, max(0, text.find(json.dumps(row)))) + 1
            yield Mutation(name, line, f"row {row}, {column} `{cell}`", before, after, content)


def _cells(table: dict[str, Any]) -> Iterator[tuple[tuple[int, int], str, str, str]]:
    for n, node in enumerate(table["nodes"]):
        for r, rule in enumerate(node.get("content", {}).get("rules", ()) if isinstance(node, dict) else ()):
            for column, cell in rule.items():
                if not column.startswith("_") and isinstance(cell, str):
                    yield (n, r), rule["_id"], column, cell


def _changed(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield (number, changed number, whole text with it), in as many digits: 09 becomes 10 and 08, 4.99 5.00 and 4.98.

    What is 0 has no less; the policy's form has no negative numbers.
    """
    for found in _NUMBER.finditer(text):
        number = Decimal(found[0])
        step = Decimal(1).scaleb(-len(found[0].partition(".")[2]))
        for other in (number + step, number - step):
            if other >= 0:
                after = str(other).zfill(len(found[0]))
                yield found[0], after, text[: found.start()] + after + text[found.end() :]

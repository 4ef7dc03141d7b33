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
    """Yield one mutation for each number: its last digit one more, the smallest change that it can have."""
    for name, content in sorted(files.items()):
        if name.endswith(".json"):
            yield from _in_table(name, content.decode())
        else:
            yield from _in_yaml(name, content.decode())


def _in_yaml(name: str, text: str) -> Iterator[Mutation]:
    node = yaml.compose(text, Loader=yaml.BaseLoader)
    for path, scalar in _scalars(node, ""):
        start, end = scalar.start_mark.index, scalar.end_mark.index
        for found in _NUMBER.finditer(text[start:end]):
            changed = text[: start + found.start()] + _more(found[0]) + text[start + found.end() :]
            line = text.count("\n", 0, start + found.start()) + 1
            yield Mutation(name, line, f"{path} `{scalar.value}`", found[0], _more(found[0]), changed.encode())


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
        for found in _NUMBER.finditer(cell):
            changed = cell[: found.start()] + _more(found[0]) + cell[found.end() :]
            whole = json.loads(text)
            whole["nodes"][place[0]]["content"]["rules"][place[1]][column] = changed
            content = json.dumps(whole).encode()
            line = text.count("\n", 0, max(0, text.find(json.dumps(row)))) + 1
            yield Mutation(name, line, f"row {row}, {column} `{cell}`", found[0], _more(found[0]), content)


def _cells(table: dict[str, Any]) -> Iterator[tuple[tuple[int, int], str, str, str]]:
    for n, node in enumerate(table["nodes"]):
        for r, rule in enumerate(node.get("content", {}).get("rules", ()) if isinstance(node, dict) else ()):
            for column, cell in rule.items():
                if not column.startswith("_") and isinstance(cell, str):
                    yield (n, r), rule["_id"], column, cell


def _more(number: str) -> str:
    """Return the number with its last digit one more, in as many digits: 09 becomes 10, 4.99 becomes 5.00."""
    step = Decimal(1).scaleb(Decimal(number).as_tuple().exponent)  # type: ignore[arg-type]
    return str(Decimal(number) + step).zfill(len(number))

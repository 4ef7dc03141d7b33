"""Every default of the policies we ship: each value with a number in it, each row of a table; and what docs say."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from app.decide import load_folder
from app.decide.folder import extends
from app.decide.reading.jdm import read_jdm
from app.decide.showing import ShownRow, shown
from app.decide.source import Tree, read_yaml

_LINE = re.compile(r"^\| `(?P<where>[^`]+)` \| (?P<value>.+?) \| (?P<source>.*?) \|$")


class Default(NamedTuple):
    """Where a default stands, and what it says."""

    where: str
    value: str


def defaults_of(folder: Path) -> Iterator[Default]:
    """Yield what a folder itself sets, not what the one below it does."""
    files = load_folder(folder)
    below = extends(files)
    for name, content in sorted(files.items()):
        if below is not None and name.startswith(f"{below}/"):
            continue
        if name.endswith(".yaml"):
            yield from _numbers(read_yaml(name, content), f"{folder.name}/{name}")
        else:
            yield from _rows(files, name, content, folder.name)


def documented(page: str) -> dict[Default, str]:
    """Return the page's source of each default that it lists."""
    found = (_LINE.match(line) for line in page.splitlines())
    return {Default(line["where"], line["value"]): line["source"] for line in found if line is not None}


def _numbers(tree: Tree, where: str) -> Iterator[Default]:
    if isinstance(tree.value, dict):
        for key, child in tree.value.items():
            yield from _numbers(child, f"{where} {key}" if where.endswith(".yaml") else f"{where}.{key}")
    elif isinstance(tree.value, list):
        for number, child in enumerate(tree.value, 1):
            yield from _numbers(child, f"{where}.{number}")
    elif tree.value is not None and re.search(r"\d", tree.value):
        yield Default(where, tree.value)


def _rows(files: dict[str, bytes], file: str, content: bytes, folder: str) -> Iterator[Default]:
    name = file.removeprefix("tables/").removesuffix(".json")
    rows = shown(files, name)
    assert not isinstance(rows, str)
    assert len(rows) == len(read_jdm(file, content).rows)
    for row in rows:
        yield Default(f"{folder}/{file} {row.name}", _sentence(row))


def _sentence(row: ShownRow) -> str:
    return f"{row.when} → {row.then}".replace("|", "\\|")

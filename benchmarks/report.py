"""Results as tables: printed, written as JSON beside their machine, and put into docs/performance.md."""

import json
import re
from pathlib import Path
from typing import Any, Final, NamedTuple

from app.settings import ROOT

RESULTS: Final = ROOT / "benchmarks" / "results"
DOCUMENT: Final = ROOT / "docs" / "performance.md"


class Table:
    """Rows of text under a title."""

    def __init__(self, title: str, columns: tuple[str, ...]) -> None:
        self.title = title
        self.columns = columns
        self.rows: list[tuple[str, ...]] = []

    def add(self, *cells: str) -> None:
        """Add a row."""
        self.rows.append(cells)

    def markdown(self) -> str:
        """Return it as Markdown, columns aligned so that it reads well as plain text too."""
        widths = [max(len(row[place]) for row in (self.columns, *self.rows)) for place in range(len(self.columns))]
        lines = [_line(row, widths) for row in (self.columns, tuple("-" * width for width in widths), *self.rows)]
        return "\n".join([f"**{self.title}**", "", *lines])


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    return "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"


class Result(NamedTuple):
    """One benchmark's outcome: tables and sentences for people, `data` for machines; `plot` is an SVG document."""

    name: str
    tables: list[Table]
    sentences: list[str]
    data: dict[str, Any]
    plot: str | None = None


def publish(result: Result, machine: dict[str, Any]) -> None:
    """Print a result, write `benchmarks/results/<name>.json` (and `.svg`) and the document's section of that name."""
    text = "\n\n".join([_where(machine), *(table.markdown() for table in result.tables), *result.sentences])
    print(f"\n## {result.name}\n\n{text}\n")
    RESULTS.mkdir(exist_ok=True)
    written = {"machine": machine, **result.data}
    (RESULTS / f"{result.name}.json").write_text(json.dumps(written, indent=1, ensure_ascii=False) + "\n", "utf-8")
    if result.plot is not None:
        (RESULTS / f"{result.name}.svg").write_text(result.plot, "utf-8")
        text = f"![{result.tables[0].title}](../benchmarks/results/{result.name}.svg)\n\n{text}"
    if DOCUMENT.exists():
        DOCUMENT.write_text(with_section(DOCUMENT.read_text("utf-8"), result.name, text), "utf-8")


def with_section(document: str, name: str, text: str) -> str:
    """Return the document with new text between `<!-- bench:NAME -->` and `<!-- /bench -->`; unchanged without them."""
    pattern = re.compile(rf"(<!-- bench:{name} -->\n).*?(<!-- /bench -->)", re.DOTALL)
    return pattern.sub(lambda found: f"{found[1]}\n{text}\n\n{found[2]}", document)


def _where(machine: dict[str, Any]) -> str:
    load = ", ".join(map(str, machine["load_average"]))
    niceness = machine["niceness"]
    priority = f", run at niceness {niceness} beside the machine's other work" if niceness else ""
    return (
        f"{machine['date']}, commit {machine['commit']}; {machine['cores']} cores ({machine['cpu']}), "
        f"{machine['memory_gib']} GiB, Linux {machine['kernel']}; Python {machine['python']}, "
        f"{machine['kafka']} on {machine['java']}; load average at the start {load}{priority}."
    )


def read(name: str, folder: Path = RESULTS) -> dict[str, Any]:
    """Return an earlier result's data."""
    found: dict[str, Any] = json.loads((folder / f"{name}.json").read_text("utf-8"))
    return found

"""The house rule: topic → fact → state → decision → output, and all Faust in one folder (docs/architecture.md)."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

APP: Final = Path(__file__).resolve().parents[2] / "app"

LEAVES: Final = {"clock", "ids", "errors", "facts", "outputs", "topics", "records", "stage", "settings", "wire", "logs"}
MAY_IMPORT: Final = {
    "intake": set(),
    "directory": {"intake", "emit"},
    "decide": set(),
    "journey": {"decide", "emit", "intake"},
    "register": {"decide", "emit", "journey"},
    "emit": set(),
    "adapters": {"intake", "decide"},
    "sinks": {"adapters"},
}
"""Stages that a pure stage may import beside itself and the leaves."""

STREAM_LIBRARIES: Final = {"faust", "mode", "aiokafka", "aiohttp", "kafka"}
OPEN: Final = {"web": {"aiohttp"}}
"""What a folder beside the shell may see of them: gate and pages speak HTTP, and read Kafka through the shell."""
IMPURE: Final = {"os", "random", "secrets", "time", "asyncio", "threading", "subprocess", "socket"}


def imports_of(module: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield from (
                ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)
                if node.module == "app"
                else [(node.module, node.lineno)]
            )


def modules_of(folder: str) -> list[Path]:
    return sorted((APP / folder).rglob("*.py"))


def place(module: Path, line: int) -> str:
    return f"{module.relative_to(APP.parent)}:{line}"


@pytest.mark.parametrize("stage", sorted(MAY_IMPORT))
def test_a_pure_stage_imports_only_itself_the_stages_to_its_left_and_the_leaves(stage: str) -> None:
    allowed = {stage, *MAY_IMPORT[stage], *LEAVES}
    assert modules_of(stage)
    wrong = [
        f"{place(module, line)} imports {name}"
        for module in modules_of(stage)
        for name, line in imports_of(module)
        if name.startswith("app.") and name.split(".")[1] not in allowed
    ]
    assert wrong == []


@pytest.mark.parametrize("stage", sorted(MAY_IMPORT))
def test_a_pure_stage_reads_no_clock_no_environment_and_no_random_source(stage: str) -> None:
    wrong = [
        f"{place(module, line)} imports {name}"
        for module in modules_of(stage)
        for name, line in imports_of(module)
        if name.split(".")[0] in IMPURE
    ]
    assert wrong == []


def test_only_the_shell_sees_the_stream_libraries() -> None:
    wrong = [
        f"{place(module, line)} imports {name}"
        for module in sorted(APP.rglob("*.py"))
        for name, line in imports_of(module)
        if name.split(".")[0] in STREAM_LIBRARIES - OPEN.get(module.relative_to(APP).parts[0], set())
        and module.relative_to(APP).parts[0] != "shell"
    ]
    assert wrong == []


def test_a_leaf_imports_only_leaves() -> None:
    wrong = [
        f"{place(module, line)} imports {name}"
        for leaf in sorted(LEAVES)
        for module in (modules_of(leaf) or [APP / f"{leaf}.py"])
        for name, line in imports_of(module)
        if name.startswith("app.") and name.split(".")[1] not in LEAVES
    ]
    assert wrong == []


@pytest.mark.parametrize("word", ["utils", "helpers", "manager", "processor", "common", "models"])
def test_no_module_has_a_name_that_says_nothing(word: str) -> None:
    assert [str(path) for path in APP.rglob("*.py") if word in path.stem.split("_")] == []

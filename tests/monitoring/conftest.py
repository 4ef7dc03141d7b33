"""Tests with Prometheus' own tools: `make test-alerts`, which says where they are."""

from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--monitoring-tools", metavar="DIR", type=Path, help="where promtool and amtool are")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave these tests out of a run without the tools (the option is then not even known)."""
    del collection_path
    return True if config.getoption("--monitoring-tools", default=None) is None else None


@pytest.fixture
def tools(request: pytest.FixtureRequest) -> Path:
    """The folder of promtool and amtool."""
    folder: Path = request.config.getoption("--monitoring-tools")
    return folder

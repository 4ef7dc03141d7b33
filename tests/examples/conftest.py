"""Tests of the examples in other languages: `make test-examples`, which says where Node.js is."""

from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--node", metavar="FILE", type=Path, help="the Node.js to run the JavaScript example with")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave these tests out of a run without Node.js (the option is then not even known)."""
    del collection_path
    return True if config.getoption("--node", default=None) is None else None


@pytest.fixture(scope="session")
def node(request: pytest.FixtureRequest) -> str:
    """Where Node.js is."""
    return str(request.config.getoption("--node"))

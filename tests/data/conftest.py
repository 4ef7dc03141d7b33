"""Tests on recorded data, which is not in the repository: `make test-data DATA=...` names its folder."""

from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--data", metavar="DIR", type=Path, help="folder with the recorded data: olist/ and incidents/")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave these tests out of a run without data (the option is then not even known)."""
    del collection_path
    return True if config.getoption("--data", default=None) is None else None


@pytest.fixture(scope="session")
def data(request: pytest.FixtureRequest) -> Path:
    """The folder with the recorded data."""
    folder: Path = request.config.getoption("--data")
    return folder.resolve()

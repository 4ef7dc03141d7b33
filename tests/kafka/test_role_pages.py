"""docs/roles, read and followed: every example is run as it stands, against a broker, a worker and the web process."""

import asyncio
import os
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from click.testing import CliRunner

from app.broker import process
from app.broker.ports import free_port
from app.cli import cli
from app.settings import ROOT, KafkaSettings
from app.shell.topics_admin import delete_namespace
from tests.support.pages import Block, Reader, blocks, prints

PAGES: Final = sorted(path for path in (ROOT / "docs/roles").glob("*.md") if path.name != "README.md")
_STARTED_SECONDS: Final = 120.0
_STOP_SECONDS: Final = 30.0


@pytest.fixture(scope="module")
def system(kafka_settings: KafkaSettings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A worker and the web process in a namespace of their own; gives the environment of somebody who uses them."""
    folder = tmp_path_factory.mktemp("roles")
    worker, web = free_port(), free_port()
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "KAFKA_BOOTSTRAP": kafka_settings.bootstrap,
        "MAKEGOOD_TOPIC_PREFIX": "roles-",
        "MAKEGOOD_APPLICATION_ID": "roles",
        "MAKEGOOD_STATE_DIR": str(folder),
        "MAKEGOOD_WEB_PORT": str(worker),
        "MAKEGOOD_SITE_PORT": str(web),
        "MAKEGOOD_SITE_TOKENS_FILE": str(folder / "tokens"),
        "MAKEGOOD_SITE_WORKER_METRICS": f"http://127.0.0.1:{worker}/metrics",
        "WORKER": f"http://127.0.0.1:{worker}",
        "GATE": f"http://127.0.0.1:{web}",
    }
    for command in (["topics", "apply"], ["policy", "activate"]):
        done = CliRunner().invoke(cli, command, env=environment)
        assert done.exit_code == 0, done.output
    running = [
        process.spawn(
            [sys.executable, "-m", "app", name],
            folder / f"{name}.log",
            outlive_us=False,
            environment={**os.environ, **environment},
            folder=folder,
        )
        for name in ("worker", "web")
    ]
    try:
        _ready(environment["WORKER"], folder / "worker.log")
        _ready(environment["GATE"], folder / "web.log")
        yield environment
    finally:
        for one in running:
            one.terminate()
        for one in running:
            one.wait(_STOP_SECONDS)
        asyncio.run(delete_namespace(kafka_settings, "roles-"))


def _ready(address: str, log: Path) -> None:
    until = time.monotonic() + _STARTED_SECONDS
    while not _answers(f"{address}/readyz"):
        assert time.monotonic() < until, f"not ready: {log.read_text(encoding='utf-8')[-2_000:]}"
        time.sleep(0.2)


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5):
            return True
    except (urllib.error.URLError, OSError):
        return False


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_example_of_a_page_does_what_the_page_says(page: Path, system: dict[str, str], tmp_path: Path) -> None:
    for name in ("schemas", "examples", "policies", "docs"):
        (tmp_path / name).symlink_to(ROOT / name)
    reader = Reader(tmp_path, system)
    followed = 0
    for block in blocks(page.read_text(encoding="utf-8")):
        reader.follow(block)
        followed += 1
    assert followed >= 5


def test_a_page_that_shows_what_is_not_printed_is_found_out() -> None:
    assert prints("a ...c\n...\nend\n", "a b c\nmore\nand more\nend\n")
    assert prints("a\n", "a   \n")
    assert not prints("a\n", "a\nb\n")
    assert not prints("a...c\n", "a b d\n")
    found = list(blocks("```sh\nx\n```\n\nwords\n\n```text\ny\n```\n```python\nz\n```\n"))
    assert found == [Block("sh", "x\n", 1, "y\n"), Block("python", "z\n", 10, None)]


def test_every_role_of_the_overview_has_its_page() -> None:
    overview = (ROOT / "docs/roles/README.md").read_text(encoding="utf-8")
    assert [page.name for page in PAGES if f"({page.name})" not in overview] == []

"""What the pages name is there: variables, commands, and what they link to."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click
import pytest
from pydantic_settings import BaseSettings

from app import settings
from app.cli import cli
from app.settings import ROOT

PAGES: Final = sorted(
    [ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]
    + [page for page in (ROOT / "deploy").rglob("*.md") if "target" not in page.parts]
)
_LINK: Final = re.compile(r"\]\(([^)#\s]+)(#[^)\s]*)?\)")
_VARIABLE: Final = re.compile(r"\b(?:MAKEGOOD|KAFKA)_[A-Z0-9_]*[A-Z0-9]\b")
_COMMAND: Final = re.compile(r"(?:`|^\s+|^! |&& |\$\()makegood ([a-z][a-z -]*)", re.MULTILINE)
_SECRET_OF_A_SOURCE: Final = re.compile(r"MAKEGOOD_WEBHOOK_[A-Z]+_SECRET")
_OF_KAFKAS_IMAGE: Final = re.compile(r"KAFKA_(NODE|PROCESS|LISTENERS|ADVERTISED|CONTROLLER|LOG|AUTO)")


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_link_leads_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target, _ in _LINK.findall(text):
        if "://" not in target and not target.startswith("mailto:"):
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_variable_is_a_setting(page: Path) -> None:
    groups = [group for group in vars(settings).values() if isinstance(group, type) and issubclass(group, BaseSettings)]
    known = {
        f"{group.model_config.get('env_prefix', '')}{name}".upper() for group in groups for name in group.model_fields
    }
    for found in set(_VARIABLE.findall(page.read_text(encoding="utf-8"))):
        if _SECRET_OF_A_SOURCE.fullmatch(found) or _OF_KAFKAS_IMAGE.match(found):
            continue
        whole = found in known
        begun = any(name.startswith(f"{found}_") for name in known)
        assert whole or begun, found


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_command_is_one(page: Path) -> None:
    for words in _COMMAND.findall(page.read_text(encoding="utf-8")):
        assert _exists(words.split()), f"makegood {words}"


def _exists(words: list[str]) -> bool:
    group: click.Command = cli
    for word in words:
        if not isinstance(group, click.Group) or word not in group.list_commands(click.Context(group)):
            return group is not cli
        found = group.get_command(click.Context(group), word)
        assert found is not None
        group = found
    return True


def test_a_page_with_a_wrong_name_is_found_out() -> None:
    assert not _exists(["topic", "apply"])
    assert _exists(["topics", "apply"])
    assert _exists(["explain", "ann"])
    assert _VARIABLE.findall("set MAKEGOOD_PARTITIONS=4") == ["MAKEGOOD_PARTITIONS"]
    assert list(_texts("`makegood topics apply`")) == ["topics apply"]


def _texts(text: str) -> Iterator[str]:
    yield from _COMMAND.findall(text)

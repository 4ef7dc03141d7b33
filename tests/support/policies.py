"""Policies for tests: the real folders, and copies of the default with a text replaced."""

from functools import cache
from pathlib import Path

from app.decide import Policy, compile_policy, load_folder, policy_in

POLICIES = Path(__file__).resolve().parents[2] / "policies"


@cache
def default_files() -> dict[str, bytes]:
    return load_folder(POLICIES / "default")


def default_policy() -> Policy:
    return policy_in(POLICIES / "default")


def changed(file: str, old: str, new: str) -> dict[str, bytes]:
    """Return the default folder with one text of one file replaced; the text must stand there exactly once."""
    files = default_files()
    text = files[file].decode()
    assert text.count(old) == 1, f"{file} has {old!r} {text.count(old)} times"
    return files | {file: text.replace(old, new).encode()}


def policy_with(file: str, old: str, new: str) -> Policy:
    return compile_policy(changed(file, old, new))


def line_of(file: str, text: str, files: dict[str, bytes] | None = None) -> int:
    """Return the line on which a text first stands."""
    content = (files or default_files())[file].decode()
    return content[: content.index(text)].count("\n") + 1

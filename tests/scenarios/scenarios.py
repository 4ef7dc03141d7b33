"""The scenarios: the bundled stories and their variations."""

from functools import cache
from pathlib import Path
from typing import Final

from app.decide.folder import load_folder
from app.replay.stories import bundled, parse
from app.replay.timeline import Story
from app.settings import ROOT

VARIATIONS: Final = Path(__file__).parent / "variations"


@cache
def scenarios() -> tuple[Story, ...]:
    """Return every scenario, the bundled stories first."""
    files = sorted(VARIATIONS.glob("*.yaml"))
    return (*bundled(), *(parse(file.read_text(encoding="utf-8"), file.name) for file in files))


@cache
def policy_files(name: str) -> dict[str, bytes]:
    """Return the files of one of the repository's policies."""
    return load_folder(ROOT / "policies" / name)

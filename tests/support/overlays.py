"""A scenario with a policy of its own: a folder with what it lays over the default policy, and a timeline."""

from functools import cache
from pathlib import Path
from typing import Final

from app.replay.stories import parse
from app.replay.timeline import Story
from tests.scenarios.scenarios import policy_files

TIMELINE: Final = "timeline.yaml"


@cache
def overlaid(folder: Path) -> dict[str, bytes]:
    """Return the overlay's files and, under `default/`, those that it stands on."""
    own = {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.suffix in {".yaml", ".json"} and file.name != TIMELINE
    }
    return own | {f"default/{name}": content for name, content in policy_files("default").items()}


@cache
def story_in(folder: Path) -> Story:
    """Return the folder's timeline."""
    return parse((folder / TIMELINE).read_text(encoding="utf-8"), f"{folder.name}.yaml")

"""What only a policy of one's own shows: each folder lays a few lines over the default policy and plays a timeline."""

from pathlib import Path
from typing import Final

import pytest

from app.decide.folder import version_of
from tests.support.overlays import overlaid, story_in
from tests.support.pipeline import Heard, run, steps_of
from tests.support.verdict import verdict

FOLDERS: Final = sorted(folder for folder in (Path(__file__).parent / "overlays").iterdir() if folder.is_dir())


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_everything_expected_comes_out_and_nothing_else(folder: Path) -> None:
    story, policy = story_in(folder), overlaid(folder)
    heard: list[Heard] = []
    run(steps_of(story), policy, heard.append)
    difference = verdict(story, [each.outputs() for each in heard], version_of(policy))
    assert not difference, f"\n{story.title}\n\n{difference}"

"""A journey kind is data: one that the product has never heard of needs a folder, and no code."""

from functools import cache
from pathlib import Path
from typing import Final

from app.decide.folder import version_of
from app.decide.loading import compile_policy
from app.outputs import DeadLetter
from app.replay.stories import parse
from app.replay.timeline import Story
from tests.scenarios.scenarios import policy_files
from tests.support.pipeline import Heard, run, steps_of
from tests.support.verdict import verdict

FOLDER: Final = Path(__file__).parent / "engineers"
STORY: Final = "an-engineers-visit.yaml"


@cache
def overlaid() -> dict[str, bytes]:
    """Return the overlay's files and, under their folder's name, those it stands on."""
    own = {
        file.relative_to(FOLDER).as_posix(): file.read_bytes()
        for file in sorted(FOLDER.rglob("*.yaml"))
        if file.name != STORY
    }
    return own | {f"default/{name}": content for name, content in policy_files("default").items()}


@cache
def story() -> Story:
    return parse((FOLDER / STORY).read_text(encoding="utf-8"), STORY)


def test_a_kind_of_which_no_code_knows_is_carried_out_by_policy_alone() -> None:
    heard: list[Heard] = []
    run(steps_of(story()), overlaid(), heard.append)
    difference = verdict(story(), [each.outputs() for each in heard], version_of(overlaid()))
    assert not difference, f"\n{difference}"


def test_the_default_policy_refuses_a_kind_that_it_does_not_know() -> None:
    heard: list[Heard] = []
    run(steps_of(story())[:1], policy_files("default"), heard.append)
    letters = [output for each in heard for output in each.outputs() if isinstance(output, DeadLetter)]
    assert [(letter.reason, letter.field) for letter in letters] == [("unknown_kind", "kind")]


def test_no_module_names_the_kind() -> None:
    modules = (Path(__file__).parents[2] / "app").rglob("*.py")
    assert not [module.name for module in modules if "engineer_visit" in module.read_text(encoding="utf-8")]
    assert "engineer_visit" in compile_policy(overlaid()).kinds

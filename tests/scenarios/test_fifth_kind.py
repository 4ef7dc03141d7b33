"""A journey kind is data: one that the product has never heard of needs a folder, and no code."""

from pathlib import Path
from typing import Final

from app.decide.folder import version_of
from app.decide.loading import compile_policy
from app.outputs import DeadLetter
from tests.scenarios.scenarios import policy_files
from tests.support.overlays import overlaid, story_in
from tests.support.pipeline import Heard, run, steps_of
from tests.support.verdict import verdict

FOLDER: Final = Path(__file__).parent / "engineers"


def test_a_kind_of_which_no_code_knows_is_carried_out_by_policy_alone() -> None:
    heard: list[Heard] = []
    run(steps_of(story_in(FOLDER)), overlaid(FOLDER), heard.append)
    difference = verdict(story_in(FOLDER), [each.outputs() for each in heard], version_of(overlaid(FOLDER)))
    assert not difference, f"\n{difference}"


def test_the_default_policy_refuses_a_kind_that_it_does_not_know() -> None:
    heard: list[Heard] = []
    run(steps_of(story_in(FOLDER))[:1], policy_files("default"), heard.append)
    letters = [output for each in heard for output in each.outputs() if isinstance(output, DeadLetter)]
    assert [(letter.reason, letter.field) for letter in letters] == [("unknown_kind", "kind")]


def test_no_module_names_the_kind() -> None:
    modules = (Path(__file__).parents[2] / "app").rglob("*.py")
    assert not [module.name for module in modules if "engineer_visit" in module.read_text(encoding="utf-8")]
    assert "engineer_visit" in compile_policy(overlaid(FOLDER)).kinds

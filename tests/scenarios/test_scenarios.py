import pytest

from app.decide.folder import version_of
from app.replay.timeline import (
    ExpectedDeadLetter,
    ExpectedDecision,
    ExpectedEscalation,
    ExpectedNotice,
    ExpectedRemedy,
    Story,
)
from tests.scenarios.scenarios import policy_files, scenarios
from tests.support.pipeline import Heard, run, steps_of
from tests.support.verdict import verdict

RULED = (ExpectedNotice, ExpectedRemedy, ExpectedEscalation)
"""What a row of a table yields; ledgers also change by recovery, which is no table."""

SILENT = (ExpectedDecision, ExpectedDeadLetter)


@pytest.mark.parametrize("story", scenarios(), ids=lambda story: story.name)
def test_everything_expected_comes_out_and_nothing_else(story: Story) -> None:
    policy = policy_files(story.policy)
    heard: list[Heard] = []
    run(steps_of(story), policy, heard.append)
    difference = verdict(story, [each.outputs() for each in heard], version_of(policy))
    assert not difference, f"\n{story.title}\n\n{difference}"


@pytest.mark.parametrize("story", scenarios(), ids=lambda story: story.name)
def test_every_expectation_says_by_which_rule_and_why(story: Story) -> None:
    unfounded = [
        f"{story.name}.yaml:{expected.line}"
        for entry in story.timeline
        for expected in entry.expect
        if (isinstance(expected, RULED) and not expected.rules)
        or not (expected.because or isinstance(expected, SILENT))
    ]
    assert not unfounded, "give `rule` and `because` to " + ", ".join(unfounded)

"""Each number of the policy, changed alone, makes a scenario fail or the policy be refused: no number is idle."""

import multiprocessing
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache

from app.decide.folder import version_of
from app.decide.loading import compile_policy
from app.errors import PolicyError
from app.replay.timeline import Story
from tests.scenarios.scenarios import policy_files, scenarios
from tests.support.pipeline import Admitted, admitted, decided
from tests.support.policy_numbers import Mutation, mutations
from tests.support.verdict import verdict_on

POLICY = "default"
TOGETHER = 12
"""Neighbouring numbers that one process tries: what catches one often catches the next."""


def test_changing_any_single_number_makes_a_scenario_fail() -> None:
    found = list(mutations(policy_files(POLICY)))
    assert len(found) > 50, "the policy's numbers were not found"
    groups = [found[start : start + TOGETHER] for start in range(0, len(found), TOGETHER)]
    with ProcessPoolExecutor(os.cpu_count(), multiprocessing.get_context("fork")) as pool:
        survivors = [survivor for group in pool.map(_survivors, groups) for survivor in group]
    assert not survivors, f"{len(survivors)} of {len(found)} numbers are watched by no scenario:\n" + "\n".join(
        survivors
    )


_order: list[Story] = []


def _survivors(group: Sequence[Mutation]) -> list[str]:
    return [str(mutation) for mutation in group if not _caught(mutation)]


def _caught(mutation: Mutation) -> bool:
    """Say whether the policy is refused or a scenario fails; what failed last is tried first the next time."""
    policy = policy_files(POLICY) | {mutation.file: mutation.content}
    try:
        compile_policy(policy)
    except PolicyError:
        return True
    if not _order:
        _order.extend(story for story in scenarios() if story.policy == POLICY)
    for story in list(_order):
        if _fails(story, policy):
            _order.remove(story)
            _order.insert(0, story)
            return True
    return False


def _fails(story: Story, policy: Mapping[str, bytes]) -> bool:
    version = version_of(policy)
    played = zip(story.timeline, decided(_admitted(story.name), policy), strict=True)
    return any(verdict_on(story, entry, outputs, version) for entry, outputs in played)


@cache
def _admitted(name: str) -> Admitted:
    """What reaches the journey stage is decided by no policy, so it is worked out once."""
    return admitted(next(story for story in scenarios() if story.name == name))

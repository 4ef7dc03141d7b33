"""Each number of the policy, changed alone, makes a scenario fail or the policy be refused: no number is idle."""

import multiprocessing
import os
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from typing import NamedTuple

from app.decide.folder import extends, version_of
from app.decide.loading import compile_policy
from app.errors import PolicyError
from app.replay.timeline import Story
from tests.scenarios.scenarios import policy_files, scenarios
from tests.support.pipeline import Heard, Step, Stop, run, steps_of
from tests.support.policy_numbers import Mutation, mutations
from tests.support.verdict import verdict_on

POLICIES = ("default", "flights", "broadband", "olist", "incidents")
TOGETHER = 12
"""Neighbouring numbers that one process tries: what catches one often catches the next."""


class Trial(NamedTuple):
    """A change to one of the policies."""

    policy: str
    mutation: Mutation


def test_changing_any_single_number_makes_a_scenario_fail() -> None:
    trials = [Trial(policy, mutation) for policy in POLICIES for mutation in mutations(_own_files(policy))]
    assert len(trials) > 100, "the policies' numbers were not found"
    groups = [trials[start : start + TOGETHER] for start in range(0, len(trials), TOGETHER)]
    with ProcessPoolExecutor(os.cpu_count(), multiprocessing.get_context("fork")) as pool:
        survivors = [survivor for group in pool.map(_survivors, groups) for survivor in group]
    assert not survivors, f"{len(survivors)} of {len(trials)} changes are noticed by nothing:\n" + "\n".join(survivors)


def _own_files(policy: str) -> dict[str, bytes]:
    """Return the files of a policy without those of the policy it stands on."""
    files = policy_files(policy)
    return {name: content for name, content in files.items() if not name.startswith(f"{extends(files)}/")}


_caught_last: dict[str, list[Story]] = {}
"""By file: the scenarios, those that caught a change of that file lately first."""


def _survivors(group: Sequence[Trial]) -> list[str]:
    return [f"policies/{trial.policy}/{trial.mutation}" for trial in group if not _caught(trial)]


def _caught(trial: Trial) -> bool:
    """Say whether the policy is refused or a scenario fails."""
    policy = policy_files(trial.policy) | {trial.mutation.file: trial.mutation.content}
    try:
        compile_policy(policy)
    except PolicyError:
        return True
    of_policy = [story for story in scenarios() if story.policy == trial.policy]
    lately = _caught_last.setdefault(f"{trial.policy}/{trial.mutation.file}", of_policy)
    caught = next((story for story in _promising(lately, trial.mutation) if _fails(story, policy)), None)
    if caught is not None:
        lately.remove(caught)
        lately.insert(0, caught)
    return caught is not None


def _promising(stories: Sequence[Story], mutation: Mutation) -> list[Story]:
    """Put those first that speak of the words around the number: the row, the path. It only saves time."""
    words = set(re.findall(r"[a-z_]{4,}", f"{mutation.file} {mutation.what}"))
    return sorted(stories, key=lambda story: -sum(word in _text(story.name) for word in words))


@cache
def _text(name: str) -> str:
    return repr(next(story for story in scenarios() if story.name == name))


def _fails(story: Story, policy: Mapping[str, bytes]) -> bool:
    """Play a story until its first difference."""
    version, entries = version_of(policy), iter(story.timeline)
    found: list[str] = []

    def listen(heard: Heard) -> None:
        if difference := verdict_on(story, next(entries), heard.outputs(), version):
            found.append(difference)
            raise Stop

    run(_steps(story.name), policy, listen)
    return bool(found)


@cache
def _steps(name: str) -> list[Step]:
    return steps_of(next(story for story in scenarios() if story.name == name))

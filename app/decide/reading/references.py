"""What only shows when the files are read together."""

from collections.abc import Mapping

from app.decide.policy import KindRules, ProblemRules
from app.decide.reading.findings import Findings
from app.decide.source import Place
from app.decide.words import MOVEMENT, REDELIVERED


def check_references(
    kinds: Mapping[str, KindRules],
    problems: Mapping[str, ProblemRules],
    places: Mapping[str, Place],
    findings: Findings,
) -> None:
    """Find milestones that no kind has."""
    milestones = {milestone for kind in kinds.values() for milestone in kind.milestones}
    for name, problem in problems.items():
        for milestone in problem.resolved_by:
            if milestone not in milestones | {MOVEMENT, REDELIVERED}:
                findings.guard(places[name].refuse, f"problem {name}: no journey kind has a milestone `{milestone}`")

"""Problem types that a kind of journey states and that nothing it can reach resolves: they hold until somebody acts.

It is said when a policy is checked and refuses nothing: an operator may close such a problem.
"""

from collections.abc import Iterator, Mapping

from app.decide.folder import Layered
from app.decide.policy import KindRules, Policy
from app.decide.words import MOVEMENT, REDELIVERED


def never_resolved(files: Mapping[str, bytes], policy: Policy) -> Iterator[str]:
    """Yield, for a sound policy, which problem type which kind states without an end to it: file, line, reason.

    The breach of an expectation or a promise is left out: that what was due comes after all resolves it.
    """
    places = Layered(files).trees["problems.yaml"].mapping("problems")
    for kind in policy.kinds.values():
        reached = {*kind.milestones, MOVEMENT, REDELIVERED}
        for type_ in _stated(kind):
            if reached.isdisjoint(policy.problems[type_].resolved_by):
                said = f"{kind.name} states it, and no milestone of {kind.name} is in `resolved_by`"
                yield f"{places[type_].place}: problem {type_}: {said}: it holds until somebody closes it"


def _stated(kind: KindRules) -> list[str]:
    by_scan = (failed.problem for failed in kind.scan_failures.values())
    return sorted({*kind.failures.values(), *by_scan, *kind.failing.values()})

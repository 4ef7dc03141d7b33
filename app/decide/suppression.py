"""Suppression: which problems hold which marketing. Transactional and recovery messages are never held."""

from app.decide.book import HoldInputs, Ruled
from app.decide.policy import Policy
from app.decide.reading.shapes import words_of
from app.outputs import ALL, Scope


def scope_of(policy: Policy, inputs: HoldInputs) -> Ruled[Scope | None]:
    """Return the scope that table `holds` gives; None when this problem holds nothing."""
    answers, fired = policy.tables.row("holds", problem=inputs.problem, severity=inputs.severity)
    classes = words_of(answers["classes"])
    scope = Scope(classes, words_of(answers["channels"]) or (ALL,)) if classes else None
    return Ruled(scope, (fired,))

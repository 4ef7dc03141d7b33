"""Severity: from 1 (minor) to 4 (critical)."""

from app.decide.book import Ruled, SeverityInputs
from app.decide.policy import Policy
from app.decide.tables import with_raw


def severity_of(policy: Policy, inputs: SeverityInputs) -> Ruled[int]:
    """Return the severity that table `severity` gives."""
    answers, fired = policy.tables.row(
        "severity",
        problem=inputs.problem,
        extent=inputs.extent,
        first_time=inputs.first_time,
        needed_by_at_risk=inputs.needed_by_at_risk,
        reopened=inputs.reopened,
        priority=inputs.priority,
        repeats=policy.bands["repeats"].word(inputs.repeats),
        goods_held=inputs.goods_held,
    )
    severity = answers["severity"]
    assert isinstance(severity, int)
    return Ruled(severity, (with_raw(fired, earlier_failures=inputs.repeats),))

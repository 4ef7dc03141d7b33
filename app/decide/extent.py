"""Extent: how far expectations were missed, in one word."""

from app.decide.book import ExtentInputs, Ruled
from app.decide.policy import Policy
from app.decide.tables import with_raw


def extent_of(policy: Policy, inputs: ExtentInputs) -> Ruled[str]:
    """Return the word of table `extent`: lateness, share of the order, effort and repeats, each banded first."""
    bands = policy.bands
    answers, fired = policy.tables.row(
        "extent",
        problem=inputs.problem,
        lateness=bands["lateness"].word(inputs.hours_late),
        share=bands["share"].word(inputs.value_share),
        effort=bands["effort"].word(inputs.effort),
        repeats=bands["repeats"].word(inputs.repeats),
    )
    raw = with_raw(
        fired,
        hours_late=inputs.hours_late,
        value_share=inputs.value_share,
        efforts=inputs.effort,
        earlier_failures=inputs.repeats,
    )
    return Ruled(str(answers["extent"]), (raw,))

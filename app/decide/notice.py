"""Notices: whom to tell what, and how often to say that we are on it."""

from decimal import Decimal
from typing import Final

from app.clock import Millis
from app.decide.book import NoticeInputs, NoticePlan, Ruled
from app.decide.policy import Pace, Policy
from app.decide.reading.shapes import plain_length, words_of

NO_PROGRESS: Final = Pace(Millis(0), Decimal(1), 0)
"""The pace of what nobody is told progress about: none at all."""


def notices_of(policy: Policy, inputs: NoticeInputs) -> Ruled[tuple[NoticePlan, ...]]:
    """Return the notices that table `notices` gives, in its order of recipients."""
    answers, fired = policy.tables.row(
        "notices", problem=inputs.problem, occasion=inputs.occasion, severity=inputs.severity
    )
    template, override = answers["template"], answers["overrides_quiet_hours"] is True
    recipients = () if template is None else words_of(answers["recipients"])
    plans = tuple(NoticePlan(recipient, str(template), override) for recipient in recipients)
    return Ruled(plans, (fired,))


def pace_of(policy: Policy, problem: str, severity: int) -> Ruled[Pace]:
    """Return the pace that table `pace` gives; `most` is 0 when there are no progress notices."""
    answers, fired = policy.tables.row("pace", problem=problem, severity=severity)
    first, widening, most = answers["first"], answers["widening"], answers["most"]
    if first is None or widening is None or not isinstance(most, int) or not plain_length(first):
        return Ruled(NO_PROGRESS, (fired,))
    return Ruled(Pace(Millis(plain_length(first)), Decimal(str(widening)), most), (fired,))

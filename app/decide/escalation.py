"""Escalation: one named owner role with the authority to act."""

from collections.abc import Mapping
from typing import Final

from app.clock import Millis
from app.decide.book import EscalationInputs, EscalationPlan, Ruled
from app.decide.policy import Policy
from app.decide.reading.shapes import plain_length, share_or_amount
from app.decide.tables import Cell, with_raw

_UNSTATED: Final = "unstated"


def escalation_of(policy: Policy, inputs: EscalationInputs) -> Ruled[EscalationPlan | None]:
    """Return the owner that table `escalations` names; None when this reason and severity need none."""
    answers, fired = policy.tables.row(
        "escalations",
        reason=inputs.reason,
        problem=inputs.problem,
        severity=inputs.severity,
        repeats=policy.bands["repeats"].word(inputs.repeats),
    )
    fired = with_raw(fired, earlier_failures=inputs.repeats)
    owner, act_within = answers["owner"], answers["act_within"]
    if owner is None:
        return Ruled(None, (fired,))
    within = None if act_within is None else Millis(plain_length(act_within))
    budget = None if answers["budget"] is None else share_or_amount(answers["budget"])[0]
    return Ruled(
        EscalationPlan(str(owner), str(answers["authority"] or _UNSTATED), within, budget, _freezes(answers)), (fired,)
    )


def _freezes(answers: Mapping[str, Cell]) -> bool:
    """Say whether no desk may hand it on from here: what a table without the column has always meant."""
    return answers.get("freeze_hand_offs", True) is True

"""Owners whom `escalations` asks to do what `operators` does not let them do.

It is said when a policy is checked and refuses nothing: what an earlier version has activated must still be read.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Final

from app.decide.folder import Layered
from app.decide.policy import Policy
from app.decide.reading.cells import values_of
from app.decide.reading.jdm import JdmRow, read_jdm
from app.decide.words import ESCALATION_REASONS

_ESCALATIONS: Final = "escalations"
_ASKS: Final[Mapping[str, str]] = {
    "hold_age": "write_off",
    "needs_approval": "approve",
    "budget_refused": "approve",
    "mass_incident": "act",
    "offer_terms_gap": "act",
}
"""What ends the wait for an owner who was asked for this reason; for every other reason any action may."""


def powerless_owners(files: Mapping[str, bytes], policy: Policy) -> Iterator[str]:
    """Yield, for a sound policy, which row asks whom for what they may not do: file, line, reason."""
    for row in read_jdm(*Layered(files).tables[_ESCALATIONS]).rows:
        if owner := row.cells.get("owner", "").strip():
            yield from _powerless(row, str(json.loads(owner)), policy)


def _powerless(row: JdmRow, owner: str, policy: Policy) -> Iterator[str]:
    may = {action for action, roles in policy.operators.items() if owner in roles}
    if not may:
        yield f"{row.place}: row {row.id} asks {owner}, whom `operators` lets do nothing"
        return
    reasons = values_of(row.cells.get("reason", ""), ESCALATION_REASONS)
    lacking = {_ASKS[reason] for reason in _ASKS.keys() & reasons} - may
    if lacking and reasons != ESCALATION_REASONS:
        yield f"{row.place}: row {row.id} asks {owner} for what `operators` does not let them do: {_list(lacking)}"


def _list(actions: set[str]) -> str:
    return ", ".join(sorted(actions))

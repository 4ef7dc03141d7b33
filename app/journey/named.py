"""The ids of what a customer has. What was named before a merge keeps its name: the customer has been somebody else."""

from collections.abc import Container

from app.ids import name_based
from app.journey.state import CustomerState


def named(state: CustomerState, known: Container[str], kind: str, *about: str) -> str:
    """Return the id of something of a customer's: the one under which it is `known` already, from before a merge too.

    A wrong that is learnt again, a breach that is withdrawn or a remedy that was given is the same after the merge.
    """
    own = name_based(kind, state.customer, *about)
    if own in known or not state.merged_from:
        return own
    before = (name_based(kind, former, *about) for former in state.merged_from)
    return next((name for name in before if name in known), own)

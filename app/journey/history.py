"""The decisions about each problem, by reference: what an owner is handed with it."""

from typing import Final

from msgspec.structs import replace

from app.ids import OutputId
from app.journey.state import CustomerState
from app.journey.turn import Turn

_MOST: Final = 16


def remember(turn: Turn, after: CustomerState, decision: OutputId) -> None:
    """Keep a decision with each problem that it changed: the first one and the newest."""
    before = turn.before.problems
    still = turn.state.problems
    changed = [name for name, problem in after.problems.items() if before.get(name) is not problem and name in still]
    if not changed:
        return
    history = dict(turn.state.history)
    for name in changed:
        known = history.get(name, ())
        kept = known if len(known) < _MOST else (known[0], *known[2:])
        history[name] = (*kept, decision)
    turn.state = replace(turn.state, history=history)

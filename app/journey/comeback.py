"""Whether a customer comes back after something went wrong, with a purchase within the policy's horizon, or is lost.

It is derived from the newest problem that held their marketing and from their purchases, so that facts learnt late
come to the same; the problem is remembered when its journey has shrunk to a receipt. Decisions carry it as data.
"""

from decimal import Decimal
from typing import Final

from msgspec.structs import replace

from app.clock import DAY, Instant, to_iso
from app.decide.policy import Policy
from app.facts import Money
from app.journey.extent import sorted_problems
from app.journey.state import Comeback, CustomerState
from app.journey.trouble import Problem
from app.journey.turn import Turn
from app.outputs import RowFired

CAME_BACK: Final = "came_back"
LOST: Final = "lost"


def is_purchase(policy: Policy, kind: str, value: Money | None) -> bool:
    """Say whether the customer pays for a journey: not where they send us something of theirs."""
    rules = policy.kinds.get(kind)
    return value is not None and value.amount > 0 and (rules is None or not rules.goods_from)


def review(turn: Turn) -> None:
    """Follow the newest problem that held marketing, and see whether a purchase has come after it."""
    state = turn.state
    untouched = state.problems is turn.problems_before and state.journeys is turn.before.journeys
    if untouched or (not state.problems and state.comeback is None):
        return
    wanted = _wanted(turn.policy, state)
    if wanted == state.comeback:
        return
    turn.state = replace(state, comeback=wanted)
    if wanted is not None and wanted.outcome == CAME_BACK and wanted.at is not None:
        was_lost = state.comeback is not None and state.comeback.outcome == LOST
        turn.note(
            f"the customer came back {(wanted.at - wanted.since) // DAY} days after {wanted.type}"
            + (", though counted as lost" if was_lost else "")
        )


def _wanted(policy: Policy, state: CustomerState) -> Comeback | None:
    known = state.comeback
    newest = _newest(state)
    if newest is None or (known is not None and known.since > newest.opened_at and known.problem not in state.problems):
        if known is None or known.problem in state.problems:
            return None
        after = known
    else:
        after = Comeback(newest.id, newest.type, newest.opened_at, newest.severity, newest.recovered_at is not None)
        if known is not None and known.problem == newest.id and known.outcome == LOST:
            after = replace(after, outcome=LOST, at=known.at)
    back = min(_purchases(policy, state, after.since), default=None)
    return after if back is None else replace(after, outcome=CAME_BACK, at=back)


def _newest(state: CustomerState) -> Problem | None:
    held = (one for one in sorted_problems(state) if one.withdrawn_at is None and one.scope is not None)
    return max(held, key=lambda problem: (problem.opened_at, problem.id), default=None)


def _purchases(policy: Policy, state: CustomerState, since: Instant) -> list[Instant]:
    journeys = [
        one.began_at
        for one in state.journeys.values()
        if one.began_at is not None and is_purchase(policy, one.kind, one.value)
    ]
    over = [one.began_at for one in state.receipts.values() if is_purchase(policy, one.kind, one.value)]
    return [at for at in (*journeys, *over) if at > since]


def due_of(policy: Policy, state: CustomerState) -> Instant | None:
    """Return when a customer who has not come back is counted as lost."""
    waits = state.comeback is not None and not state.comeback.outcome
    return Instant(state.comeback.since + policy.limits.lost_after) if waits and state.comeback is not None else None


def lose(turn: Turn) -> None:
    """Count the customer as lost: no purchase has come within the horizon."""
    known = turn.state.comeback
    assert known is not None
    turn.state = replace(turn.state, comeback=replace(known, outcome=LOST, at=turn.now))
    made_good = "made good" if known.recovered else "never made good"
    worth = ", ".join(f"{each.amount:f} {each.currency}" for each in bought(turn.policy, turn.state)) or "nothing known"
    days = str(turn.policy.limits.lost_after // DAY)
    turn.rules.append(RowFired("limits", "lost_after", {"days": days, "since": to_iso(known.since)}))
    turn.note(f"no purchase since {known.type} of {to_iso(known.since)}, {made_good}: lost, had bought for {worth}")


def bought(policy: Policy, state: CustomerState) -> tuple[Money, ...]:
    """Return what the customer has ever set out to buy, by currency."""
    kinds_and_values = [(one.kind, one.value) for one in state.journeys.values()]
    kinds_and_values += [(one.kind, one.value) for one in state.receipts.values()]
    sums: dict[str, Decimal] = {}
    for kind, value in kinds_and_values:
        if value is not None and is_purchase(policy, kind, value):
            sums[value.currency] = sums.get(value.currency, Decimal(0)) + value.amount
    return tuple(Money(amount, currency) for currency, amount in sorted(sums.items()))

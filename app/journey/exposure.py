"""What the register must know of a customer for campaigns: their severe open problems; types alone.

A hold does not ask whose campaign it is, so each brand that the customer has had to do with knows of all of them.
"""

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from app.facts import ExposureChanged, severe_key, shard_of
from app.journey import asking
from app.journey.brands import brand_of
from app.journey.extent import sorted_problems
from app.journey.state import Exposed
from app.journey.trouble import Problem
from app.journey.turn import Turn

_NOTHING: Final = Exposed(0, ())


def review(turn: Turn) -> None:
    """Tell the register when the severe open problems of this customer are other ones than it knows."""
    known = turn.state.exposed
    same_journeys = turn.state.journeys is turn.before.journeys
    if turn.state.problems is turn.problems_before and (same_journeys or not known):
        return
    now = _exposed(turn)
    if known == now:
        return
    for brand in sorted(known.keys() | now.keys()):
        exposed = now.get(brand, _NOTHING)
        if known.get(brand, _NOTHING) != exposed:
            key = severe_key(brand, shard_of(turn.state.customer))
            what = ExposureChanged(brand, exposed.severity, exposed.reasons, exposed.again)
            asking.tell(turn, key, what, f"exposure/{brand}")
    turn.state = replace(turn.state, exposed=now)


def erase(turn: Turn) -> None:
    """Let no list of the register name the customer; lists made before they recovered do, so each brand is told."""
    for brand in sorted({turn.policy.brand(None).name, *turn.state.exposed, *_known_to(turn)}):
        key = severe_key(brand, shard_of(turn.state.customer))
        asking.tell(turn, key, ExposureChanged(brand, 0, (), erased=True), f"exposure/{brand}/erased")


def _known_to(turn: Turn) -> Iterator[str]:
    """Yield the brands that the customer has had to do with."""
    yield from (turn.policy.brand(journey.brand).name for journey in turn.state.journeys.values())
    yield from (turn.policy.brand(receipt.brand).name for receipt in turn.state.receipts.values())


def _exposed(turn: Turn) -> dict[str, Exposed]:
    """Return the severe problems that still count, by brand; one that an operator released holds nobody back."""
    severe = [problem for problem in sorted_problems(turn.state) if _counts(turn, problem)]
    if not severe:
        return {}
    worst = max(problem.severity for problem in severe)
    reasons = tuple(sorted({problem.type for problem in severe}))
    first, *others = sorted(set(_brands(turn, severe)))
    return {first: Exposed(worst, reasons)} | {brand: Exposed(worst, reasons, again=True) for brand in others}


def _counts(turn: Turn, problem: Problem) -> bool:
    severe_from = turn.policy.campaigns.severe_from
    return problem.active and problem.released_at is None and problem.severity >= severe_from


def _brands(turn: Turn, severe: list[Problem]) -> Iterator[str]:
    yield from (brand_of(turn.policy, turn.state, problem.journey).name for problem in severe)
    yield from _known_to(turn)

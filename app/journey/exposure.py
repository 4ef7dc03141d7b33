"""What the register must know of a customer for campaigns: their severe open problems, by brand; types alone."""

from msgspec import Struct
from msgspec.structs import replace

from app.facts import ExposureChanged, severe_key, shard_of
from app.journey import asking
from app.journey.brands import brand_of
from app.journey.extent import sorted_problems
from app.journey.state import Exposed
from app.journey.turn import Turn


class _Worst(Struct):
    severity: int = 0
    reasons: tuple[str, ...] = ()


def review(turn: Turn) -> None:
    """Tell the register when a brand's severe open problems of this customer are other ones than it knows."""
    if turn.state.problems is turn.problems_before:
        return
    known, now = turn.state.exposed, _exposed(turn)
    if known == now:
        return
    for brand in sorted(known.keys() | now.keys()):
        exposed = now.get(brand, Exposed(0, ()))
        if known.get(brand, Exposed(0, ())) != exposed:
            key = severe_key(brand, shard_of(turn.state.customer))
            asking.tell(turn, key, ExposureChanged(brand, exposed.severity, exposed.reasons), f"exposure/{brand}")
    turn.state = replace(turn.state, exposed=now)


def _exposed(turn: Turn) -> dict[str, Exposed]:
    """Return the severe problems that still count; one that an operator released holds nobody back."""
    worst: dict[str, _Worst] = {}
    for problem in sorted_problems(turn.state):
        counts = problem.active and problem.released_at is None
        if counts and problem.severity >= turn.policy.campaigns.severe_from:
            brand = brand_of(turn.policy, turn.state, problem.journey).name
            of = worst.setdefault(brand, _Worst())
            of.severity = max(of.severity, problem.severity)
            of.reasons = (*of.reasons, problem.type)
    return {brand: Exposed(of.severity, tuple(sorted(set(of.reasons)))) for brand, of in worst.items()}

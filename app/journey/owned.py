"""What the customer has of us: what they bought and did not send back, also when only a receipt is left of it."""

from collections import Counter
from collections.abc import Iterable, Iterator

from app.decide.policy import KindRules, Policy
from app.facts import Line
from app.journey.outlook import NO_RULES
from app.journey.state import CustomerState

Bought = tuple[tuple[str, int], ...]
"""Product and how many of it."""


def products_of(lines: Iterable[Line]) -> Bought:
    """Return the products of some lines, each once."""
    counts: Counter[str] = Counter()
    for line in lines:
        counts[line.product_id] += line.quantity
    return tuple(sorted(counts.items()))


def owned(policy: Policy, state: CustomerState) -> frozenset[str]:
    """Return the products that the customer has: ordered and neither cancelled nor sent back, piece by piece."""
    counts: Counter[str] = Counter()
    for kind, status, products in _journeys(state):
        sign = _sign(policy.kinds.get(kind, NO_RULES), status)
        for product, quantity in products:
            counts[product] += sign * quantity
    return frozenset(product for product, quantity in counts.items() if quantity > 0)


def _sign(rules: KindRules, status: str) -> int:
    """Return whether a journey gives the customer something (1), takes it (-1), or neither."""
    if rules.goods_from:
        return -1 if status in rules.completes_on else 0
    return 0 if status in rules.ends_on else 1


def _journeys(state: CustomerState) -> Iterator[tuple[str, str, Bought]]:
    for journey in state.journeys.values():
        yield journey.kind, journey.status, products_of(journey.lines)
    for receipt in state.receipts.values():
        yield receipt.kind, receipt.status, receipt.products

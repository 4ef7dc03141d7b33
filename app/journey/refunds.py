"""Money paid back: how much, and since when it covers what it was owed for. A part is not the whole."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Final

from app.clock import Instant
from app.facts import Money
from app.ids import ConsignmentId
from app.journey.course import Journey, Refund

REFUNDED: Final = "refunded"

_NOTHING: Final = Decimal(0)
_FROM_THE_BEGINNING: Final = Instant(0)


def paid(journey: Journey, consignment: ConsignmentId | None, since: Instant) -> Decimal:
    """Return what has been paid back since then, for one consignment or for the journey without naming any."""
    return sum((refund.amount for refund in _of(journey, consignment, since)), _NOTHING)


def covered_at(
    journey: Journey,
    owed: Money | None,
    consignment: ConsignmentId | None,
    known_since: Instant = _FROM_THE_BEGINNING,
    *,
    since: Instant = _FROM_THE_BEGINNING,
) -> Instant | None:
    """Return when what was paid back came to what is owed; None when it has not, or nobody knows.

    Only refunds that happened from `since` on count, and were learnt from `known_since` on.
    """
    if owed is None or journey.value is None or owed.currency != journey.value.currency or owed.amount <= 0:
        return None
    total = _NOTHING
    for refund in _of(journey, consignment, since):
        total += refund.amount if refund.known_at >= known_since else _NOTHING
        if total >= owed.amount:
            return refund.at
    return None


def _of(journey: Journey, consignment: ConsignmentId | None, since: Instant) -> Iterator[Refund]:
    """Yield a consignment's refunds and those that name none; for the whole journey, all of them."""
    for refund in journey.refunds:
        mine = consignment is None or refund.consignment in {None, consignment}
        if mine and refund.at >= since:
            yield refund

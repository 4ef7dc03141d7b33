"""What input records are keyed by, so that one journey's, parcel's, case's or customer's events keep their order."""

from collections.abc import Iterable, Mapping
from typing import Final

_FIELDS: Final = (
    "order_id",
    "journey_id",
    "reservation_id",
    "trade_in_id",
    "tracking_number",
    "case_id",
    "customer_id",
    "incident_id",
)


def key_field(fields: Iterable[str]) -> str | None:
    """Return the field of an event that upstream would key by, None when it has none of them."""
    there = set(fields)
    return next((name for name in _FIELDS if name in there), None)


def own_key(payload: Mapping[str, object]) -> str:
    """Return the key that upstream would give an event, empty when it names nothing to key by."""
    named = [name for name, value in payload.items() if isinstance(value, str)]
    field = key_field(named)
    return "" if field is None else str(payload[field])

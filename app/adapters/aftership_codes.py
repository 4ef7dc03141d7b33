"""AfterShip's tags and sub-codes in our taxonomy, and whose fault each exception is, as data.

Source: AfterShip's delivery sub-status list (2026-07). The split of fault is our own reading of it. Both lists are
open: a tag that is not here counts as unknown, a sub-code as its tag.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from app.facts import Party


class Code(NamedTuple):
    """A status, a finer word, and whose fault it is (for what may become a problem)."""

    status: str
    finer: str | None = None
    fault: Party = Party.UNKNOWN


UNKNOWN: Final = Code("unknown")

TAGS: Final[Mapping[str, Code]] = {
    "Pending": Code("unknown", "pending"),
    "InfoReceived": Code("pre_transit"),
    "InTransit": Code("in_transit"),
    "OutForDelivery": Code("out_for_delivery"),
    "AttemptFail": Code("attempt_failed"),
    "Delivered": Code("delivered"),
    "AvailableForPickup": Code("available_for_pickup"),
    "Exception": Code("failure"),
    "Expired": Code("unknown", "expired"),
}

_CUSTOMER: Final = Party.CUSTOMER
_CARRIER: Final = Party.CARRIER
_NOBODY: Final = Party.NOBODY

SUBTAGS: Final[Mapping[str, Code]] = {
    "Delivered_002": Code("picked_up"),
    "Delivered_003": Code("delivered", "signed"),
    "Delivered_004": Code("delivered", "cash_on_delivery"),
    "Delivered_005": Code("delivered", "neighbour"),
    "AttemptFail_002": Code("attempt_failed", "recipient_absent", _CUSTOMER),
    "AttemptFail_003": Code("attempt_failed", "business_closed", _CUSTOMER),
    "OutForDelivery_003": Code("out_for_delivery", "customer_contacted"),
    "OutForDelivery_004": Code("out_for_delivery", "appointment"),
    "InTransit_002": Code("accepted"),
    "InTransit_003": Code("in_transit", "arrival_scan"),
    "InTransit_004": Code("in_transit", "arrived_destination_country"),
    "InTransit_005": Code("in_transit", "customs_cleared"),
    "InTransit_006": Code("in_transit", "customs"),
    "InTransit_007": Code("in_transit", "departure_scan"),
    "InTransit_008": Code("in_transit", "problem_resolved"),
    "InTransit_009": Code("in_transit", "forwarded"),
    "Exception_002": Code("failure", "customer_moved", _CUSTOMER),
    "Exception_003": Code("failure", "refused", _CUSTOMER),
    "Exception_004": Code("failure", "customs_delay", _NOBODY),
    "Exception_005": Code("failure", "external_delay", _CARRIER),
    "Exception_006": Code("failure", "held_for_payment", _CUSTOMER),
    "Exception_007": Code("failure", "wrong_address", _CUSTOMER),
    "Exception_008": Code("failure", "pickup_missed", _CUSTOMER),
    "Exception_009": Code("failure", "rejected_by_carrier", Party.MERCHANT),
    "Exception_010": Code("returning"),
    "Exception_011": Code("returned"),
    "Exception_012": Code("failure", "damaged", _CARRIER),
    "Exception_013": Code("failure", "lost", _CARRIER),
    "Exception_016": Code("failure", "processing_delay", Party.MERCHANT),
    "Exception_017": Code("failure", "weather", _NOBODY),
    "Exception_018": Code("failure", "documents"),
    "Exception_019": Code("failure", "late_flight", _CARRIER),
    "Exception_020": Code("cancelled", "cancelled_by_carrier", _CARRIER),
    "Exception_021": Code("failure", "disposed", _CARRIER),
}
"""A wrong address (007) may be the shop's own typing error: then name it in MAKEGOOD_WEBHOOK_AFTERSHIP_FAULTS."""


def code(tag: str | None, subtag: str | None, faults: Mapping[str, str]) -> Code:
    """Return what a checkpoint means; `faults` are the merchant's own answers by sub-code."""
    found = SUBTAGS.get(subtag or "") or TAGS.get(tag or "", UNKNOWN)
    own = faults.get(subtag or "")
    return found if own is None else found._replace(fault=Party(own))

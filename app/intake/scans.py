"""`tracking-scans`: what carriers say about parcels."""

import re
from datetime import UTC, datetime
from typing import Final

from app.clock import Instant, from_datetime
from app.errors import InvalidRecord
from app.facts import Alias, AliasKind, Scanned, ScanStatus, Subject
from app.ids import ConsignmentId, CustomerId
from app.intake.checks import happened, invalid, zone_of
from app.intake.reading import ORDER, Fields, Reading, carrier_name, journey_alias, journey_id, tracking_number

_STATUSES: Final = {status.value: status for status in ScanStatus}
_WITH_TIME: Final = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}.*", re.ASCII)


def parcel_scanned(fields: Fields, known_at: Instant) -> Reading:
    """Return a scan. A status that the taxonomy does not know counts as unknown: carriers add words without asking."""
    when, assumed = _when(fields, known_at)
    number = fields["tracking_number"]
    what = Scanned(
        carrier=carrier_name(fields["carrier"]),
        tracking_number=None if number is None else tracking_number(number),
        status=_STATUSES.get(fields["status"], ScanStatus.UNKNOWN),
        sub_status=fields["sub_status"],
        raw_code=fields["raw_code"],
        location=fields["location"],
        new_estimate=fields["new_estimate"],
        time_assumed=assumed,
        fault=fields["fault"],
    )
    subject, alias = _whom(fields, what)
    return Reading(when, ((subject, what),), alias, _checkpoint(fields, what, when))


def _when(fields: Fields, known_at: Instant) -> tuple[Instant, bool]:
    """Return the scan's instant, and whether its zone had to be assumed.

    A local time in the hour that a clock change repeats is taken as its first occurrence; one in the hour that it
    skips as if the change had not happened yet (PEP 495, fold 0). Either is at most an hour off, and always the same.
    """
    text, zone = fields["occurred_at"], fields["time_zone"]
    try:
        if not _WITH_TIME.fullmatch(text):
            raise invalid(_MALFORMED)
        moment = datetime.fromisoformat(text)
        assumed = moment.tzinfo is None and zone is None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC if zone is None else zone_of(zone))
        return happened(from_datetime(moment), known_at), assumed
    except InvalidRecord as error:
        raise error.under("occurred_at") from None
    except (ValueError, OverflowError):
        raise invalid(_MALFORMED, "occurred_at") from None


_MALFORMED: Final = "must be ISO 8601 with date and time: 2026-07-12T18:03:00+02:00, or local with time_zone"


def _whom(fields: Fields, what: Scanned) -> tuple[Subject, Alias | None]:
    order, consignment, customer = fields["order_id"], fields["consignment_id"], fields["customer_id"]
    if consignment is not None and order is None:
        raise invalid("must be given with a consignment_id: consignments are named within their order", "order_id")
    if what.tracking_number is None and order is None:
        raise invalid("must be given, or an order_id", "tracking_number")
    subject = Subject(
        customer=None if customer is None else CustomerId(customer),
        journey=None if order is None else journey_id(ORDER, order),
        consignment=None if consignment is None else ConsignmentId(consignment),
    )
    if what.tracking_number is not None:
        return subject, Alias(AliasKind.TRACKING, what.tracking_number, what.carrier)
    return subject, journey_alias(ORDER, order)


def _checkpoint(fields: Fields, what: Scanned, when: Instant) -> str:
    """Name a scan by what it says: carriers send the same checkpoint again and again, without an id."""
    of = what.tracking_number or f"{fields['order_id']}/{fields['consignment_id'] or ''}"
    return f"{what.carrier}:{of}:{fields['status']}:{what.sub_status or ''}:{when}"

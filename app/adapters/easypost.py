"""EasyPost's tracker events. A failure is not the end of a parcel and `unknown` clears nothing: both are mere scans."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from app.adapters import event as made
from app.adapters.carriers import carrier
from app.adapters.days import due
from app.adapters.event import InputEvent
from app.adapters.foreign import Foreign
from app.adapters.zones import zone_of
from app.ids import name_based

STATUSES: Final[Mapping[str, str]] = {
    "unknown": "unknown",
    "pre_transit": "pre_transit",
    "in_transit": "in_transit",
    "out_for_delivery": "out_for_delivery",
    "delivered": "delivered",
    "available_for_pickup": "available_for_pickup",
    "return_to_sender": "returning",
    "failure": "failure",
    "cancelled": "cancelled",
    "error": "unknown",
}
"""Tracker statuses in our taxonomy; a status not listed is unknown. `error` is EasyPost's own, not the parcel's."""

FAULTS: Final[Mapping[str, str]] = {
    "address_correction": "customer",
    "damaged": "carrier",
    "delayed": "carrier",
    "lost": "carrier",
    "missorted": "carrier",
    "refused": "customer",
    "transit_exception": "carrier",
    "weather_delay": "nobody",
}
"""Whose fault a status detail is; the others say nothing about it."""

_SAYS_NOTHING: Final = frozenset({"", "unknown", "status_update"})


def events(body: Foreign) -> list[InputEvent]:
    """Return a tracker's details as scans; other events say nothing. Its estimate goes with the newest of them.

    Numbers are recycled: the directory tells by the time of the dispatch whose parcel it is.
    """
    if body.text("description") not in {"tracker.updated", "tracker.created"}:
        return []
    tracker = body.at("result").must_be_object()
    details = list(tracker.items("tracking_details"))
    if not details:
        return []
    newest = max(range(len(details)), key=lambda index: _when(details[index]))
    return [_scan(tracker, each, latest=index == newest) for index, each in enumerate(details)]


def _when(detail: Foreign) -> str:
    """Return a time to sort by; offsets are rare and within a day, and this only chooses where the estimate goes."""
    text = detail.text("datetime")
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None).isoformat()
    except ValueError:
        detail.at("datetime").refuse("must be ISO 8601")


def _scan(tracker: Foreign, detail: Foreign, *, latest: bool) -> InputEvent:
    name, number = carrier(tracker.optional("carrier")), tracker.text("tracking_code")
    finer = detail.word("status_detail")
    zone = zone_of(detail.optional("tracking_location.country"), detail.optional("tracking_location.state"))
    says = (detail.optional(field) or "" for field in ("datetime", "status", "status_detail", "message"))
    return made.scan(
        {
            "event_id": name_based("easypost", name, number, *says),
            "occurred_at": detail.text("datetime"),
            "time_zone": zone,
            "carrier": name,
            "tracking_number": number,
            "status": STATUSES.get(detail.word("status"), "unknown"),
            "sub_status": None if finer in _SAYS_NOTHING else finer,
            "fault": FAULTS.get(finer, "unknown"),
            "raw_code": detail.optional("carrier_code"),
            "location": detail.optional("tracking_location.city"),
            "new_estimate": due(tracker, "est_delivery_date", None) if latest else None,
        }
    )

"""AfterShip's Tracking webhook: the whole history of a parcel each time, repeated for up to 68 hours."""

from collections.abc import Mapping
from typing import Final

from app.adapters import event as made
from app.adapters.aftership_codes import code
from app.adapters.carriers import carrier
from app.adapters.days import due, written
from app.adapters.event import InputEvent
from app.adapters.foreign import Foreign
from app.adapters.zones import zone_of
from app.ids import name_based

_NO_FAULTS: Final[Mapping[str, str]] = {}


def events(body: Foreign, faults: Mapping[str, str] = _NO_FAULTS) -> list[InputEvent]:
    """Return what a webhook says: each checkpoint as a scan, a revised estimate as the carrier's promise.

    `faults`: whose fault a sub-code is, where the merchant knows better. Events that are not mapped say nothing.
    """
    parcel = body.at("msg").must_be_object()
    if body.text("event") == "tracking_update":
        return [_scan(parcel, each, faults) for each in parcel.items("checkpoints")]
    if body.text("event") == "edd_revise":
        return _revised(body, parcel)
    return []


def _scan(parcel: Foreign, checkpoint: Foreign, faults: Mapping[str, str]) -> InputEvent:
    tag, subtag = checkpoint.optional("tag"), checkpoint.optional("subtag")
    means = code(tag, subtag, faults)
    return made.scan(
        {
            "event_id": _hash(parcel, checkpoint),
            "occurred_at": checkpoint.text("checkpoint_time"),
            "time_zone": zone_of(checkpoint.optional("country_iso3"), checkpoint.optional("state")),
            "carrier": carrier(checkpoint.optional("slug") or parcel.text("slug")),
            "tracking_number": parcel.text("tracking_number"),
            "status": means.status,
            "sub_status": means.finer,
            "fault": means.fault.value,
            "raw_code": subtag or tag,
            "location": checkpoint.optional("city") or checkpoint.optional("location"),
        }
    )


def _hash(parcel: Foreign, checkpoint: Foreign) -> str:
    """Return AfterShip's own hash of the checkpoint (since 2026-07), else one of what it says."""
    own = checkpoint.optional("hash")
    if own is not None:
        return own
    says = (checkpoint.optional(name) or "" for name in ("checkpoint_time", "tag", "subtag", "message", "city"))
    return name_based("aftership", parcel.text("slug"), parcel.text("tracking_number"), *says)


def _revised(body: Foreign, parcel: Foreign) -> list[InputEvent]:
    """Return the first estimate and the new one as promises of the order, so that the first one is what counts.

    A parcel whose order AfterShip was not told gets a scan that says the new estimate and clears nothing.
    """
    zone = zone_of(parcel.optional("destination_country_iso3"))
    latest = due(parcel, "latest_estimated_delivery.datetime", zone)
    if latest is None:
        return []
    at = written(body.whole("ts") * 1_000, body.at("ts"))
    order = parcel.optional("order_id")
    if order is None:
        return [_estimate(body, parcel, at, latest)]
    first = due(parcel, "first_estimated_delivery.datetime", zone)
    began = [] if first is None else [_promise(f"{parcel.text('id')}/first", order, at, first, None)]
    reason = parcel.optional("subtag_message") or "the carrier revised its estimate"
    return [*began, _promise(f"{body.text('event_id')}/latest", order, at, latest, reason)]


def _promise(name: str, order: str, at: str, until: str, reason: str | None) -> InputEvent:
    promise = {"milestone": "delivered", "due": until, "by": "carrier", "reason": reason}
    return made.order("promise_made", {"event_id": name, "journey_id": order, "occurred_at": at, "promise": promise})


def _estimate(body: Foreign, parcel: Foreign, at: str, latest: str) -> InputEvent:
    return made.scan(
        {
            "event_id": body.text("event_id"),
            "occurred_at": at,
            "carrier": carrier(parcel.text("slug")),
            "tracking_number": parcel.text("tracking_number"),
            "status": "unknown",
            "sub_status": "estimate_revised",
            "new_estimate": latest,
        }
    )

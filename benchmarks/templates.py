"""Orders' lives as patterns: made with the marketplace's columns and irregularities, read by the product's own source.

A pattern's times are shares of its life (0 to 1), its ids stand for any others, and each parcel has the scans between
acceptance and delivery that the recorded data lacks.
"""

import tempfile
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from random import Random
from typing import Any, Final, NamedTuple

from app.clock import Instant, from_iso
from app.replay import olist
from app.replay.source import InputEvent
from app.topics import Topic
from tests.support.olist_like import make_olist

_MADE_ORDERS: Final = 640
_SCANS_BETWEEN: Final = (7, 11)
"""Further scans of a parcel, least and most: parcels have 5 to 30 scans in all, and so scans are 70 % of events."""
_TROUBLE: Final = frozenset({"understocked", "case_opened"})


class Event(NamedTuple):
    """One event of a pattern; `late` says for each of its promises when it runs out, None: long after the run."""

    share: float
    topic: Topic
    type: str
    key: str
    payload: dict[str, Any]
    late: tuple[float | None, ...] = ()


class Template(NamedTuple):
    """A life of an order; `troubled`: something goes wrong that a hold may follow from."""

    order: str
    customer: str
    events: tuple[Event, ...]
    troubled: bool


def templates(seed: int, *, between: bool = True) -> tuple[list[Template], list[Template]]:
    """Return the patterns in which nothing goes wrong, and the others.

    Not `between`: with the marketplace's own events alone.
    """
    with tempfile.TemporaryDirectory(prefix="makegood-bench-") as folder:
        make_olist(Path(folder), orders=_MADE_ORDERS, seed=seed)
        events = list(olist.load(Path(folder)).events())
    rng = Random(seed)
    lives = groupby(sorted(events, key=_by_order), key=_order)
    made = [_template(list(life), rng, between=between) for _, life in lives]
    return [one for one in made if not one.troubled], [one for one in made if one.troubled]


def _by_order(event: InputEvent) -> tuple[str, int]:
    return _order(event), event.sequence


def _order(event: InputEvent) -> str:
    payload = event.payload
    for field in ("order_id", "journey_id"):
        if payload.get(field):
            return str(payload[field])
    if payload.get("tracking_number"):
        return str(payload["tracking_number"]).partition("-")[0]
    return str(payload["case_id"]).rpartition("-")[2]


def _template(life: list[InputEvent], rng: Random, *, between: bool) -> Template:
    begins = min(event.known_at for event in life)
    lasts = max(1, max(event.known_at for event in life) - begins)
    delivered = [event.known_at for event in life if event.payload.get("status") == "delivered"]
    placed = next(event for event in life if event.type == "order_placed")
    due = _delivery_due(placed)
    is_late = due is not None and any(moment >= due for moment in delivered)
    troubled = is_late or any(event.type in _TROUBLE for event in life)
    late = (due - begins) / lasts if is_late and due is not None else None
    events = [_event(event, begins, lasts, late) for event in life]
    if between:
        events += [scan for parcel in _parcels(events).values() for scan in _between(parcel, rng)]
    events.sort(key=lambda event: event.share)
    return Template(_order(placed), placed.payload["customer_id"], tuple(events), troubled)


def _delivery_due(placed: InputEvent) -> Instant | None:
    dues = [from_iso(one["due"]) for one in placed.payload["promises"] if one["milestone"] == "delivered"]
    return min(dues, default=None)


def _event(event: InputEvent, begins: Instant, lasts: int, late: float | None) -> Event:
    promises = event.payload.get("promises", ())
    dues = tuple(late if promise["milestone"] == "delivered" else None for promise in promises)
    share = (event.known_at - begins) / lasts
    return Event(share, event.topic, event.type, str(event.key), event.payload, dues)


def _parcels(events: Iterable[Event]) -> dict[str, list[Event]]:
    parcels: dict[str, list[Event]] = {}
    for event in events:
        if event.payload.get("tracking_number"):
            parcels.setdefault(event.payload["tracking_number"], []).append(event)
    return parcels


def _between(scans: list[Event], rng: Random) -> Iterator[Event]:
    """Yield the scans between a parcel's first and last one; for one that never arrives, up to where it stopped."""
    first, last = scans[0], scans[-1].share if len(scans) > 1 else 1.0
    if last <= first.share:
        return
    count = rng.randint(*_SCANS_BETWEEN)
    for number in range(1, count + 1):
        share = first.share + (last - first.share) * number / (count + 1)
        status = "out_for_delivery" if number == count and len(scans) > 1 else "in_transit"
        payload = {**first.payload, "status": status, "location": f"depot {rng.randrange(200)}"}
        payload["event_id"] = f"{first.payload['event_id']}-{number}"
        yield first._replace(share=share, payload=payload)

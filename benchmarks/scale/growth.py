"""What an event costs as customers, open deadlines and journeys per customer grow: the stages over memory."""

import gc
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Final

from app.clock import DAY, SECOND, Instant, to_iso
from app.shell.garbage import set_apart_what_stays
from app.stage import OutRecord
from app.topics import Topic
from app.wire.payload import encode_event
from benchmarks.core import Core
from benchmarks.load import make_load
from benchmarks.probes import Probe
from benchmarks.scale.population import MIX, OPEN, Kind, patterns, population

CUSTOMERS: Final = (10_000, 100_000, 1_000_000)
JOURNEYS: Final = (1, 2, 5, 10, 25, 50)
_CHUNK: Final = 2_000
_EVENTS: Final = 20_000
_PATTERNS: Final = 300
_TOUCHED: Final = 300
"""Orders whose events are measured at each number of journeys."""
_DUE: Final = 2_000
"""Deadlines that fire at each number of open ones."""
_SEED: Final = 20260716


def by_customers(now: Instant, scale: float) -> dict[int, float]:
    """Return microseconds an event beside so many customers of the mix: new orders, mostly of new customers."""
    return {count: _beside(now, MIX, count) for count in _scaled(scale)}


def by_deadlines(now: Instant, scale: float) -> dict[int, dict[str, float]]:
    """Return microseconds an event, and a deadline that fires, beside so many open deadlines."""
    return {count: _firing(now, count) for count in _scaled(scale)}


def _scaled(scale: float) -> list[int]:
    return [max(1_000, int(count * scale)) for count in CUSTOMERS]


def _holding(now: Instant, mix: tuple[Kind, ...], customers: int) -> Core:
    core = Core()
    core.hold(
        (entry.changelog, entry.key, entry.value) for entry in population(patterns(now, mix, _PATTERNS), customers)
    )
    set_apart_what_stays()
    return core


def _beside(now: Instant, mix: tuple[Kind, ...], customers: int) -> float:
    return _micros(_holding(now, mix, customers), make_load(_EVENTS, now).records, now)


def _micros(core: Core, records: Sequence[OutRecord], now: Instant) -> float:
    before = sum(core.seconds.values())
    for start in range(0, len(records), _CHUNK):
        core.feed(records[start : start + _CHUNK], now)
        core.outputs.clear()
        for kept in core.kept.values():
            kept.clear()
    return (sum(core.seconds.values()) - before) / len(records) * 1e6


def _firing(now: Instant, customers: int) -> dict[str, float]:
    core = _holding(now, (OPEN,), customers)
    event = _micros(core, make_load(_EVENTS, now).records, now)
    due = Instant(now + 30 * SECOND)
    core.feed([Probe(f"due-{number}").placed(now, due) for number in range(_DUE)], now)
    before = sum(core.seconds.values())
    core.advance(due)
    return {"event": event, "deadline": (sum(core.seconds.values()) - before) / _DUE * 1e6}


def by_journeys(now: Instant) -> dict[str, dict[int, float]]:
    """Return microseconds an event of a customer with so many open orders, each event in a round of its own."""
    found: dict[str, dict[int, float]] = {"state_bytes": {}}
    for count in JOURNEYS:
        for name, micros in _one_by_one(now, count, found["state_bytes"]).items():
            found.setdefault(name, {})[count] = micros
    gc.unfreeze()
    return found


def _one_by_one(now: Instant, count: int, state_bytes: dict[int, float]) -> dict[str, float]:
    core = Core()
    orders = [f"o{customer:05d}-{order:03d}" for customer in range(max(6, _TOUCHED // count)) for order in range(count)]
    core.feed([_placed(order, now) for order in orders], now)
    picked = Random(_SEED).sample(orders, _TOUCHED)
    core.feed([_dispatched(order, now) for order in orders], now)
    rates: dict[str, float] = {}
    events: dict[str, Callable[[str], OutRecord]] = {
        "a scan that shows movement": lambda order: _scanned(order, now, 1, "in_transit"),
        "a scan after that": lambda order: _scanned(order, now, 2, "in_transit"),
        "a failure": lambda order: _event(Topic.ORDERS, "understocked", order, now, {"order_id": order}),
        "a delivery": lambda order: _scanned(order, now, 3, "delivered"),
    }
    for name, event in events.items():
        before = core.seconds["journey"]
        for order in picked:
            core.feed([event(order)], now)
        rates[name] = (core.seconds["journey"] - before) / len(picked) * 1e6
    journeys = core.logs[Topic.JOURNEY_LOG]
    sizes = [len(value) for part in journeys for key, value in part.table.items() if key[:1] != b"\0"]
    state_bytes[count] = sum(sizes) / len(sizes)
    return rates


def _placed(order: str, now: Instant) -> OutRecord:
    customer = order.partition("-")[0]
    fields: dict[str, Any] = {
        "order_id": order,
        "customer_id": f"of-{customer}",
        "brand": "house",
        "country": "GB",
        "value": {"amount": "120.00", "currency": "GBP"},
        "promises": [{"milestone": "delivered", "due": to_iso(Instant(now + 3 * DAY)), "by": "merchant"}],
        "lines": [{"line_id": "1", "product_id": "p", "name": "kettle", "quantity": 1, "unit_price": "120.00"}],
        "consignments": [{"consignment_id": "a", "line_ids": ["1"]}],
    }
    return _event(Topic.ORDERS, "order_placed", order, now, fields)


def _dispatched(order: str, now: Instant) -> OutRecord:
    parcel = {"carrier": "c", "tracking_number": f"T{order}"}
    fields = {"journey_id": order, "consignment_id": "a", "parcels": [parcel]}
    return _event(Topic.ORDERS, "dispatched", order, now, fields)


def _scanned(order: str, now: Instant, number: int, status: str) -> OutRecord:
    fields = {"carrier": "c", "tracking_number": f"T{order}", "status": status, "location": "depot 1"}
    return _event(Topic.TRACKING_SCANS, "parcel_scanned", order, Instant(now + number * SECOND), fields)


def _event(topic: Topic, name: str, order: str, at: Instant, fields: dict[str, Any]) -> OutRecord:
    said = {"event_id": f"{order}-{name}-{at}", "occurred_at": to_iso(at), **fields}
    return OutRecord(topic, order.encode(), encode_event(topic, name, said))

"""The load: as many orders as wanted, each a pattern with new ids, their lives moved to the hours before the run."""

from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Any, Final, NamedTuple

from app.clock import DAY, HOUR, Instant, to_iso
from app.stage import OutRecord
from app.topics import Topic
from app.wire.payload import encode_event
from benchmarks.templates import Event, Template, templates
from tests.support.hex_ids import hex_id

SEED: Final = 20260712
TROUBLED: Final = 0.05
"""Share of orders with a problem."""
_LIFE: Final = HOUR
_HOURS: Final = 6 * HOUR
_AHEAD: Final = 3 * DAY
"""When a promise runs out that the run keeps: long after it."""
_REPEATED: Final = 0.01
"""Share of scans that a carrier sends twice."""
_RETURNING: Final = 5
"""Every fifth order is a customer's second."""


class Load(NamedTuple):
    """Input records in the order they happened, and what they are made of."""

    records: list[OutRecord]
    types: Counter[str]
    orders: int
    troubled: int
    customers: int

    def mix(self) -> dict[str, Any]:
        """Return the mix in numbers: shares in percent of events, and of orders for those with a problem."""
        total = len(self.records)
        size = sum(len(record.value or b"") for record in self.records)
        return {
            "events": total,
            "orders": self.orders,
            "customers": self.customers,
            "orders_with_a_problem_percent": round(100 * self.troubled / self.orders, 1),
            "percent_of_events": {name: round(100 * count / total, 1) for name, count in self.types.most_common()},
            "mean_value_bytes": round(size / total),
        }


class _Placed(NamedTuple):
    """An event of one order at its own time; `place` breaks ties."""

    at: Instant
    place: int
    event: Event
    names: dict[str, str]


def make_load(events: int, now: Instant, seed: int = SEED, life: int = _LIFE, *, between: bool = True) -> Load:
    """Return the whole orders that come to about so many events; all happened in the six hours before `now`.

    An order lives for `life` ms of them: the longer, the further apart its events lie. Not `between`: the marketplace's
    own events alone, with new ids, without the further scans of each parcel.
    """
    rng = Random(seed)
    clean, troubled = templates(seed, between=between)
    chosen = list(_choose(rng, clean, troubled, events))
    begins, span = now - _HOURS, _HOURS - life
    placed: list[_Placed] = []
    customers = set()
    for number, template in enumerate(chosen):
        names = _names(template, number, seed)
        customers.add(names[template.customer])
        start = begins + span * number // len(chosen)
        for event in template.events:
            placed.append(_Placed(Instant(start + int(life * event.share)), len(placed), event, names))
            if event.topic is Topic.TRACKING_SCANS and rng.random() < _REPEATED:
                placed.append(placed[-1]._replace(place=len(placed)))
    placed.sort(key=lambda one: (one.at, one.place))
    types = Counter(one.event.type for one in placed)
    bad = sum(template.troubled for template in chosen)
    return Load([_record(one, now, life) for one in placed], types, len(chosen), bad, len(customers))


def _choose(rng: Random, clean: list[Template], troubled: list[Template], events: int) -> Iterator[Template]:
    made = 0
    while made < events:
        template = rng.choice(troubled if rng.random() < TROUBLED else clean)
        made += len(template.events)
        yield template


def _names(template: Template, number: int, seed: int) -> dict[str, str]:
    person = number - 1 if number % _RETURNING == _RETURNING - 1 else number
    return {template.order: hex_id(f"order-{seed}", number), template.customer: hex_id(f"person-{seed}", person)}


def _record(placed: _Placed, now: Instant, life: int) -> OutRecord:
    event, names = placed.event, placed.names
    payload = _renamed(event.payload, names)
    payload["occurred_at"] = to_iso(placed.at)
    for promise, late in zip(payload.get("promises", ()), event.late, strict=True):
        promise["due"] = to_iso(Instant(now + _AHEAD) if late is None else _due(placed, late, life))
    key = _renamed(event.key, names).encode()
    return OutRecord(event.topic, key, encode_event(event.topic, event.type, payload))


def _due(placed: _Placed, late: float, life: int) -> Instant:
    """Return when a promise runs out that is broken within the order's life."""
    return Instant(placed.at + int(life * (late - placed.event.share)))


def _renamed(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, str):
        for old, new in names.items():
            value = value.replace(old, new)
        return value
    if isinstance(value, dict):
        return {field: _renamed(inner, names) for field, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_renamed(inner, names) for inner in value]
    return value

"""A worker's state at scale: customers whose past the stages themselves have worked, then copied under other names.

Some thousand customers live through the last months, event by event and deadline by deadline; what the stages keep of
them is the pattern of as many as are wanted. A name has the same length in every copy, so a copy differs from its
pattern in nothing but its ids.
"""

from collections.abc import Iterator
from random import Random
from typing import Any, Final, NamedTuple

from app.clock import DAY, HOUR, Instant, to_iso
from app.journey.state import is_reserved
from app.shell.batching import partition_of
from app.stage import OutRecord
from app.topics import Topic
from app.wire.payload import encode_event
from benchmarks.core import Core
from benchmarks.templates import Event, Template, templates

SEED: Final = 20260714
_PATTERNS: Final = 1_000
_LIFE: Final = 6 * DAY
"""From an order to its last event."""
_KEPT: Final = 1.5
"""When a promise runs out that was kept: this share of the order's life after its beginning."""
_STEP: Final = 6 * HOUR
"""Deadlines fire, in a population's past, when so much time has gone by."""
_ROOM: Final = 10 * DAY


class Kind(NamedTuple):
    """A kind of customer: how many of a hundred, and when their orders began, in days ago (least, most).

    `troubled`: something goes wrong; else every order comes to its end when its time has come.
    """

    name: str
    percent: int
    orders: tuple[tuple[float, float], ...]
    troubled: bool = False


IDLE: Final = Kind("idle, one order long ago", 50, ((100, 130),))
IDLE_TWICE: Final = Kind("idle, two orders long ago", 20, ((100, 130), (100, 130)))
RECENT: Final = Kind("an order of the last 90 days", 15, ((10, 85),))
RETURNED: Final = Kind("an order of the last 90 days, one before", 5, ((10, 85), (100, 130)))
OPEN: Final = Kind("an order under way", 8, ((1, 5),))
TROUBLED: Final = Kind("an order in trouble", 2, ((5, 7),), troubled=True)
MIX: Final = (IDLE, IDLE_TWICE, RECENT, RETURNED, OPEN, TROUBLED)


class Entry(NamedTuple):
    """One row of a table: which changelog, and where in it."""

    changelog: Topic
    key: bytes
    value: bytes


class Pattern(NamedTuple):
    """What the stages keep of one customer."""

    kind: str
    name: bytes
    entries: tuple[Entry, ...]

    def copy(self, number: int) -> Iterator[Entry]:
        """Yield the same under another name."""
        old, new = self.name, _name(number)
        for entry in self.entries:
            yield Entry(entry.changelog, entry.key.replace(old, new), entry.value.replace(old, new))


def patterns(now: Instant, mix: tuple[Kind, ...] = MIX, count: int = _PATTERNS, seed: int = SEED) -> list[Pattern]:
    """Let customers live up to `now` and return what is kept of them, in the mix's shares."""
    rng = Random(seed)
    clean, troubled = templates(seed)
    ended = [template for template in clean if _comes_to_its_end(template)]
    kinds = _dealt(mix, count)
    events: list[tuple[Instant, OutRecord]] = []
    for number, kind in enumerate(kinds):
        for order, span in enumerate(kind.orders):
            template = rng.choice(troubled if kind.troubled else ended)
            began = Instant(now - int(rng.uniform(*span) * DAY))
            events.extend(_lived(template, _name(number).decode(), order, began, now))
    core = _aged(sorted(events, key=lambda event: event[0]), now)
    return _kept(core, kinds)


def _comes_to_its_end(template: Template) -> bool:
    """Say whether all of an order arrives: a marketplace's history has orders of which nothing more was ever heard."""
    placed = next(event for event in template.events if event.type == "order_placed")
    parts = len(placed.payload.get("consignments", ()))
    arrived = {event.key for event in template.events if event.payload.get("status") == "delivered"}
    return 0 < parts <= len(arrived)


def _dealt(mix: tuple[Kind, ...], count: int) -> list[Kind]:
    whole = sum(kind.percent for kind in mix)
    return [kind for kind in mix for _ in range(round(count * kind.percent / whole))]


def _name(number: int) -> bytes:
    # digits: a tracking number is written in capitals
    return b"97%09d" % number


def _lived(
    template: Template, customer: str, order: int, began: Instant, now: Instant
) -> Iterator[tuple[Instant, OutRecord]]:
    names = {template.order: f"{customer}-{order}", template.customer: customer}
    for event in template.events:
        at = Instant(began + int(_LIFE * event.share))
        if at < now:
            yield at, _record(event, names, at, began)


def _record(event: Event, names: dict[str, str], at: Instant, began: Instant) -> OutRecord:
    payload = renamed(event.payload, names)
    payload["occurred_at"] = to_iso(at)
    for promise, late in zip(payload.get("promises", ()), event.late, strict=True):
        promise["due"] = to_iso(Instant(began + int(_LIFE * (_KEPT if late is None else late))))
    return OutRecord(event.topic, renamed(event.key, names).encode(), encode_event(event.topic, event.type, payload))


def renamed(value: Any, names: dict[str, str]) -> Any:
    """Return a payload with other names in it, wherever they stand."""
    if isinstance(value, str):
        for old, new in names.items():
            value = value.replace(old, new)
        return value
    if isinstance(value, dict):
        return {field: renamed(inner, names) for field, inner in value.items()}
    if isinstance(value, list | tuple):
        return [renamed(inner, names) for inner in value]
    return value


def _aged(events: list[tuple[Instant, OutRecord]], now: Instant) -> Core:
    core = Core()
    place = 0
    clock = Instant(events[0][0] - _ROOM)
    while clock < now:
        clock = Instant(min(now, clock + _STEP))
        passed = place
        while passed < len(events) and events[passed][0] <= clock:
            passed += 1
        core.feed([record for _, record in events[place:passed]], clock)
        core.advance(clock)
        place = passed
        core.outputs.clear()
        for kept in core.kept.values():
            kept.clear()
    return core


def _kept(core: Core, kinds: list[Kind]) -> list[Pattern]:
    found: list[list[Entry]] = [[] for _ in kinds]
    names = {_name(number): number for number in range(len(kinds))}
    width = len(_name(0))
    for stage in core.keyed:
        for partition in core.logs[stage.log]:
            for key, value in partition.table.items():
                place = key.find(b"97000")
                if not is_reserved(key) and place >= 0:
                    found[names[key[place : place + width]]].append(Entry(stage.changelog, key, value))
    return [
        Pattern(kind.name, _name(number), tuple(entries))
        for number, (kind, entries) in enumerate(zip(kinds, found, strict=True))
    ]


def population(made: list[Pattern], customers: int) -> Iterator[Entry]:
    """Yield the tables' rows of so many customers, patterns in turns."""
    for number in range(customers):
        yield from made[number % len(made)].copy(number)


def rows(entries: Iterator[Entry], partitions: int) -> Iterator[OutRecord]:
    """Yield rows as changelog records: an entry's partition is its key's."""
    for entry in entries:
        yield OutRecord(entry.changelog, entry.key, entry.value, (), partition_of(entry.key, partitions))

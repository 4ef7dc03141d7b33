"""The summary's numbers, counted while a replay's records pass by."""

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from app.clock import Instant
from app.replay import form
from app.replay.wire import InputRecord
from app.topics import OUTPUTS, Topic

Row = dict[str, Any]


class Tally:
    """Counts by topic and type, amounts by currency, first and last time."""

    def __init__(self) -> None:
        self._events: Counter[tuple[str, str]] = Counter()
        self._first: Instant | None = None
        self._last: Instant | None = None
        self._outputs: Counter[Topic] = Counter()
        self._kinds: dict[Topic, Counter[str]] = {topic: Counter() for topic in _KIND}
        self._gestures: Counter[str] = Counter()
        self._given: dict[tuple[str, str], Decimal] = {}
        self._journeys: Counter[str] = Counter()
        self._problems: Counter[str] = Counter()
        self._holds: Counter[str] = Counter()
        self._cases = self._reopened = 0

    def event(self, record: InputRecord) -> None:
        """Count an input event."""
        self._events[record.topic, record.type] += 1
        self._first = record.known_at if self._first is None else min(self._first, record.known_at)
        self._last = record.known_at if self._last is None else max(self._last, record.known_at)

    def output(self, topic: Topic, row: Row) -> None:
        """Count an output and add up what a remedy gives and costs."""
        self._outputs[topic] += 1
        if topic in _KIND:
            self._kinds[topic][_KIND[topic](row)] += 1
        for gesture in row.get("gestures", ()):
            self._gestures[gesture["kind"]] += 1
            self._add("amount", gesture["amount"])
            self._add("cost", gesture["cost"])

    def journey(self, row: Row) -> None:
        """Count a journey as it stands at the end, its problems by type and the holds that still last."""
        self._journeys[row["status"]] += 1
        self._problems.update(problem["type"] for problem in row["problems"])
        self._holds.update(hold["reason"] for hold in row["holds"] if hold["until"] is None)

    def case(self, row: Row) -> None:
        """Count a case and how often it was reopened."""
        self._cases += 1
        self._reopened += row["reopen_count"]

    def summary(self) -> Row:
        """Return the numbers under their names; decimals as text."""
        events: dict[str, dict[str, int]] = {}
        for (topic, type_), count in self._events.items():
            events.setdefault(topic, {})[type_] = count
        return {
            "events": {"total": self._events.total(), "by_type": events},
            "first_event": form.instant(self._first),
            "last_event": form.instant(self._last),
            "outputs": {str(topic): self._outputs[topic] for topic in OUTPUTS},
            **{f"{topic.replace('-', '_')}_by_kind": dict(self._kinds[topic]) for topic in _KIND},
            "gestures": dict(self._gestures),
            "given": self._by_currency("amount"),
            "cost": self._by_currency("cost"),
            "journeys": dict(self._journeys),
            "problems": dict(self._problems),
            "holds_at_the_end": dict(self._holds),
            "cases": {"total": self._cases, "reopenings": self._reopened},
        }

    def _add(self, what: str, money: Row | None) -> None:
        if money is not None:
            place = (what, money["currency"])
            self._given[place] = self._given.get(place, Decimal(0)) + Decimal(money["amount"])

    def _by_currency(self, what: str) -> dict[str, str]:
        return {currency: format(total, "f") for (kind, currency), total in self._given.items() if kind == what}


def _ledger(row: Row) -> str:
    if row.get("tombstone"):
        return "tombstone"
    return "suppressed" if row["suppressed"] else "released"


_KIND: Final[dict[Topic, Callable[[Row], str]]] = {
    Topic.SUPPRESSIONS: _ledger,
    Topic.REMEDIES: lambda row: str(row["occasion"]),
    Topic.NOTICES: lambda row: f"{row['template']} to {row['recipient']}",
    Topic.ESCALATIONS: lambda row: str(row["reason"]),
    Topic.DEAD_LETTERS: lambda row: str(row["reason"]),
}

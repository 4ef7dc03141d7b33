"""What a replay's result files must say, worked out from the recorded data alone: nothing of `app` is used here.

Each check returns the statements that do not hold, in words; an empty list is what is wanted.
"""

import csv
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

SAO_PAULO = ZoneInfo("America/Sao_Paulo")
Row = dict[str, Any]


class Order(NamedTuple):
    """What the data says of an order: when the promised day is over, and what became of it."""

    order: str
    customer: str
    status: str
    delivered: datetime | None
    promise_over: datetime
    consignments: int

    @property
    def late(self) -> bool:
        """Whether it came on a later local day than promised."""
        return self.delivered is not None and self.delivered >= self.promise_over

    @property
    def lost(self) -> bool:
        """Whether it never came, and neither shop nor customer called it off."""
        return self.delivered is None and self.status not in {"canceled", "unavailable"}


def read_rows(out: Path, name: str) -> list[Row]:
    """Return the rows of a result file."""
    return [json.loads(line) for line in (out / name).read_text(encoding="utf-8").splitlines()]


def orders(folder: Path) -> Iterator[Order]:
    """Yield every order whose row is whole, once."""
    people = {row["customer_id"]: row["customer_unique_id"] for row in _table(folder, "customers")}
    found: dict[str, Row] = {}
    for row in _table(folder, "orders"):
        if row["customer_id"] in people and _times_are_sound(row):
            found.setdefault(row["order_id"], row)
    sellers = defaultdict(set)
    for row in _table(folder, "order_items"):
        if float(row["price"]) >= 0:
            sellers[row["order_id"]].add(row["seller_id"])
    for order, row in found.items():
        promised = _naive(row["order_estimated_delivery_date"])
        assert promised is not None
        over = datetime.combine(promised.date() + timedelta(days=1), time.min, tzinfo=SAO_PAULO)
        delivered = _naive(row["order_delivered_customer_date"])
        yield Order(
            order,
            people[row["customer_id"]],
            row["order_status"],
            None if delivered is None else delivered.replace(tzinfo=SAO_PAULO),
            over,
            len(sellers[order]) or 1,
        )


def olist_faults(folder: Path, out: Path) -> list[str]:
    """Return what the journeys and ledgers of a replay of orders say that the data contradicts."""
    journeys = {row["journey_id"]: row for row in read_rows(out, "journeys.jsonl")}
    ledgers = _ledgers(out)
    faults, seen = [], Counter[str]()
    for order in orders(folder):
        row = journeys.pop(f"order:{order.order}", None)
        if row is None:
            faults.append(f"{order.order}: no journey")
            continue
        kind = "late" if order.late else "in time" if order.delivered is not None else "lost" if order.lost else "off"
        seen[kind] += 1
        said = [*_of_any(order, row), *_OF_KIND[kind](order, row, ledgers.get(order.customer, []))]
        faults += [f"{order.order} ({kind}): {fault}" for fault in said]
    faults += [f"{journey}: a journey that the data does not have" for journey in journeys]
    faults += [f"no order of the data is {kind}: nothing was checked" for kind in _OF_KIND if not seen[kind]]
    return faults


def _of_any(order: Order, row: Row) -> Iterator[str]:
    promises = _delivery_promises(row)
    if len(promises) != order.consignments:
        yield f"{len(promises)} delivery promises for {order.consignments} consignments"
    for promise in promises:
        if promise["first_due"] != _iso(order.promise_over):
            yield f"promised until {promise['first_due']}, the data says {_iso(order.promise_over)}"
    if row["customer_id"] != order.customer:
        yield f"belongs to {row['customer_id']}, the data says {order.customer}"


def _late(order: Order, row: Row, ledger: list[Row]) -> Iterator[str]:
    over = _iso(order.promise_over)
    assert order.delivered is not None
    for promise in _delivery_promises(row):
        if (promise["breached_at"], promise["withdrawn_at"]) != (over, None):
            yield f"breached at {promise['breached_at']}, withdrawn at {promise['withdrawn_at']}, not at {over}"
        if promise["met_at"] != _iso(order.delivered):
            yield f"met at {promise['met_at']}, not {_iso(order.delivered)}"
    problems = [problem for problem in row["problems"] if _from_a_promise(problem, over)]
    if len(problems) != order.consignments:
        yield f"{len(problems)} problems opened at {over} for {order.consignments} consignments"
    for problem in problems:
        yield from _held_until_recovery(row, problem, over, ledger)


def _held_until_recovery(row: Row, problem: Row, over: str, ledger: list[Row]) -> Iterator[str]:
    holds = [hold for hold in row["holds"] if hold["problem"] == problem["problem_id"]]
    if not holds or min(hold["since"] for hold in holds) != over:
        yield f"no hold owned by the breach from {over} on"
        return
    last = max((hold["until"] for hold in holds), key=lambda until: until or "9")
    if last != problem["recovered_at"]:
        yield f"held until {last}, recovered {problem['recovered_at']}"
    said = [
        version["at"]
        for version in ledger
        if any(hold["owner"] == problem["problem_id"] for hold in version.get("holds", ()))
    ]
    if not said or said[0] != over:
        yield f"the ledger names the hold first at {said[:1]}, not {over}"
    if last is not None and not any(version["at"] == last for version in ledger):
        yield f"the ledger does not say that the hold ended at {last}"


def _in_time(order: Order, row: Row, ledger: list[Row]) -> Iterator[str]:
    del order
    standing = [
        promise for promise in _delivery_promises(row) if promise["breached_at"] and not promise["withdrawn_at"]
    ]
    if standing:
        yield f"{len(standing)} delivery promises breached"
    withdrawn = {problem["problem_id"]: problem["withdrawn_at"] for problem in row["problems"]}
    late = [hold for hold in row["holds"] if hold["reason"] == "late_delivery"]
    for hold in late:
        if hold["until"] is None or hold["until"] != withdrawn.get(hold["problem"]):
            yield f"held for a late delivery from {hold['since']} to {hold['until']}"
    if {hold["problem"] for hold in late}.intersection(*_last_holds(ledger)):
        yield "the ledger still holds for a late delivery"


def _lost(order: Order, row: Row, ledger: list[Row]) -> Iterator[str]:
    open_ = [hold for hold in row["holds"] if hold["until"] is None]
    if not open_:
        yield "never delivered, and no longer held"
    if {hold["problem"] for hold in open_}.difference(*_last_holds(ledger)):
        yield "a hold that lasts is missing from the customer's last ledger"
    for promise in _delivery_promises(row):
        if promise["breached_at"] != _iso(order.promise_over):
            yield f"promise breached at {promise['breached_at']}, not {_iso(order.promise_over)}"


def _off(order: Order, row: Row, ledger: list[Row]) -> Iterator[str]:
    """An order called off: understocked is the merchant's problem, cancelled by nobody we know is none."""
    del ledger
    types = {problem["type"] for problem in row["problems"]}
    if order.status == "unavailable" and "understocked" not in types:
        yield f"understocked, but its problems are {sorted(types)}"
    if order.status == "canceled" and types & {"understocked", "cancelled_by_merchant"}:
        yield f"cancelled by nobody we know, but its problems are {sorted(types)}"


_OF_KIND = {"late": _late, "in time": _in_time, "lost": _lost, "off": _off}


def incident_faults(folder: Path, out: Path) -> list[str]:
    """Return what the cases of a replay of incidents say that the event log contradicts."""
    cases = {row["case_id"]: row for row in read_rows(out, "cases.jsonl")}
    logged: dict[str, list[Row]] = defaultdict(list)
    for row in _incident_rows(folder):
        logged[row["number"]].append(row)
    faults = []
    for number, rows in logged.items():
        case = cases.pop(f"case:{number}", None)
        if case is None:
            faults.append(f"{number}: no case")
            continue
        faults += [
            f"{number}: {name} is {case[name]}, the log says {wanted}"
            for name, wanted in _wanted_case(rows).items()
            if case[name] != wanted
        ]
    faults += [f"{case}: a case that the log does not have" for case in cases]
    return faults if logged else ["no incident in the log: nothing was checked"]


def _wanted_case(rows: list[Row]) -> Row:
    """Follow the states, desks and times of one incident's rows."""
    state, desks, reopened = "New", list[str](), 0
    resolved: str | None = None
    closed: str | None = None
    for row in rows:
        at, now = _iso(_minute(row["sys_updated_at"])), row["incident_state"]
        if row["assignment_group"] != "?" and desks[-1:] != [row["assignment_group"]]:
            desks.append(row["assignment_group"])
        if now in {"?", state}:
            continue
        over = {"Resolved", "Closed"}
        if state in over and now not in over:
            reopened, resolved, closed = reopened + 1, None, None
        if now == "Resolved" and state != "Closed":
            resolved = at
        if now == "Closed":
            closed = at
        state = now
    return {
        "customer_id": next(row["caller_id"] for row in rows if row["caller_id"] != "?"),
        "desks": desks,
        "handoff_count": max(0, len(desks) - 1),
        "reopen_count": reopened,
        "resolved_at": resolved,
        "closed_at": closed,
    }


def _incident_rows(folder: Path) -> list[Row]:
    with (folder / "incident_event_log.csv").open(encoding="utf-8-sig", newline="") as text:
        numbered = [
            (line, row)
            for line, row in enumerate(csv.DictReader(text))
            if _minute_or_none(row["sys_updated_at"]) and row["incident_state"] != "-100"
        ]
    named = {row["number"] for _, row in numbered if row["caller_id"] != "?"}
    order = sorted(numbered, key=lambda one: (_minute(one[1]["sys_updated_at"]), int(one[1]["sys_mod_count"]), one[0]))
    return [row for _, row in order if row["number"] in named]


def _delivery_promises(row: Row) -> list[Row]:
    return [one for one in row["expectations"] if (one["milestone"], one["basis"]) == ("delivered", "promised")]


def _last_holds(ledger: list[Row]) -> list[set[str]]:
    """Return the problems that hold, by version of the last instant (those of one instant have no order)."""
    last: list[Row] = [version for version in ledger if version["at"] == ledger[-1]["at"]]
    return [{hold["owner"] for hold in version.get("holds", ())} for version in last] or [set()]


def _from_a_promise(problem: Row, over: str) -> bool:
    return bool(problem["type"] == "late_delivery" and problem["opened_at"] == over)


def _ledgers(out: Path) -> dict[str, list[Row]]:
    ledgers: dict[str, list[Row]] = defaultdict(list)
    for row in read_rows(out, "suppressions.jsonl"):
        ledgers[row["customer"]].append(row)
    return ledgers


def _table(folder: Path, name: str) -> list[Row]:
    with (folder / f"olist_{name}_dataset.csv").open(encoding="utf-8-sig", newline="") as text:
        return [row for row in csv.DictReader(text) if None not in row and None not in row.values()]


def _times_are_sound(row: Row) -> bool:
    try:
        return _naive(row["order_purchase_timestamp"]) is not None and all(
            _naive(row[name]) or not row[name]
            for name in ("order_approved_at", "order_delivered_carrier_date", "order_delivered_customer_date")
        )
    except ValueError:
        return False


def _naive(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _minute(text: str) -> datetime:
    return datetime.strptime(text, "%d-%m-%Y %H:%M").replace(tzinfo=UTC)


def _minute_or_none(text: str) -> datetime | None:
    try:
        return _minute(text)
    except ValueError:
        return None


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"

"""Source `incidents`: a service desk's event log. Each row is an incident as it stood after a change.

What happened is read off the difference to the incident's row before, in the order of (updated, modification count,
line), and is known at the row's own update time. `resolved_at`, `closed_at` and the counters stand on every row and
tell the future, so they are not read. `?` means unchanged.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from app.clock import Instant, to_iso
from app.replay.source import InputEvent, Malformed, Position, Timeline, folder_with
from app.replay.table import MalformedRowError, Report, Row, rows
from app.topics import Topic

NAME: Final = "incidents"
FILE: Final = "incident_event_log.csv"
_ZONE: Final = ZoneInfo("UTC")
_TIME: Final = "%d-%m-%Y %H:%M"
_UNCHANGED: Final = "?"
_COLUMNS: Final = (
    "number",
    "incident_state",
    "sys_mod_count",
    "caller_id",
    "opened_at",
    "sys_updated_at",
    "contact_type",
    "category",
    "priority",
    "assignment_group",
    "assigned_to",
)
_WAITING: Final = {
    "Awaiting User Info": "customer",
    "Awaiting Problem": "supplier",
    "Awaiting Vendor": "supplier",
    "Awaiting Evidence": "unknown",
}
"""Who is waited for: the caller, or those who look for the cause. None of it answers the customer."""
_WORKED_ON: Final = ("New", "Active")
_RESOLVED: Final = "Resolved"
_CLOSED: Final = "Closed"
_OVER: Final = (_RESOLVED, _CLOSED)


class Snapshot(NamedTuple):
    """An incident as a row shows it; None is unchanged."""

    line: int
    number: str
    updated: Instant
    revision: int
    opened: Instant | None
    state: str | None
    caller: str | None
    desk: str | None
    agent: str | None
    priority: int | None
    channel: str
    category: str


class _Known(NamedTuple):
    """What has been said of an incident so far."""

    state: str
    desk: str | None
    agent: str | None
    priority: int | None


class _Said(NamedTuple):
    type: str
    fields: dict[str, Any]
    occurred_at: Instant | None = None


def load(data: Path) -> Timeline:
    """Read the log and sort it; SetupError when it is missing."""
    malformed: list[Malformed] = []
    snapshots = _snapshots(folder_with(data, NAME, FILE) / FILE, malformed.append)
    unopened = _without_caller(snapshots)
    malformed += [Malformed(FILE, line, "no row of this incident names its caller") for line in unopened]
    total = sum(1 for _ in _events(snapshots))
    return Timeline(NAME, NAME, total, tuple(malformed), lambda: _events(snapshots))


def _snapshots(file: Path, report: Report) -> list[Snapshot]:
    found = []
    for row in rows(file, _COLUMNS, report):
        try:
            found.append(_snapshot(row))
        except MalformedRowError as error:
            report(Malformed(FILE, row.line, str(error)))
    return sorted(found, key=lambda one: (one.updated, one.revision, one.line))


def _snapshot(row: Row) -> Snapshot:
    state = _stated(row, "incident_state")
    if state is not None and state not in (*_OVER, *_WORKED_ON, *_WAITING):
        raise MalformedRowError("incident_state is none of the states we know")
    return Snapshot(
        line=row.line,
        number=row.text("number"),
        updated=row.time("sys_updated_at", _TIME, _ZONE),
        revision=row.number("sys_mod_count"),
        opened=row.time("opened_at", _TIME, _ZONE) if _stated(row, "opened_at") else None,
        state=state,
        caller=_stated(row, "caller_id"),
        desk=_stated(row, "assignment_group"),
        agent=_stated(row, "assigned_to"),
        priority=_priority(_stated(row, "priority")),
        channel=(_stated(row, "contact_type") or "unknown").lower().replace(" ", "_"),
        category=_stated(row, "category") or "other",
    )


def _stated(row: Row, column: str) -> str | None:
    value = row.text(column)
    return None if value == _UNCHANGED else value


def _priority(words: str | None) -> int | None:
    """Read `3 - Moderate`; 1 is the most urgent."""
    if words is None:
        return None
    number = words.partition(" ")[0]
    if not number.isdigit():
        raise MalformedRowError("priority does not begin with its number")
    return int(number)


def _without_caller(snapshots: list[Snapshot]) -> list[int]:
    named = {one.number for one in snapshots if one.caller is not None}
    return sorted(one.line for one in snapshots if one.number not in named)


def _events(snapshots: list[Snapshot]) -> Iterator[InputEvent]:
    known: dict[str, _Known] = {}
    callers: dict[str, str] = {}
    sequence = 0
    for one in snapshots:
        if one.caller is not None:
            callers.setdefault(one.number, one.caller)
        if one.number not in callers:
            continue
        said, known[one.number] = _difference(known.get(one.number), one)
        for place, event in enumerate(said):
            yield _input(one, callers[one.number], event, place, sequence)
            sequence += 1


def _input(one: Snapshot, caller: str, said: _Said, place: int, sequence: int) -> InputEvent:
    payload = {
        # padded, so that events of one minute are in order by id too
        "event_id": f"{one.number}-{one.revision:06}-{one.line:08}-{place}",
        "occurred_at": to_iso(one.updated if said.occurred_at is None else said.occurred_at),
        "customer_id": caller,
        "case_id": one.number,
        **said.fields,
    }
    origin = Position(FILE, one.line, place)
    return InputEvent(Topic.CASE_EVENTS, one.number, one.updated, sequence, origin, said.type, payload)


def _difference(before: _Known | None, one: Snapshot) -> tuple[list[_Said], _Known]:
    said: list[_Said] = []
    if before is None:
        said.append(_opened(one))
        before = _Known("New", one.desk, None, one.priority)
    after_ = _Known(
        state=one.state or before.state,
        desk=one.desk or before.desk,
        agent=one.agent or before.agent,
        priority=one.priority or before.priority,
    )
    if after_.desk is not None and (after_.desk, after_.agent) != (before.desk, before.agent):
        said.append(_Said("case_assigned", {"desk": after_.desk, "owner": after_.agent}))
    if after_.priority is not None and after_.priority != before.priority:
        said.append(_Said("case_priority_changed", {"priority": after_.priority}))
    return said + _state_changes(before.state, after_.state), after_


def _opened(one: Snapshot) -> _Said:
    """Open with the first row; some were opened after their first update, which would be tomorrow's news."""
    fields = {"topic": one.category, "channel": one.channel, "priority": one.priority, "desk": one.desk}
    return _Said("case_opened", fields, one.updated if one.opened is None else min(one.opened, one.updated))


def _state_changes(before: str, now: str) -> list[_Said]:
    if before == now or (before, now) == (_CLOSED, _RESOLVED):
        return []
    said = []
    if before in _OVER and now not in _OVER:
        said.append(_Said("case_reopened", {}))
    if now in _WAITING:
        said.append(_Said("case_waiting", {"waiting_for": _WAITING[now]}))
    elif before in _WAITING:
        said.append(_Said("case_waiting", {"waiting_for": "nobody"}))
    if now in _OVER:
        said.append(_Said({_RESOLVED: "case_resolved", _CLOSED: "case_closed"}[now], {}))
    return said

"""Incidents with the service desk's real columns and irregularities, made up from a seed.

Rows out of order, `?` for unchanged, incidents opened after their first update, first seen resolved, reopened twice,
never answered, columns that tell the future, and rows that are malformed.
"""

import csv
from datetime import datetime, timedelta
from pathlib import Path
from random import Random  # noqa: TID251 - seeded: the same data every time
from typing import NamedTuple

_COLUMNS = (
    "number",
    "incident_state",
    "active",
    "reassignment_count",
    "reopen_count",
    "sys_mod_count",
    "made_sla",
    "caller_id",
    "opened_by",
    "opened_at",
    "sys_created_by",
    "sys_created_at",
    "sys_updated_by",
    "sys_updated_at",
    "contact_type",
    "location",
    "category",
    "subcategory",
    "u_symptom",
    "cmdb_ci",
    "impact",
    "urgency",
    "priority",
    "assignment_group",
    "assigned_to",
    "knowledge",
    "u_priority_confirmation",
    "notify",
    "problem_id",
    "rfc",
    "vendor",
    "caused_by",
    "closed_code",
    "resolved_by",
    "resolved_at",
    "closed_at",
)
_LIVES = (
    ("New", "Resolved", "Resolved", "Closed"),
    ("New", "Active", "Awaiting User Info", "Active", "Resolved", "Closed"),
    ("Active", "Active", "Awaiting Problem", "Resolved", "Active", "Resolved", "New", "Resolved", "Closed"),
    ("Resolved", "Closed"),
    ("New", "Active", "Active", "Active"),
    ("Awaiting User Info", "Resolved"),
    ("New", "Closed"),
    ("New", "Active", "?", "Resolved", "Closed", "Active", "Resolved"),
)
_START = datetime(2016, 2, 29, 1, 16)  # noqa: DTZ001 - as the data writes it: without a zone


class MadeIncidents(NamedTuple):
    """What was made: how many incidents can be played, and the lines of the malformed rows."""

    incidents: int
    malformed: frozenset[int]


def make_incidents(folder: Path, *, incidents: int, seed: int = 7) -> MadeIncidents:
    """Write the event log of this many playable incidents, with a few malformed rows."""
    rng = Random(seed)
    rows = [row for number in range(incidents) for row in _incident(rng, number)]
    good = rows[0]
    rows.insert(1, {**good, "sys_updated_at": "2016-02-29T01:23"})
    rows.insert(2, {**good, "incident_state": "-100"})
    rows.insert(3, {**good, "number": "INC9999999", "caller_id": "?"})
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "incident_event_log.csv").open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, _COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    return MadeIncidents(incidents, frozenset({3, 4, 5}))


def _incident(rng: Random, number: int) -> list[dict[str, str]]:
    opened = _START + timedelta(minutes=rng.randrange(40_000))
    at = opened + timedelta(minutes=rng.randrange(-1, 60))
    rows = []
    for revision, state in enumerate(_LIVES[number % len(_LIVES)]):
        desk = "?" if rng.randrange(6) == 0 else f"Group {rng.choice((24, 56, 70))}"
        rows.append(
            {
                **dict.fromkeys(_COLUMNS, "?"),
                "number": f"INC{number:07}",
                "incident_state": state,
                "sys_mod_count": str(revision),
                "caller_id": "?" if revision and rng.randrange(5) == 0 else f"Caller {number // 3}",
                "opened_at": f"{opened:%d-%m-%Y %H:%M}",
                "sys_updated_at": f"{at:%d-%m-%Y %H:%M}",
                "contact_type": "Phone",
                "category": f"Category {number % 4}",
                "priority": rng.choice(("1 - Critical", "3 - Moderate", "4 - Low", "?")),
                "assignment_group": desk,
                "assigned_to": "?" if rng.randrange(3) else f"Resolver {rng.randrange(9)}",
                "reopen_count": "7",
                "resolved_at": f"{opened + timedelta(days=1):%d-%m-%Y %H:%M}",
                "closed_at": f"{opened + timedelta(days=6):%d-%m-%Y %H:%M}",
            }
        )
        # several changes within one minute: only the modification count tells their order
        at += timedelta(minutes=rng.choice((0, 0, 30, 5_000)))
    if number % 5 == 1:
        rows.reverse()
    return rows

"""Lists for campaign planners: whom a campaign must leave out, and the severe cases it should know of."""

import csv
import io
from collections.abc import Iterable
from typing import Any

from msgspec.structs import asdict, fields

from app.clock import to_iso
from app.outputs import ProblemStanding
from app.web.campaigns import Planned
from app.web.contract import Exclusion, SevereCase
from app.web.freshness import Freshness
from app.web.gate import Answer, WhenStale, may_send
from app.web.pieces import in_pieces
from app.web.read_model import ReadModel

_RISKY = ("=", "+", "-", "@", "\t", "\r")


async def exclusions(model: ReadModel, message_class: str, channel: str, freshness: Freshness) -> list[Exclusion]:
    """Return every customer who must not get such a message now. Freshness is for the caller to judge."""
    fresh = freshness._replace(as_of=freshness.now)
    found = []
    async for customer, ledgers in in_pieces(model.ledgers.all()):
        answer = may_send(ledgers, message_class, channel, fresh, WhenStale())
        if not answer.allowed:
            found.append(_exclusion(customer, answer))
    return found


async def exclusions_of(model: ReadModel, planned: Planned, freshness: Freshness) -> list[Exclusion]:
    """Return whom a planned campaign must leave out: all who are held from it, and the severe cases listed for it."""
    held = await exclusions(model, planned.message_class, planned.channel, freshness)
    known = {one.customer for one in held}
    severe = (name for name in planned.severe if name not in known)
    return [*held, *(Exclusion(name, "severe_case", "", None, "the planner's next list") for name in severe)]


def _exclusion(customer: str, answer: Answer) -> Exclusion:
    if answer.ramp is not None:
        return Exclusion(customer, answer.why, "", None, to_iso(answer.ramp.from_))
    return Exclusion(
        customer,
        answer.why,
        " ".join(sorted({hold.reason for hold in answer.holds})),
        to_iso(min(hold.since for hold in answer.holds)) if answer.holds else None,
        "; ".join(sorted({hold.until_what for hold in answer.holds})),
    )


async def severe_cases(model: ReadModel, severity: int) -> list[SevereCase]:
    """Return the customers with an open problem of at least this severity, the worst first."""
    found = []
    async for name, customer in in_pieces(list(model.books.customers.items())):
        open_ = [problem for problem in customer.problems.values() if problem.status == "open"]
        worst = max(open_, key=lambda problem: (problem.severity, -problem.opened_at), default=None)
        if worst is not None and worst.severity >= severity:
            found.append(_severe(name, worst, len(open_)))
    return sorted(found, key=lambda case: (-case.severity, case.since, case.customer))


def _severe(customer: str, worst: ProblemStanding, number: int) -> SevereCase:
    return SevereCase(customer, worst.severity, worst.type, to_iso(worst.opened_at), worst.journey, worst.case, number)


def as_csv(kind: type[Any], rows: Iterable[Any]) -> str:
    """Return rows as CSV with a heading; no cell is read as a formula by a spreadsheet."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([field.name for field in fields(kind)])
    for row in rows:
        writer.writerow([_cell(value) for value in asdict(row).values()])
    return out.getvalue()


def _cell(value: object) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_RISKY) else text

"""What is broken now, what is held back for it, who was asked to act, which cases go round in circles."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from app.clock import DAY, Instant
from app.ids import CustomerId
from app.outputs import ALL, ProblemStanding, Suppression
from app.web.boards.tally import Tally
from app.web.books import Customer
from app.web.gate import CLASSES, NEVER_HELD

AGES: Final = (("under_1_day", DAY), ("under_3_days", 3 * DAY), ("under_7_days", 7 * DAY))
OLDER: Final = "over_7_days"
MARKETING: Final = tuple(word for word in CLASSES if word not in NEVER_HELD)
_NOWHERE: Final = "-"


class PingPong(NamedTuple):
    """A case that goes from desk to desk."""

    customer: CustomerId
    case: str
    desk: str | None
    hand_offs: int
    since: Instant


class Worst:
    """Per problem type the highest severity and the earliest opening among those open."""

    def __init__(self) -> None:
        self.severity: dict[str, int] = {}
        self.oldest: dict[str, Instant] = {}

    def see(self, problem: ProblemStanding) -> None:
        """Take an open problem in."""
        self.severity[problem.type] = max(self.severity.get(problem.type, 0), problem.severity)
        self.oldest[problem.type] = min(self.oldest.get(problem.type, problem.opened_at), problem.opened_at)


def count(tally: Tally, worst: Worst, name: CustomerId, customer: Customer, now: Instant) -> None:
    """Count a customer's open problems by type, age, carrier, lane, desk and blame, and who was asked to mend them."""
    for problem in customer.problems.values():
        if problem.status == "resolved":
            tally.add(name, "waiting", problem.type)
        if problem.status != "open":
            continue
        worst.see(problem)
        tally.add(name, "open")
        tally.add(name, "open_of", problem.type)
        tally.add(name, "open_aged", problem.type, age_of(now - problem.opened_at))
        tally.add(name, "open_fault", problem.fault)
        tally.add(name, "open_severity", str(problem.severity))
        for carrier, lane in _lanes(customer, problem):
            tally.add(name, "open_carrier", carrier)
            tally.add(name, "open_lane", lane)
        if (desk := _desk(customer, problem)) is not None:
            tally.add(name, "open_desk", desk)
    _count_asked(tally, name, customer, now)


def ping_pongs(name: CustomerId, customer: Customer) -> list[PingPong]:
    """Return a customer's open cases that go round in circles."""
    return [
        PingPong(name, case.case, case.desk, case.hand_offs, case.ping_pong_at)
        for case in customer.cases.values()
        if case.open and case.ping_pong_at is not None
    ]


def count_holds(tally: Tally, customer: CustomerId, ledgers: Iterable[Suppression | None], now: Instant) -> None:
    """Count what holds keep a customer from, and for which reason; and whether they are coming back in steps."""
    for ledger in ledgers:
        if ledger is None:
            tally.add(customer, "unreadable")
            continue
        for hold in ledger.holds:
            tally.add(customer, "held")
            tally.add(customer, "held_for", hold.reason)
            for word in MARKETING if ALL in hold.scope.classes else hold.scope.classes:
                tally.add(customer, "held_from", word)
        if any(step.from_ > now for step in ledger.ramp):
            tally.add(customer, "ramp")


def age_of(age: int) -> str:
    """Return the word for an age."""
    return next((word for word, limit in AGES if age < limit), OLDER)


def _lanes(customer: Customer, problem: ProblemStanding) -> tuple[tuple[str, str], ...]:
    """Return each carrier of the problem's journey, and its lane."""
    journey = customer.journeys.get(problem.journey or "")
    if journey is None or not journey.carriers:
        return ()
    return tuple((carrier, f"{carrier} → {journey.country or _NOWHERE}") for carrier in journey.carriers)


def _desk(customer: Customer, problem: ProblemStanding) -> str | None:
    case = customer.cases.get(problem.case or "")
    return None if case is None else case.desk


def _count_asked(tally: Tally, name: CustomerId, customer: Customer, now: Instant) -> None:
    for asked in customer.escalations.values():
        problem = customer.problems.get(asked.problem or "")
        if problem is None or problem.status != "open":
            continue
        tally.add(name, "asked", asked.owner)
        if asked.act_by is not None and asked.act_by <= now:
            tally.add(name, "asked_overdue", asked.owner)

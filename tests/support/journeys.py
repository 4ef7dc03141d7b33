"""One customer under the default policy, driven by facts and the clock, without topics or codecs."""

from decimal import Decimal
from typing import TypeVar

from app.clock import HOUR, MINUTE, Instant, from_iso
from app.decide import Policy
from app.facts import (
    ConsignmentPlan,
    ConsignmentsSplit,
    Fact,
    JourneyBegan,
    Line,
    MilestoneReached,
    Money,
    ParcelRef,
    Party,
    PromiseMade,
    Scanned,
    ScanStatus,
    Source,
    Subject,
    What,
)
from app.ids import CaseId, ConsignmentId, CustomerId, FactId, JourneyId, LineId
from app.journey import deadlines
from app.journey.state import CustomerState
from app.journey.step import Stepped, fire, step
from app.journey.stored import decode_state, encode_state
from app.journey.trouble import Hold, Problem
from app.journey.turn import Spoken
from tests.support.policies import default_policy

ANN = CustomerId("ann")
ORDER = JourneyId("order:1")
CASE = CaseId("case:9")
C1 = ConsignmentId("c1")
C2 = ConsignmentId("c2")
MONDAY = from_iso("2026-03-02T10:00:00Z")
"""A plain working day; quiet hours are over."""

Kind = TypeVar("Kind")


def at(hours: float) -> Instant:
    """Return the instant so many hours after Monday ten o'clock."""
    return Instant(MONDAY + int(hours * HOUR))


def line(name: str, price: str = "40.00") -> Line:
    return Line(LineId(name), f"P-{name}", name, 1, Decimal(price))


def order(*lines: Line, value: str = "80.00", brand: str = "house", needed_by: Instant | None = None) -> JourneyBegan:
    return JourneyBegan("order", brand, Money(Decimal(value), "USD"), lines or (line("lamp"), line("shade")), needed_by)


def split(**consignments: str) -> ConsignmentsSplit:
    return ConsignmentsSplit(
        tuple(ConsignmentPlan(ConsignmentId(name), (LineId(of),), "dhl") for name, of in consignments.items())
    )


def promised(hours: float, milestone: str = "delivered") -> PromiseMade:
    return PromiseMade(milestone, at(hours), Party.MERCHANT)


def scan(status: ScanStatus, number: str | None = None, sub_status: str | None = None) -> Scanned:
    return Scanned("dhl", number, status, sub_status)


MOVES = scan(ScanStatus.IN_TRANSIT)
DELIVERED = scan(ScanStatus.DELIVERED)
UNKNOWN = scan(ScanStatus.UNKNOWN)
DISPATCHED = MilestoneReached("dispatched")


def parcels(*numbers: str) -> MilestoneReached:
    return MilestoneReached("dispatched", parcels=tuple(ParcelRef("dhl", number) for number in numbers))


def fact(
    what: What,
    happened: float,
    known: float | None = None,
    *,
    consignment: ConsignmentId | None = None,
    journey: JourneyId | None = ORDER,
    case: CaseId | None = None,
    name: str = "",
) -> Fact:
    """Return a fact that happened, and was known, so many hours after Monday; without `known`, at once."""
    tag = str(type(what).__struct_config__.tag)
    found = name or f"{tag}@{happened}/{consignment or ''}{case or ''}"
    return Fact(
        FactId(found),
        what,
        Subject(ANN, journey, consignment, case),
        at(happened),
        at(happened if known is None else known),
        Source("orders", 0, 0),
    )


class Customer:
    """Applies facts in the order given, deadlines before each; keeps everything that is said."""

    def __init__(self, policy: Policy | None = None) -> None:
        self.policy = policy or default_policy()
        self.state = CustomerState(ANN)
        self.said: list[Spoken] = []

    def learns(self, *facts: Fact) -> "Customer":
        for each in facts:
            self._fire(each.known_at)
            self._take(step(self.policy, self.state, each))
            self._fire(self.state.last_now)
        return self

    def waits(self, hours: float) -> "Customer":
        """Let the clock run to so many hours after Monday."""
        self._fire(at(hours))
        return self

    def _fire(self, until: Instant) -> None:
        while (due := deadlines.next_due(self.policy, self.state)) is not None and due <= until:
            self._take(fire(self.policy, self.state, due))

    def _take(self, stepped: Stepped) -> None:
        state, spoken = stepped.state, stepped.spoken
        due = deadlines.next_due(self.policy, state)
        self.state = decode_state(encode_state(state, due))
        assert self.state == state, "what is stored is what was decided"
        self.said.extend(spoken)

    def of(self, kind: type[Kind]) -> list[Kind]:
        """Return what of this kind was said."""
        return [said for said in self.said if isinstance(said, kind)]

    def problem(self, type_: str, consignment: str | None = None) -> Problem:
        """Return the only problem of a type (of a consignment)."""
        (found,) = self.problems(type_, consignment)
        return found

    def problems(self, type_: str, consignment: str | None = None) -> list[Problem]:
        return [
            problem
            for problem in self.state.problems.values()
            if problem.type == type_ and consignment in {None, problem.consignment}
        ]

    @property
    def held(self) -> list[Hold]:
        """The holds that last."""
        return [hold for hold in self.state.holds if hold.until is None]


def placed(policy: Policy | None = None, *, due: float = 48) -> Customer:
    """Return a customer with an order of two consignments, both promised within so many hours."""
    return Customer(policy).learns(
        fact(order(), 0), fact(split(c1="lamp", c2="shade"), 0, name="split"), fact(promised(due), 0)
    )


JUST = MINUTE / HOUR
"""A minute, in hours."""

"""What was said of one customer whose parcel was late, as the outputs themselves."""

from decimal import Decimal
from typing import Final

from app.clock import Instant, from_iso
from app.facts import Identities, Money, Source
from app.ids import CustomerId, JourneyId, OutputId, PolicyVersion, ProblemId, RemedyId
from app.outputs import (
    ALL,
    Arithmetic,
    Cause,
    Decision,
    Escalation,
    Gesture,
    HoldEntry,
    Notice,
    Output,
    RampStep,
    Receipt,
    Remedy,
    RowFired,
    Scope,
    Suppression,
)

ANN: Final = CustomerId("ann")
ORDER: Final = JourneyId("order:1001")
LATE: Final = ProblemId("problem-late")
POLICY: Final = PolicyVersion("0123456789abcdef")
PLACED: Final = from_iso("2026-07-10T09:00:00Z")
DUE: Final = from_iso("2026-07-13T00:00:00Z")
RECOVERED: Final = from_iso("2026-07-20T12:30:00Z")


def decision(name: str, at: Instant, cause: Cause, *outputs: str, rules: tuple[RowFired, ...] = ()) -> Decision:
    """A decision about Ann's order."""
    changes = (f"{name} changed something",)
    return Decision(OutputId(name), at, ANN, ORDER, None, cause, POLICY, rules, changes, outputs)


def outputs() -> list[Output]:
    """An order, a broken promise, and its recovery; another customer's decision among them."""
    hold = HoldEntry(Scope(("promotion", "survey"), (ALL,)), "late_delivery", LATE, DUE, "recovery", ORDER)
    gesture = Gesture("store_credit", Money(Decimal("20.00"), "EUR"), Money(Decimal("18.50"), "EUR"), "marketing")
    receipt = Receipt((Arithmetic("credit", "value x share", {"value": "200.00", "share": "0.10"}, "20.00"),))
    placed = Cause("fact", "journey_began", "orders/order_placed:id=e1", Source("orders", 0, 15), PLACED)
    breach = Cause("deadline", "delivered_promised", f"{ORDER}/c1/delivered/1", None, DUE)
    scan = Cause("fact", "scanned", "tracking-scans/parcel_scanned:of=1Z", Source("tracking-scans", 1, 7), RECOVERED)
    graded = RowFired("severity", "late by days", {"days_late": "0", "value": "200.00"})
    other = Decision(OutputId("x"), DUE, CustomerId("annabel"), None, None, breach, POLICY, (), ("other",), ())
    return [
        decision("recovery", RECOVERED, scan, "ledger-2", "remedy-1", "forgotten"),
        other,
        decision("placed", PLACED, placed),
        decision("breach", DUE, breach, "ledger-1", "notice-1", "escalation-1", rules=(graded,)),
        Suppression(OutputId("ledger-1"), DUE, ANN, suppressed=True, holds=(hold,), identities=Identities("ann@x.org")),
        Suppression(
            OutputId("ledger-2"),
            RECOVERED,
            ANN,
            suppressed=False,
            holds=(),
            ramp=(RampStep(("promotion",), RECOVERED, 2),),
        ),
        Notice(OutputId("notice-1"), DUE, ANN, "customer", "late", LATE, ORDER, None, {}, "It will be late. [sorry]"),
        Escalation(
            OutputId("escalation-1"), DUE, ANN, "duty_manager", "refund", "no scan", LATE, ORDER, None, RECOVERED
        ),
        Remedy(
            OutputId("remedy-1"),
            RECOVERED,
            ANN,
            RemedyId("r1"),
            "recovery",
            LATE,
            ORDER,
            "late",
            "We are sorry.",
            (gesture,),
            receipt,
        ),
    ]

"""Outputs in plain words."""

from decimal import Decimal

from app.clock import Instant
from app.facts import Identities, Money
from app.ids import CustomerId, JourneyId, OutputId, ProblemId, RemedyId
from app.narration import in_words
from app.outputs import Arithmetic, Gesture, HoldEntry, RampStep, Receipt, Remedy, Scope, Suppression

AT = Instant(1_783_000_000_000)
ANN = CustomerId("ann")
PRIVATE = Identities(email="ann@example.org")


def test_a_hold_says_what_is_held_and_why_and_nothing_personal() -> None:
    hold = HoldEntry(Scope(("promotion", "upsell")), "late_delivery", "p", AT, "recovered", JourneyId("order:1"))
    ledger = Suppression(OutputId("s"), AT, ANN, suppressed=True, holds=(hold,), identities=PRIVATE)
    assert in_words(ledger) == "HOLD      ann: no promotion, upsell because of late delivery of order:1"


def test_a_hold_on_everything_says_so() -> None:
    hold = HoldEntry(Scope(("*",)), "understocked", "p", AT, "recovered", JourneyId("order:1"))
    ledger = Suppression(OutputId("s"), AT, ANN, suppressed=True, holds=(hold,))
    assert in_words(ledger) == "HOLD      ann: no all marketing because of understocked of order:1"


def test_a_release_says_what_may_go_out_first() -> None:
    ramp = (RampStep(("survey",), AT), RampStep(("promotion",), AT, 2))
    ledger = Suppression(OutputId("s"), AT, ANN, suppressed=False, holds=(), ramp=ramp)
    assert in_words(ledger) == "RELEASE   ann: recovered; marketing may resume, first survey; then promotion"


def test_a_remedy_says_each_gesture_to_the_penny() -> None:
    refund = Gesture("refund", Money(Decimal("94.98"), "USD"), Money(Decimal("94.98"), "USD"), "marketing")
    remedy = Remedy(
        id=OutputId("r"),
        at=AT,
        customer=ANN,
        remedy=RemedyId("r"),
        occasion="recovery",
        problem=ProblemId("p"),
        journey=JourneyId("order:1"),
        cause="order:1//not_supplied",
        apology="sincere",
        gestures=(refund,),
        receipt=Receipt((Arithmetic("refund", "paid", {"paid": "94.98"}, "94.98"),)),
    )
    assert in_words(remedy) == "REMEDY    ann: refund of 94.98 USD (to make good order:1//not_supplied)"

"""Follow-up: the thank-you at the next purchase after a recovered problem."""

from typing import Final

from app.decide.amounts import digits_of, recomputed, worked_out
from app.decide.book import Ruled, ThankYouInputs, ThankYouPlan
from app.decide.policy import Policy
from app.decide.reading.shapes import share_or_amount
from app.facts import Money
from app.outputs import Gesture, Receipt

THANK_YOU: Final = "thank_you_discount"


def thank_you_of(policy: Policy, inputs: ThankYouInputs) -> Ruled[ThankYouPlan | None]:
    """Return what table `thank_you` gives with this purchase, in its currency; None when nothing is due."""
    brand = policy.brand(inputs.brand)
    answers, fired = policy.tables.row("thank_you", severity=inputs.severity, values=brand.values)
    if answers["discount"] is None:
        return Ruled(None, (fired,))
    share, _ = share_or_amount(answers["discount"])
    line = worked_out(
        THANK_YOU,
        "round(purchase * share, digits)",
        {"purchase": inputs.purchase.amount, "share": share, "digits": digits_of(inputs.purchase.currency)},
    )
    money = Money(recomputed(line), inputs.purchase.currency)
    gesture = Gesture(THANK_YOU, money, money, brand.cost_centre, {"surprise": "true"})
    return Ruled(ThankYouPlan(gesture, Receipt((line,))), (fired,))

"""Follow-up: the thank-you at the next purchase after a recovered problem, of the policy's type and size."""

from typing import Final

from app.decide.amounts import digits_of, recomputed, worked_out
from app.decide.book import Ruled, ThankYouInputs, ThankYouPlan
from app.decide.gestures import STORE_CREDIT
from app.decide.policy import Brand, Perk, Policy
from app.decide.reading.shapes import share_or_amount, words_of
from app.decide.tables import Cell
from app.facts import Money
from app.outputs import Arithmetic, Gesture, Receipt

THANK_YOU: Final = "thank_you_discount"
_SURPRISE: Final = "surprise"

_Thanks = tuple[Gesture, Arithmetic]


def thank_you_of(policy: Policy, inputs: ThankYouInputs) -> Ruled[ThankYouPlan | None]:
    """Return what table `thank_you` gives with this purchase: a discount, credit, perks; None when nothing is due."""
    brand = policy.brand(inputs.brand)
    answers, fired = policy.tables.row("thank_you", severity=inputs.severity, values=brand.values)
    thanks: list[_Thanks] = []
    if answers["discount"] is not None:
        thanks.append(_money(THANK_YOU, answers["discount"], inputs.purchase, brand))
    if (credit := answers.get("store_credit")) is not None:
        thanks.append(_money(STORE_CREDIT, credit, inputs.purchase, brand))
    thanks += [_perk(brand.perks[perk], brand) for perk in words_of(answers.get("perk"))]
    if not thanks:
        return Ruled(None, (fired,))
    gestures, lines = zip(*thanks, strict=True)
    return Ruled(ThankYouPlan(gestures, Receipt(lines)), (fired,))


def _money(kind: str, cell: Cell, purchase: Money, brand: Brand) -> _Thanks:
    """Return a share of the purchase, in its currency, or an amount in the brand's."""
    number, is_share = share_or_amount(cell)
    currency = purchase.currency if is_share else brand.currency
    digits = digits_of(currency)
    if is_share:
        line = worked_out(
            kind, "round(purchase * share, digits)", {"purchase": purchase.amount, "share": number, "digits": digits}
        )
    else:
        line = worked_out(kind, "round(amount, digits)", {"amount": number, "digits": digits})
    money = Money(recomputed(line), currency)
    return Gesture(kind, money, money, brand.cost_centre, {_SURPRISE: "true"}), line


def _perk(perk: Perk, brand: Brand) -> _Thanks:
    line = worked_out(perk.kind, "cost", {"cost": perk.cost})
    cost = Money(recomputed(line), brand.currency)
    return Gesture(perk.kind, None, cost, brand.cost_centre, {**perk.terms, _SURPRISE: "true"}), line

"""Gestures in amounts, one by one: each lessened by what was given before and by the room left below the cap."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from app.decide.amounts import digits_of, worked_out
from app.decide.book import RemedyInputs
from app.decide.floors import Owed, in_words
from app.decide.policy import Brand, Perk
from app.decide.statutes import DELAY
from app.facts import Money
from app.outputs import Arithmetic, Gesture, Receipt

REFUND: Final = "refund"
COMPENSATION: Final = "compensation"
"""Money that the law gives, whatever the policy says."""
OWED: Final = frozenset({REFUND, COMPENSATION})
"""What is owed rather than given: no cap, no budget and no approval bounds it."""
STORE_CREDIT: Final = "store_credit"

_TO: Final = {"to": "original_payment"}

_NONE: Final = Decimal(0)


class Giving:
    """What one remedy gives. Amounts in a currency other than the brand's can be neither counted nor capped."""

    def __init__(self, inputs: RemedyInputs, brand: Brand, cap: Decimal) -> None:
        self._brand = brand
        self._cap = cap
        self._paid = inputs.lost or inputs.price
        self._price = inputs.price
        self._kinds_given = frozenset(gesture.kind for gesture in inputs.given)
        refunds = [gesture for gesture in inputs.given if gesture.kind == REFUND]
        self._currency_paid = self._paid.currency if self._paid else brand.currency
        self._refunded = _worth(refunds, self._currency_paid)
        self._paid_back = self._refunded
        compensated = [gesture for gesture in inputs.given if gesture.kind == COMPENSATION]
        currencies = {(gesture.amount or gesture.cost).currency for gesture in compensated}
        self._compensated = {
            currency: _worth(compensated, currency) - _worth(inputs.owed_elsewhere, currency) for currency in currencies
        }
        self._given = _worth((gesture for gesture in inputs.given if gesture.kind != REFUND), brand.currency)
        self._lately = _worth(inputs.given_lately, brand.currency)
        self._room: Decimal | None = None
        self._gestures: list[Gesture] = []
        self._lines: list[Arithmetic] = []

    @property
    def gestures(self) -> tuple[Gesture, ...]:
        """What is given, in order."""
        return tuple(self._gestures)

    @property
    def receipt(self) -> Receipt:
        """How the amounts came to be."""
        return Receipt(tuple(self._lines))

    def refund(self, share: Decimal) -> None:
        """Give back a share of what was paid for what the customer did not get, to the original payment.

        Of the price when it is unknown which lines that were; with no amount when that is unknown too: the payment
        system knows what was paid, and a refund owed is never dropped.
        """
        if self._paid is None:
            cost = Money(_NONE, self._brand.currency)
            self._gestures.append(
                Gesture(REFUND, None, cost, self._brand.cost_centre, {**_TO, "of": "everything_paid"})
            )
            return
        amount = self._worked_out(
            REFUND,
            "max(round(paid * share, digits) - given, none)",
            paid=self._paid.amount,
            share=share,
            digits=digits_of(self._paid.currency),
            given=self._refunded,
            none=_NONE,
        )
        self._give(REFUND, Money(amount, self._paid.currency), _TO)
        self._paid_back += amount
        if self._paid.currency == self._brand.currency:
            self._refunded += amount

    def compensate(self, owed: Owed) -> None:
        """Give what a statute owes beyond the money that the customer has for it already.

        A share of a price that nobody knows, or an amount by what nobody stated, is owed all the same: without
        an amount, in words.
        """
        terms = {**_TO, "law": owed.statute.law}
        line = owed.lines[-1]
        own = owed.statute.currency or self._brand.currency
        if owed.unknown or (line.amount is None and self._price is None):
            cost = Money(_NONE, self._brand.currency)
            gesture = Gesture(COMPENSATION, None, cost, self._brand.cost_centre, {**terms, "of": in_words(owed, own)})
            self._gestures.append(gesture)
            return
        currency = self._price.currency if line.amount is None and self._price is not None else own
        price = Decimal(1) if line.amount is not None or self._price is None else self._price.amount
        back = self._paid_back if owed.statute.refund_counts and currency == self._currency_paid else _NONE
        counted = {} if owed.statute.form == DELAY else {"times": owed.times}
        due = self._worked_out(
            COMPENSATION,
            f"max(round(price * gives{' * times' if counted else ''}, digits) - back - given, none)",
            price=price,
            gives=line.share if line.amount is None else line.amount,
            **counted,
            digits=digits_of(currency),
            back=back,
            given=self._compensated.get(currency, _NONE),
            none=_NONE,
        )
        self._give(COMPENSATION, Money(due, currency), terms)
        self._compensated[currency] = self._compensated.get(currency, _NONE) + due
        if currency == self._brand.currency:
            self._given += due

    def leave_room(self) -> None:
        """Work out what may still be given: below the cap, and below the most that one customer is given in a while.

        Without a price in the brand's currency there is no cap.
        """
        self._room_below_cap()
        most = self._brand.most_per_customer
        if most is None:
            return
        left = self._worked_out("left", "max(most - lately, none)", most=most, lately=self._lately, none=_NONE)
        self._room = (
            left if self._room is None else self._worked_out("room", "min(room, left)", room=self._room, left=left)
        )

    def _room_below_cap(self) -> None:
        if self._price is None or self._price.currency != self._brand.currency:
            return
        self._room = self._worked_out(
            "room",
            "max(round(price * cap, digits) - refunded - given, none)",
            price=self._price.amount,
            cap=self._cap,
            digits=digits_of(self._brand.currency),
            refunded=self._refunded,
            given=self._given,
            none=_NONE,
        )

    def credit(self, number: Decimal, is_share: bool) -> None:
        """Give store credit: an amount in the brand's currency, or a share of the price in it."""
        if is_share and (self._price is None or self._room is None):
            return
        of = self._price.amount if is_share and self._price is not None else Decimal(1)
        digits = digits_of(self._brand.currency)
        due = self._worked_out("credit_due", "round(number * of, digits)", number=number, of=of, digits=digits)
        if self._room is None:
            amount = self._worked_out(STORE_CREDIT, "max(due - given, none)", due=due, given=self._given, none=_NONE)
        else:
            capped = "min(max(due - given, none), room)"
            amount = self._worked_out(STORE_CREDIT, capped, due=due, given=self._given, none=_NONE, room=self._room)
        self._given = max(self._given - due, _NONE)
        self._give(STORE_CREDIT, Money(amount, self._brand.currency), {})

    def perk(self, perk: Perk) -> None:
        """Give a perk whole; not when it was given before, when as much was given by hand, or beyond the room."""
        again = perk.kind in self._kinds_given
        made_up = _NONE < perk.cost <= self._given
        fits = self._room is None or perk.cost <= self._room
        times = 1 if fits and not again and not made_up else 0
        room = {} if self._room is None else {"room": self._room}
        cost = self._worked_out(perk.kind, "cost * times", cost=perk.cost, times=times, given=self._given, **room)
        if times:
            money = Money(cost, self._brand.currency)
            self._gestures.append(Gesture(perk.kind, None, money, self._brand.cost_centre, dict(perk.terms)))
            self._use_room(cost)
        elif made_up:
            self._given -= perk.cost

    def _give(self, kind: str, money: Money, terms: dict[str, str]) -> None:
        if money.amount > 0:
            self._gestures.append(Gesture(kind, money, money, self._brand.cost_centre, terms))
            self._use_room(money.amount)

    def _use_room(self, amount: Decimal) -> None:
        if self._room is not None:
            self._room = max(self._room - amount, _NONE)

    def _worked_out(self, what: str, formula: str, **inputs: Decimal | int) -> Decimal:
        line = worked_out(what, formula, inputs)
        self._lines.append(line)
        return Decimal(line.result)


def _worth(gestures: Iterable[Gesture], currency: str) -> Decimal:
    """Return what gestures are worth in one currency: what the customer got, else what it cost."""
    amounts = (gesture.amount or gesture.cost for gesture in gestures)
    return sum((money.amount for money in amounts if money.currency == currency), _NONE)

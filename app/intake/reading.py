"""What a checked record says, before it has a time and an id of its own; and what all inputs have in common."""

from collections.abc import Callable
from typing import Any, Final, final

from app.clock import Instant
from app.facts import (
    Alias,
    AliasKind,
    AudioAsset,
    CodeUsed,
    ConsignmentPlan,
    Identities,
    Line,
    Money,
    ParcelRef,
    Party,
    Subject,
    Terms,
    What,
)
from app.ids import CaseId, ConsignmentId, CustomerId, JourneyId
from app.intake.checks import invalid

Fields = dict[str, Any]
"""A record's fields, checked and in the core's types."""

ORDER: Final = "order"
"""The kind of journey that an id means when no kind is given."""


@final
class Reading:
    """What a record says: when, what happened to whom, and how to find the customer when none is named.

    `natural` names the event by its content when the sender gave it no id.
    """

    def __init__(
        self,
        occurred_at: Instant,
        happened: tuple[tuple[Subject, What], ...],
        alias: Alias | None,
        natural: str | None = None,
    ) -> None:
        self.occurred_at = occurred_at
        self.happened = happened
        self.alias = alias
        self.natural = natural


Read = Callable[[Fields], Reading]


def parcel(fields: Fields) -> ParcelRef:
    """Return a parcel as its carrier knows it, spelt one way whoever wrote it."""
    return ParcelRef(carrier_name(fields["carrier"]), tracking_number(fields["tracking_number"]))


def carrier_name(text: str) -> str:
    """Spell a carrier's name one way: small letters, no outer blanks."""
    return text.strip().lower()


def tracking_number(text: str) -> str:
    """Spell a tracking number one way: capitals, no blanks (labels print it in groups)."""
    return "".join(text.split()).upper()


SHAPES: Final[dict[str, Callable[[Any], Any]]] = {
    "makegood.Money": lambda fields: Money(fields["amount"], fields["currency"]),
    "makegood.Party": {party.value: party for party in Party}.__getitem__,
    "makegood.Identities": lambda fields: Identities(**fields),
    "makegood.orders.v1.Line": lambda fields: Line(**fields),
    "makegood.orders.v1.Consignment": lambda fields: ConsignmentPlan(**fields),
    "makegood.orders.v1.Parcel": parcel,
    "makegood.orders.v1.Code": lambda fields: CodeUsed(fields["coupon_id"], fields["honoured"], fields["reason"]),
    "makegood.campaigns.v1.Terms": lambda fields: Terms(**fields),
    "makegood.campaigns.v1.Asset": lambda fields: AudioAsset(**fields),
}
"""What becomes of the records within events."""


def journey_id(kind: str, reference: str) -> JourneyId:
    """Return our id of a journey: `order:1001`."""
    return JourneyId(f"{kind}:{reference}")


def case_id(reference: str | None) -> CaseId | None:
    """Return our id of a case: `case:77`."""
    return None if reference is None else CaseId(f"case:{reference}")


def journey_alias(kind: str, reference: str) -> Alias:
    """Return how the directory knows a journey: orders by their own id, other kinds with the kind before it."""
    if kind == ORDER:
        return Alias(AliasKind.ORDER, reference)
    return Alias(AliasKind.JOURNEY, journey_id(kind, reference))


def journey_subject(fields: Fields, kind: str, reference: str, consignment: str | None = None) -> Subject:
    """Return whom an event of a journey is about."""
    return Subject(
        customer=_customer(fields),
        journey=journey_id(kind, reference),
        consignment=None if consignment is None else ConsignmentId(consignment),
    )


def optional_journey(fields: Fields) -> tuple[str, str] | None:
    """Return (kind, reference) of an event that may name a journey; an order when it gives no kind."""
    reference = fields["journey_id"]
    if reference is None:
        if fields["journey_kind"] is not None:
            raise invalid("must be given with a journey_kind, or leave both out", "journey_id")
        return None
    return fields["journey_kind"] or ORDER, reference


def loose_subject(fields: Fields) -> tuple[Subject, Alias | None]:
    """Return whom an event that may name a journey, a case or neither is about, and how to find its customer."""
    journey = optional_journey(fields)
    case = fields.get("case_id")
    subject = Subject(
        customer=_customer(fields),
        journey=None if journey is None else journey_id(*journey),
        case=case_id(case),
    )
    if journey is not None:
        return subject, journey_alias(*journey)
    return subject, None if case is None else case_alias(case)


def case_alias(reference: str) -> Alias:
    """Return how the directory knows a case."""
    return Alias(AliasKind.CASE, reference)


def identity_aliases(identities: Identities) -> tuple[Alias, ...]:
    """Return how the directory knows a customer, the surest first."""
    found = (
        (AliasKind.HELPDESK, identities.helpdesk_id),
        (AliasKind.LOYALTY, identities.loyalty_number),
        (AliasKind.EMAIL, None if identities.email is None else email(identities.email)),
        (AliasKind.PHONE, None if identities.phone is None else phone(identities.phone)),
    )
    return tuple(Alias(kind, value) for kind, value in found if value)


def email(text: str) -> str:
    """Spell an e-mail address one way. Local parts are case-sensitive by RFC 5321; no provider keeps two apart."""
    return text.strip().lower()


def phone(text: str) -> str:
    """Spell a telephone number one way: its digits; the + of the country code and 00 are the same."""
    digits = "".join(character for character in text if character.isdigit() and character.isascii())
    return digits.removeprefix("00")


def one(fields: Fields, subject: Subject, alias: Alias | None, what: What, natural: str | None = None) -> Reading:
    """Return the reading of an event that says one thing."""
    return Reading(fields["occurred_at"], ((subject, what),), alias, natural)


def _customer(fields: Fields) -> CustomerId | None:
    customer = fields["customer_id"]
    return None if customer is None else CustomerId(customer)

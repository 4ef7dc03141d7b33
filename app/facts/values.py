"""What facts are made of: parties, money, lines, parcels, profiles. Only `Profile` and `Identities` are personal."""

from decimal import Decimal
from enum import StrEnum

from msgspec import Struct

from app.clock import Instant
from app.ids import ConsignmentId, LineId


class Party(StrEnum):
    """Who did a thing, or whose fault it is. The responsibility towards the customer is always the merchant's."""

    MERCHANT = "merchant"
    SUPPLIER = "supplier"
    PARTNER_LOCATION = "partner_location"
    CARRIER = "carrier"
    CUSTOMER = "customer"
    NOBODY = "nobody"
    UNKNOWN = "unknown"


class ScanStatus(StrEnum):
    """One taxonomy over all carriers (field notes 2.1 to 2.3); the carrier's own code is kept beside it."""

    PRE_TRANSIT = "pre_transit"
    ACCEPTED = "accepted"
    IN_TRANSIT = "in_transit"
    OUT_FOR_DELIVERY = "out_for_delivery"
    AVAILABLE_FOR_PICKUP = "available_for_pickup"
    ATTEMPT_FAILED = "attempt_failed"
    DELIVERED = "delivered"
    PICKED_UP = "picked_up"
    RETURNING = "returning"
    RETURNED = "returned"
    FAILURE = "failure"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


class Money(Struct, frozen=True, gc=False):
    """A decimal amount in one currency (ISO 4217)."""

    amount: Decimal
    currency: str


class Line(Struct, frozen=True, gc=False):
    """An order line. `name` is the product's, as the customer knows it."""

    line_id: LineId
    product_id: str
    name: str
    quantity: int
    unit_price: Decimal


class ConsignmentPlan(Struct, frozen=True, omit_defaults=True, gc=False):
    """The part of an order that ships together; `supplier` is who hands it over, when not the merchant."""

    consignment_id: ConsignmentId
    line_ids: tuple[LineId, ...]
    carrier: str | None = None
    supplier: str | None = None


class ParcelRef(Struct, frozen=True, gc=False):
    """A parcel as its carrier knows it; tracking numbers are recycled, so a binding also has a start (directory)."""

    carrier: str
    tracking_number: str


class Identities(Struct, frozen=True, omit_defaults=True, gc=False):
    """Personal: how other systems know a customer."""

    email: str | None = None
    phone: str | None = None
    loyalty_number: str | None = None
    helpdesk_id: str | None = None
    marketing_id: str | None = None


class Profile(Struct, frozen=True, omit_defaults=True, gc=False):
    """A snapshot of a customer. None is unknown, never zero. `churn_risk` and `advocacy` are from 0 to 1."""

    lifetime_value: Decimal | None = None
    currency: str | None = None
    churn_risk: Decimal | None = None
    advocacy: Decimal | None = None
    customer_since: Instant | None = None
    first_time: bool | None = None
    locale: str | None = None
    time_zone: str | None = None
    country: str | None = None
    account: str | None = None
    identities: Identities = Identities()
    account_role: str | None = None

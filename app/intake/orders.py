"""`orders`: what the shop says about journeys of every kind."""

from collections.abc import Sequence
from typing import Final

from app.facts import (
    CodeUsed,
    ConsignmentPlan,
    ConsignmentsSplit,
    CouponIssued,
    FailureStated,
    GivenPromise,
    JourneyBegan,
    JourneyCancelled,
    Line,
    LinesChanged,
    MilestoneReached,
    Party,
    PromiseMade,
    Subject,
    What,
)
from app.ids import ConsignmentId
from app.intake.checks import invalid
from app.intake.reading import ORDER, Fields, Read, Reading, journey_alias, journey_subject, one

RESERVATION: Final = "reservation"
TRADE_IN: Final = "trade_in"
RETURN: Final = "return"


def order_placed(fields: Fields) -> Reading:
    """Return the order's beginning, with its consignments when known and its promises, and the codes given with it."""
    lines, plans = fields["lines"], fields["consignments"]
    _lines_are_distinct(lines)
    _plans_are_sound(plans, {line.line_id for line in lines})
    _codes_are_distinct(fields["codes"])
    return _began(fields, ORDER, fields["order_id"], *fields["codes"])


def journey_began(fields: Fields) -> Reading:
    """Return the beginning of a journey of any kind."""
    _lines_are_distinct(fields["lines"])
    return _began(fields, fields["journey_kind"], fields["journey_id"])


def lines_changed(fields: Fields) -> Reading:
    """Return the order's new lines."""
    _lines_are_distinct(fields["lines"])
    return _said(fields, ORDER, fields["order_id"], LinesChanged(fields["lines"], fields["value"]))


def consignments_split(fields: Fields) -> Reading:
    """Return the order's new consignments."""
    plans = fields["consignments"]
    if not plans:
        raise invalid("must name at least one consignment", "consignments")
    _plans_are_sound(plans, None)
    return _said(fields, ORDER, fields["order_id"], ConsignmentsSplit(plans))


def promise_made(fields: Fields) -> Reading:
    """Return a promise about a journey or one of its consignments."""
    kind, reference = fields["journey_kind"], fields["journey_id"]
    promise = fields["promise"]
    subject = journey_subject(fields, kind, reference, promise["consignment_id"])
    made = PromiseMade(promise["milestone"], promise["due"], promise["by"], promise["reason"])
    return one(fields, subject, journey_alias(kind, reference), made)


def failure_stated(fields: Fields) -> Reading:
    """Return a failure of any kind of journey."""
    what = FailureStated(fields["failure"], fields["fault"], fields["line_ids"], fields["reason"], fields["location"])
    return _of_any_kind(fields, what)


def understocked(fields: Fields) -> Reading:
    """Return that the order cannot be filled."""
    what = FailureStated("understocked", fields["fault"], fields["line_ids"], fields["reason"])
    return _said(fields, ORDER, fields["order_id"], what)


def cancelled(fields: Fields) -> Reading:
    """Return a cancellation of a journey, a consignment or some lines."""
    return _of_any_kind(fields, JourneyCancelled(fields["by"], fields["line_ids"], fields["reason"]))


def dispatched(fields: Fields) -> Reading:
    """Return that goods were handed over, in these parcels."""
    _parcels_are_numbered(fields)
    return _of_any_kind(fields, MilestoneReached("dispatched", fields["by"], fields["parcels"]))


def replaced(fields: Fields) -> Reading:
    """Return that a replacement was sent, in these parcels."""
    _parcels_are_numbered(fields)
    sent = MilestoneReached("replaced", fields["by"], fields["parcels"], line_ids=fields["line_ids"])
    return _said(fields, ORDER, fields["order_id"], sent)


def trade_in_sent(fields: Fields) -> Reading:
    """Return that a customer's goods are on their way to us."""
    _lines_are_distinct(fields["lines"])
    _parcels_are_numbered(fields)
    sent = MilestoneReached("dispatched", Party.CUSTOMER, fields["parcels"])
    return _began(fields, TRADE_IN, fields["trade_in_id"], sent)


def coupon_issued(fields: Fields) -> Reading:
    """Return that a trade-in was answered with a coupon."""
    subject = journey_subject(fields, TRADE_IN, fields["trade_in_id"])
    reached = MilestoneReached("coupon_issued", Party.MERCHANT)
    issued = CouponIssued(fields["coupon_id"], fields["offer_id"], fields["expires_at"])
    alias = journey_alias(TRADE_IN, fields["trade_in_id"])
    return Reading(fields["occurred_at"], ((subject, reached), (subject, issued)), alias)


def returned(fields: Fields) -> Reading:
    """Return the beginning of a return."""
    _lines_are_distinct(fields["lines"])
    return _began(fields, RETURN, fields["return_id"])


def _failed_service(failure: str) -> Read:
    def read(fields: Fields) -> Reading:
        what = FailureStated(failure, fields["fault"], (), fields["reason"], fields["location"])
        return _said(fields, RESERVATION, fields["reservation_id"], what)

    return read


def _reached(milestone: str, kind: str, reference: str, by: Party | None = None) -> Read:
    """Return how to read an event that says no more than that a milestone was reached (by its own `by` when None)."""

    def read(fields: Fields) -> Reading:
        what = MilestoneReached(milestone, by or fields["by"], amount=fields.get("amount"))
        return _said(fields, kind, fields[reference], what)

    return read


READ: Final[dict[str, Read]] = {
    "order_placed": order_placed,
    "journey_began": journey_began,
    "order_confirmed": _reached("confirmed", ORDER, "order_id", Party.MERCHANT),
    "lines_changed": lines_changed,
    "consignments_split": consignments_split,
    "promise_made": promise_made,
    "dispatched": dispatched,
    "milestone_reached": lambda fields: _of_any_kind(
        fields, MilestoneReached(fields["milestone"], fields["by"], amount=fields["amount"])
    ),
    "failure_stated": failure_stated,
    "understocked": understocked,
    "cancelled": cancelled,
    "refunded": lambda fields: _of_any_kind(
        fields, MilestoneReached("refunded", fields["by"], amount=fields["amount"])
    ),
    "replaced": replaced,
    "returned": returned,
    "reservation_made": lambda fields: _began(fields, RESERVATION, fields["reservation_id"]),
    "service_unavailable": _failed_service("service_unavailable"),
    "alternative_offered": _reached("alternative_offered", RESERVATION, "reservation_id"),
    "alternative_failed": _failed_service("alternative_failed"),
    "given_up": _reached("given_up", RESERVATION, "reservation_id", Party.CUSTOMER),
    "served": _reached("served", RESERVATION, "reservation_id"),
    "trade_in_sent": trade_in_sent,
    "trade_in_received": _reached("goods_received", TRADE_IN, "trade_in_id", Party.MERCHANT),
    "trade_in_inspected": _reached("inspected", TRADE_IN, "trade_in_id", Party.MERCHANT),
    "trade_in_accepted": _reached("accepted", TRADE_IN, "trade_in_id", Party.MERCHANT),
    "coupon_issued": coupon_issued,
}


def _began(fields: Fields, kind: str, reference: str, *then: What) -> Reading:
    subject = journey_subject(fields, kind, reference)
    began = JourneyBegan(
        kind=kind,
        brand=fields["brand"],
        value=fields["value"],
        lines=fields.get("lines", ()),
        needed_by=fields["needed_by"],
        country=fields["country"],
        attributes=tuple(sorted(fields.get("attributes", {}).items())),
        consignments=fields.get("consignments", ()),
        promises=tuple([_given(promise) for promise in fields["promises"]]),
    )
    return Reading(fields["occurred_at"], ((subject, began), *((subject, what) for what in then)), None)


def _given(promise: Fields) -> GivenPromise:
    return GivenPromise(
        promise["milestone"], promise["due"], promise["by"], promise["reason"], promise["consignment_id"]
    )


def _of_any_kind(fields: Fields, what: What) -> Reading:
    return _said(fields, fields["journey_kind"], fields["journey_id"], what)


def _said(fields: Fields, kind: str, reference: str, what: What) -> Reading:
    subject: Subject = journey_subject(fields, kind, reference, fields.get("consignment_id"))
    return one(fields, subject, journey_alias(kind, reference), what)


def _lines_are_distinct(lines: Sequence[Line]) -> None:
    if len({line.line_id for line in lines}) != len(lines):
        raise invalid("must not name a line twice", "lines")


def _codes_are_distinct(codes: Sequence[CodeUsed]) -> None:
    if len({code.coupon for code in codes}) != len(codes):
        raise invalid("must not name a coupon twice", "codes")


def _plans_are_sound(plans: Sequence[ConsignmentPlan], lines: set[str] | None) -> None:
    """Refuse a consignment named twice, a line in two of them, and (when the lines are known) one that is not there."""
    consignments: set[ConsignmentId] = {plan.consignment_id for plan in plans}
    if len(consignments) != len(plans):
        raise invalid("must not name a consignment twice", "consignments")
    named = [line for plan in plans for line in plan.line_ids]
    if lines is not None and not lines.issuperset(named):
        raise invalid("must only name lines of the order", "consignments")


def _parcels_are_numbered(fields: Fields) -> None:
    if len({(parcel.carrier, parcel.tracking_number) for parcel in fields["parcels"]}) != len(fields["parcels"]):
        raise invalid("must not name a parcel twice", "parcels")

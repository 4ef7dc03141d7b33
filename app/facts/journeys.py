"""What happens to a journey: it begins, splits, is promised, reaches milestones, is scanned, fails, is cancelled."""

from msgspec import Struct

from app.clock import Instant
from app.facts.values import ConsignmentPlan, Line, Money, ParcelRef, Party, ScanStatus
from app.ids import ConsignmentId, LineId


class GivenPromise(Struct, frozen=True, omit_defaults=True, gc=False):
    """A promise that a journey begins with: the milestone is reached before `due`, by one consignment or the whole."""

    milestone: str
    due: Instant
    by: Party
    reason: str | None = None
    consignment: ConsignmentId | None = None


class JourneyBegan(Struct, frozen=True, tag="journey_began", omit_defaults=True, gc=False):
    """A customer set out to get something: an order placed, a reservation made, a trade-in sent.

    `value` is what the customer pays in all; `needed_by` the date that matters to the customer (a gift's day).
    `attributes` are names and what the sender says under them (`distance_km`: `1820`), by name. How it ships, when
    that is known, and the promises it begins with are part of the beginning: one record, one decision.
    """

    kind: str
    brand: str
    value: Money | None
    lines: tuple[Line, ...] = ()
    needed_by: Instant | None = None
    country: str | None = None
    attributes: tuple[tuple[str, str], ...] = ()
    consignments: tuple[ConsignmentPlan, ...] = ()
    promises: tuple[GivenPromise, ...] = ()


class LinesChanged(Struct, frozen=True, tag="lines_changed", omit_defaults=True, gc=False):
    """The lines of a journey are now these."""

    lines: tuple[Line, ...]
    value: Money | None = None


class ConsignmentsSplit(Struct, frozen=True, tag="consignments_split", gc=False):
    """The journey ships as these consignments (all of them; replaces an earlier split)."""

    consignments: tuple[ConsignmentPlan, ...]


class PromiseMade(Struct, frozen=True, tag="promise_made", omit_defaults=True, gc=False):
    """Somebody promised that a milestone is reached before `due`; a second one for the same milestone revises it."""

    milestone: str
    due: Instant
    by: Party
    reason: str | None = None


class MilestoneReached(Struct, frozen=True, tag="milestone_reached", omit_defaults=True, gc=False):
    """A step of the journey's kind was reached. `parcels` are named when goods are handed to a carrier.

    `amount` is the money moved when the milestone is a refund. `line_ids` are the lines that reached it; empty for all.
    """

    milestone: str
    by: Party = Party.UNKNOWN
    parcels: tuple[ParcelRef, ...] = ()
    amount: Money | None = None
    line_ids: tuple[LineId, ...] = ()


class Scanned(Struct, frozen=True, tag="scanned", omit_defaults=True, gc=False):
    """A carrier saw a parcel. `location` is the place's name, never an address.

    `time_assumed`: the scan gave a local time without its zone, and UTC was taken for it. `fault` is whose
    the carrier's code makes it; UNKNOWN: it does not say.
    """

    carrier: str
    tracking_number: str | None
    status: ScanStatus
    sub_status: str | None = None
    raw_code: str | None = None
    location: str | None = None
    new_estimate: Instant | None = None
    time_assumed: bool = False
    fault: Party = Party.UNKNOWN


class FailureStated(Struct, frozen=True, tag="failure_stated", omit_defaults=True, gc=False):
    """An event states that something went wrong: `failure` is a word of the journey kind's policy (`understocked`)."""

    failure: str
    fault: Party
    line_ids: tuple[LineId, ...] = ()
    reason: str | None = None
    location: str | None = None


class JourneyCancelled(Struct, frozen=True, tag="journey_cancelled", omit_defaults=True, gc=False):
    """The journey, a consignment of it or some lines are cancelled, by whom."""

    by: Party
    line_ids: tuple[LineId, ...] = ()
    reason: str | None = None

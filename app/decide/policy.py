"""The compiled policy: what the folder's files come to. Immutable, content-addressed (decision 0008)."""

from collections.abc import Mapping
from decimal import Decimal

from msgspec import Struct

from app.clock import Millis
from app.facts import Party


class Within(Struct, frozen=True):
    """A length of time on a calendar: `hours` of business time of `calendar`, or of plain time when that is None."""

    length: Millis
    calendar: str | None = None


class ExpectationRule(Struct, frozen=True):
    """Policy expects `expect` within some time `after` a milestone; unmet, it is a problem of type `problem`.

    `movement` stands for any scan that shows the parcel moving (never `unknown`). `per` is journey, consignment or
    case. An expectation ends unmet, without breach, when one of `ends_on` is reached.
    """

    id: str
    after: str
    expect: str
    within: Within
    problem: str
    per: str = "consignment"
    ends_on: tuple[str, ...] = ()


class KindRules(Struct, frozen=True):
    """A journey kind as data: its milestones in order, what they mean, what is expected between them.

    `scan_milestones` maps a scan status to the milestone it reaches; `promises` a promised milestone to the problem
    type of its breach; `failures` a stated failure to its problem type. `completes_on` are the terminal milestones
    that close a consignment well, `ends_on` those that end it otherwise.
    """

    name: str
    milestones: tuple[str, ...]
    completes_on: tuple[str, ...]
    ends_on: tuple[str, ...]
    scan_milestones: Mapping[str, str]
    promises: Mapping[str, str]
    failures: Mapping[str, str]
    expectations: tuple[ExpectationRule, ...]


class ProblemRules(Struct, frozen=True):
    """A problem type as data.

    `fault` is the default blame. `resolved_by` are the milestones (of the consignment, journey or case) that resolve
    it. `remedy_on` is opened, resolved or never. `quiet_period` runs from resolved and settled to recovered.
    `cause_group`: problems of one journey and consignment with the same group have one cause, so one remedy.
    """

    name: str
    words: str
    fault: Party
    resolved_by: tuple[str, ...]
    remedy_on: str
    quiet_period: Millis
    cause_group: str


class Pace(Struct, frozen=True):
    """How often progress is told: first after `first`, each gap `widening` times the last, at most `most` in all."""

    first: Millis
    widening: Decimal
    most: int


class Brand(Struct, frozen=True):
    """A brand's values and words. `values` selects remedy rows (`no_discounts`, `generous`, ...)."""

    name: str
    display_name: str
    values: str
    currency: str
    time_zone: str
    country: str
    cost_centre: str


class Limits(Struct, frozen=True):
    """Bounds that are no table.

    `hold_age`: a hold older than this goes to a named owner. `seen_window`: in which a repeat is known.
    `retention`: closed journeys are whole for this long, then a receipt. `remedy_settlement`: a fulfilment's time.
    `tombstone_after`: a release stays readable for this long. `follow_up_lasts`: how long a thank-you waits.
    """

    hold_age: Millis
    seen_window: Millis
    retention: Millis
    remedy_settlement: Millis
    remedy_settles_on_issue: bool
    follow_up_lasts: Millis
    tombstone_after: Millis


class RampRule(Struct, frozen=True):
    """After a release these classes may go out again `after` it, at most `per_week` a week (None: any number)."""

    classes: tuple[str, ...]
    after: Millis
    per_week: int | None = None

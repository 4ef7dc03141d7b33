"""The compiled policy: what the folder's files come to. Immutable, content-addressed (decision 0008)."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from msgspec import Struct

from app.clock import Millis
from app.decide.calendars import Calendars
from app.decide.statutes import Statutes
from app.decide.tables import Tables
from app.decide.within import Within
from app.decide.words import OTHERWISE
from app.facts import Identities, Party
from app.ids import PolicyVersion
from app.outputs import Scope


class ExpectationRule(Struct, frozen=True):
    """Policy expects `expect` within some time `after` a milestone; unmet, it is a problem of type `problem`.

    `movement` stands for any scan that shows the parcel moving (never `unknown`). `per` is journey, consignment or
    case. An expectation ends unmet, without breach, when one of `ends_on` is reached, or stated (a problem type).
    Its time stands still while the case waits for one of `paused_by` (parties). `by_law`: in these countries it is due
    within so long at the latest.
    `goods_held`: it is expected only while we have what is the customer's own, and from no earlier.
    """

    id: str
    after: str
    expect: str
    within: Within
    problem: str
    per: str = "consignment"
    ends_on: tuple[str, ...] = ()
    paused_by: tuple[str, ...] = ()
    by_law: Mapping[str, Within] = {}
    goods_held: bool = False


class ScanFailure(Struct, frozen=True):
    """What a carrier's finer word, or status, says went wrong, and whose fault when the scan does not say (None)."""

    problem: str
    fault: Party | None = None


class KindRules(Struct, frozen=True):
    """A journey kind as data: its milestones in order, what they mean, what is expected between them.

    `scan_milestones` maps a scan status to the milestone it reaches; `promises` a promised milestone to the problem
    type of its breach; `failures` a stated failure to its problem type. `completes_on` are the terminal milestones
    that close a consignment well, `ends_on` those that end it otherwise.

    `scan_failures` maps a scan's finer word (sub-status), or its status, to what went wrong, `failing` a milestone to
    the problem type that reaching it is. We hold the customer's own goods from one of `goods_from` until one of
    `goods_until`.
    """

    name: str
    milestones: tuple[str, ...]
    completes_on: tuple[str, ...]
    ends_on: tuple[str, ...]
    scan_milestones: Mapping[str, str]
    promises: Mapping[str, str]
    failures: Mapping[str, str]
    expectations: tuple[ExpectationRule, ...]
    scan_failures: Mapping[str, ScanFailure] = {}
    failing: Mapping[str, str] = {}
    goods_from: tuple[str, ...] = ()
    goods_until: tuple[str, ...] = ()

    def problem_of_promise(self, milestone: str) -> str:
        """Return the problem type of a broken promise of `milestone`; every word has one (`otherwise`)."""
        return self.promises.get(milestone) or self.promises[OTHERWISE]

    def problem_of_failure(self, failure: str) -> str:
        """Return the problem type of a stated failure; every word has one (`otherwise`)."""
        return self.failures.get(failure) or self.failures[OTHERWISE]


class ProblemRules(Struct, frozen=True):
    """A problem type as data.

    `fault` is the default blame. `resolved_by` are the milestones (of the consignment, journey or case) that resolve
    it. `remedy_on` is opened, resolved or never. `quiet_period` runs from resolved and settled to recovered.
    `cause_group`: problems of one journey and consignment with the same group have one cause, so one remedy; unless
    `anew`: each time it is stated it is a cause of its own (nothing at the first desk, then nothing at the next).
    `counts`: it is one of the failures that make the next one of its journey a repeat. `late_by` is the
    calendar on whose business time its lateness is measured (None: plain time).
    """

    name: str
    words: str
    fault: Party
    resolved_by: tuple[str, ...]
    remedy_on: str
    quiet_period: Millis
    cause_group: str
    anew: bool = False
    counts: bool = True
    late_by: str | None = None


class ProblemTypes(dict[str, ProblemRules]):
    """Problem types by name. One that the policy has no more is treated as any other failure.

    A problem that was opened under an earlier policy outlives that policy; it must not stop the worker.
    """

    def __init__(self, types: Mapping[str, ProblemRules], otherwise: str) -> None:
        super().__init__(types)
        self._otherwise = otherwise

    def __missing__(self, name: str) -> ProblemRules:
        """Return the rules of the type for everything else."""
        return self[self._otherwise]


class Pace(Struct, frozen=True):
    """How often progress is told: first after `first`, each gap `widening` times the last, at most `most` in all."""

    first: Millis
    widening: Decimal
    most: int


class Perk(Struct, frozen=True):
    """Something given that is not money: what it costs us in the brand's currency, and its terms in words.

    `instead` is the perk given when this one cannot be had; `nothing`: it is left out; None: a person is asked.
    """

    kind: str
    cost: Decimal
    terms: Mapping[str, str]
    instead: str | None = None


class Brand(Struct, frozen=True):
    """A brand's values and words. `values` selects remedy rows (`no_discounts`, `store_credit`, ...).

    Gestures that cost more than `approval_above` in all wait for an approval. `most_per_customer` is the most that one
    customer is given within the policy's window. Neither touches a refund; None: no such bound.
    """

    name: str
    display_name: str
    values: str
    currency: str
    time_zone: str
    country: str
    cost_centre: str
    perks: Mapping[str, Perk] = {}
    approval_above: Decimal | None = None
    most_per_customer: Decimal | None = None


class Limits(Struct, frozen=True):
    """Bounds that are no table.

    `hold_age`: a hold older than this goes to a named owner. `seen_window`: in which a repeat is known.
    `retention`: closed journeys are whole for this long, then a receipt. `remedy_settlement`: a fulfilment's time.
    `tombstone_after`: a release stays readable for this long. `follow_up_lasts`: how long a thank-you waits.
    `grant_retries`: how often a gesture that failed is asked for again. `customer_window`: what a customer was given in
    this time counts against the brand's most. `lost_after`: who has bought nothing for so long after a problem is lost.
    """

    hold_age: Millis
    seen_window: Millis
    retention: Millis
    remedy_settlement: Millis
    remedy_settles_on_issue: bool
    follow_up_lasts: Millis
    tombstone_after: Millis
    grant_retries: int
    customer_window: Millis
    lost_after: Millis


class CampaignRules(Struct, frozen=True):
    """A customer with an open problem of severity `severe_from` or more is left out of what is planned.

    The service desk is told of a campaign `brief_before` it goes out.
    """

    severe_from: int
    brief_before: Millis


class AccountRules(Struct, frozen=True):
    """The people of one business client: a problem of one of them holds others.

    It does when its severity is `severe_from` or more, and it holds the `scope` of those whose role in the account is
    one of `roles` (unknown: nobody said which).
    """

    severe_from: int
    roles: frozenset[str]
    scope: Scope


class IncidentRules(Struct, frozen=True):
    """So many `customers` with one cause `within` a time are one incident with one owner.

    `by` says for a problem type what its customers may have in common: product, carrier, depot (where the carrier last
    saw the parcel) or location. `cap` is the most that a remedy in an incident may be worth, as a share of the price.
    """

    customers: int
    within: Millis
    by: Mapping[str, str]
    cap: Decimal


class HoldAudioRules(Struct, frozen=True):
    """What callers on hold may hear. `sales` are the audio classes that sell.

    A caller whose marketing is held on the phone hears only what is `plain`; one audio heard more than `repeats` times
    in one case is a problem.
    """

    sales: tuple[str, ...]
    plain: tuple[str, ...]
    repeats: int


class ChasingRules(Struct, frozen=True):
    """When a customer chases an answer: so many `contacts` within `within`, and none answered.

    Contacts that follow one another in less than `apart` are one attempt. By the means in `look_ups` nobody is asked
    anything: they are effort, and no answer is expected.
    """

    contacts: int
    within: Millis
    apart: Millis
    look_ups: tuple[str, ...] = ()


class NoticeRules(Struct, frozen=True):
    """How customers are spoken to. `say` is status (what is being done) or explanation (why it happened), never both.

    Notices say sorry to one customer at most `apologies` times in any `apologies_within`.
    """

    say: str
    apologies: int
    apologies_within: Millis


class Budget(Struct, frozen=True):
    """What may be spent on remedies in each `period` (day, month or year, UTC). What is owed draws on none.

    It pays for the remedies of some `brands`, of every brand with one of some `cost_centres`, or about some `offers` (a
    campaign's). `refused`: what becomes of one it cannot pay: approval (an owner is asked) or apology (words alone).
    """

    name: str
    currency: str
    period: str
    amount: Decimal
    refused: str
    brands: tuple[str, ...] = ()
    cost_centres: tuple[str, ...] = ()
    offers: tuple[str, ...] = ()


class RampRule(Struct, frozen=True):
    """After a release these classes may go out again `after` it, at most `per_week` a week (None: any number)."""

    classes: tuple[str, ...]
    after: Millis
    per_week: int | None = None


class Season(Struct, frozen=True):
    """A part of the year, both days included, as (month, day) on the brand's own calendar; it may pass New Year."""

    name: str
    first: tuple[int, int]
    last: tuple[int, int]

    def holds(self, day: tuple[int, int]) -> bool:
        """Say whether this (month, day) lies in the season."""
        if self.first <= self.last:
            return self.first <= day <= self.last
        return day >= self.first or day <= self.last


class Band(Struct, frozen=True):
    """Words for a number: each word holds below its bound, the last one (bound None) from there on."""

    name: str
    steps: tuple[tuple[str, Decimal | None], ...]

    def word(self, value: Decimal | int) -> str:
        """Return the word of `value`; a value at a bound has the next word."""
        return next(word for word, below in self.steps if below is None or value < below)


IDENTITIES: Final = frozenset(Identities.__struct_fields__)
"""The words for what other systems know a customer by."""


class Policy(Struct, frozen=True, eq=False):
    """A compiled policy folder; two of one `version` decide alike.

    `default_brand` is the brand of whoever comes with none or an unknown one. `operators` maps an operator's action to
    the roles that may do it. `marketing_identities` are those that a suppression record carries. `cap` is the most that
    a remedy may be worth, as a share of the price. `words` says in a sentence what this version is about.
    """

    version: PolicyVersion
    name: str
    words: str
    default_brand: str
    limits: Limits
    cap: Decimal
    ramp: tuple[RampRule, ...]
    seasons: tuple[Season, ...]
    operators: Mapping[str, frozenset[str]]
    kinds: Mapping[str, KindRules]
    problems: Mapping[str, ProblemRules]
    brands: Mapping[str, Brand]
    bands: Mapping[str, Band]
    calendars: Calendars
    tables: Tables
    campaigns: CampaignRules
    hold_audio: HoldAudioRules
    chasing: ChasingRules
    notices: NoticeRules
    budgets: Mapping[str, Budget] = {}
    incidents: IncidentRules | None = None
    accounts: AccountRules | None = None
    statutes: Statutes = Statutes()
    marketing_identities: frozenset[str] = IDENTITIES

    def budget_of(self, brand: Brand, offer: str | None) -> Budget | None:
        """Return the budget that a brand's remedy draws on, the narrowest that there is; None when there is none.

        A budget of the offer that it is about comes before the brand's, and that before the cost centre's.
        """
        mine = [each for each in self.budgets.values() if each.currency == brand.currency]
        fits = (
            *(each for each in mine if offer is not None and offer in each.offers),
            *(each for each in mine if brand.name in each.brands),
            *(each for each in mine if brand.cost_centre in each.cost_centres),
        )
        return next(iter(fits), None)

    def brand(self, name: str | None) -> Brand:
        """Return a brand by name; the default brand for none, and for a name that has no file."""
        return self.brands.get(name or self.default_brand) or self.brands[self.default_brand]

    def may(self, role: str, action: str) -> bool:
        """Say whether an operator of this role may do this action; an action the policy does not know is nobody's."""
        return role in self.operators.get(action, frozenset())

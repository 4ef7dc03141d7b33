"""What the journey asks of the policy and what it gets: inputs and answers of every rule book.

Each rule book is a pure function `(policy, inputs) -> Ruled[answer]`; `rules` names every row that fired.
"""

from decimal import Decimal
from typing import Generic, NamedTuple, TypeVar

from msgspec import Struct

from app.clock import Instant, Millis
from app.decide.floors import Delay
from app.facts import Money, Party, Profile
from app.outputs import Gesture, Receipt, RowFired

Answer = TypeVar("Answer")


class Ruled(NamedTuple, Generic[Answer]):
    """An answer and the rows that yield it."""

    answer: Answer
    rules: tuple[RowFired, ...]


class ExtentInputs(Struct, frozen=True):
    """How far expectations were missed. `hours_late` against the first promise; `value_share` of the journey, 0 to 1.

    `effort`: contacts the customer had to make; `repeats`: earlier problems in this journey.
    """

    problem: str
    hours_late: int
    value_share: Decimal
    effort: int
    repeats: int


class SeverityInputs(Struct, frozen=True):
    """What makes a problem worse. `extent` is the word of the extent book, `priority` the desk's (1 is urgent).

    `repeats`: earlier failures in this journey; `goods_held`: we have something that is the customer's own.
    """

    problem: str
    extent: str
    first_time: bool
    needed_by_at_risk: bool
    reopened: int
    priority: int | None = None
    repeats: int = 0
    goods_held: bool = False


class StakeInputs(Struct, frozen=True):
    """The win-back at stake: lifetime value x churn risk, weighed by advocacy; unknown is a row of its own."""

    profile: Profile | None
    now: Instant


class Stake(Struct, frozen=True):
    """`band` (unknown, low, ...), the amount it was banded by (None when unknown), and the word for the tenure."""

    band: str
    amount: Decimal | None
    tenure: str = "unknown"


class NoticeInputs(Struct, frozen=True):
    """`occasion`: opened, progress, resolved, recovered, withdrawn, promise_revised."""

    problem: str
    occasion: str
    severity: int


class NoticePlan(Struct, frozen=True):
    """Tell `recipient` by `template`; `overrides_quiet_hours` says it even at night."""

    recipient: str
    template: str
    overrides_quiet_hours: bool


class HoldInputs(Struct, frozen=True):
    """Which severity of which problem holds which message classes and channels."""

    problem: str
    severity: int


class RemedyInputs(Struct, frozen=True):
    """What sizes an apology. `lost` is what the customer paid for what they did not get; `price` the journey's value.

    `given` is what this trouble already brought, by policy and by hand: it counts against more. `given_lately` is all
    that the customer got within the policy's window, this trouble's included. `repeats`: earlier failures in it.
    `owed_elsewhere`: of `given`, what the law gave for another trouble of the journey: it pays nothing of what the law
    gives for this one. `delays`: from when to when each part of the trouble lasted, for which the law may owe money,
    by the journey's `attributes` too. `in_incident`: many customers have it, so that each gets what all of them can.
    """

    problem: str
    extent: str
    stake: str
    fault: Party
    brand: str
    first_time: bool
    lost: Money | None
    price: Money | None
    given: tuple[Gesture, ...]
    now: Instant
    repeats: int = 0
    tenure: str = "unknown"
    goods_held: bool = False
    given_lately: tuple[Gesture, ...] = ()
    delays: tuple[Delay, ...] = ()
    in_incident: bool = False
    attributes: tuple[tuple[str, str], ...] = ()
    owed_elsewhere: tuple[Gesture, ...] = ()


class RemedyPlan(Struct, frozen=True):
    """The apology's words key, its gestures and how their amounts came to be."""

    apology: str
    gestures: tuple[Gesture, ...]
    receipt: Receipt


class EscalationInputs(Struct, frozen=True):
    """`reason` is a word of `ESCALATION_REASONS`: severe, notices_exhausted, hold_age, owner_silent, ...

    `repeats`: earlier failures in the same journey, each raises the authority; for what spans customers the owners who
    were silent before the last one.
    """

    reason: str
    problem: str
    severity: int
    repeats: int = 0


class EscalationPlan(Struct, frozen=True):
    """One owner role, its authority, and the time it has to act (None: no limit is watched).

    `budget` is what it may spend without asking, in the brand's currency (None: the policy's cap alone). `freezes`: no
    desk hands the case on from here.
    """

    owner: str
    authority: str
    act_within: Millis | None
    budget: Decimal | None = None
    freezes: bool = True


class ThankYouInputs(Struct, frozen=True):
    """A recovered problem, and the purchase that comes after it."""

    severity: int
    brand: str
    purchase: Money


class ThankYouPlan(Struct, frozen=True):
    """What is given with the next purchase, once."""

    gestures: tuple[Gesture, ...]
    receipt: Receipt

"""What the law gives, as the policy's `statutes.yaml` says it (decision 0019)."""

from datetime import date
from decimal import Decimal

from msgspec import Struct

from app.clock import Millis
from app.decide.within import Within
from app.facts import Party

DELAY = "delay"
PER_DAY = "per_day"
PER_TIME = "per_time"
FORMS = (DELAY, PER_DAY, PER_TIME)
"""How a statute counts: once by how long it took, for each day it took, for each time it happened."""


class StatutoryLine(Struct, frozen=True):
    """What a statute gives where this line holds: `share` of the price, or `amount`, in the statute's currency.

    A line holds from a delay of `length` on (`above`: only when it is longer), for what went wrong on or after `since`,
    where the journey's attributes are above the numbers of `over` and are the words of `where`.
    """

    share: Decimal
    amount: Decimal | None = None
    length: Millis = Millis(0)
    above: bool = False
    since: date | None = None
    over: tuple[tuple[str, Decimal], ...] = ()
    where: tuple[tuple[str, str], ...] = ()


class StatutoryFloor(Struct, frozen=True):
    """What a law gives for a delay or a failure, in money, whatever the policy says: the last line that holds.

    It covers the `problems` of `brands`, but for faults in `not_for`. `refund_counts`: money paid back counts as paid.
    `form` is one of FORMS. `currency` None: the brand's. `words` are those that an attribute may be; another was not
    stated.
    """

    name: str
    law: str
    brands: tuple[str, ...]
    problems: tuple[str, ...]
    not_for: tuple[Party, ...]
    refund_counts: bool
    lines: tuple[StatutoryLine, ...]
    form: str = DELAY
    currency: str | None = None
    words: tuple[tuple[str, tuple[str, ...]], ...] = ()


class LatestDay(Struct, frozen=True):
    """What a kind's expectations of `expect` are due by at the latest, in some countries, by law."""

    name: str
    law: str
    countries: tuple[str, ...]
    kinds: tuple[str, ...]
    expect: str
    within: Within


class Statutes(Struct, frozen=True):
    """What the law says, as far as the policy knows it."""

    floors: tuple[StatutoryFloor, ...] = ()
    latest: tuple[LatestDay, ...] = ()

"""What the law gives, as the policy's `statutes.yaml` says it (decision 0019)."""

from decimal import Decimal

from msgspec import Struct

from app.clock import Millis
from app.decide.within import Within
from app.facts import Party


class DelayBand(Struct, frozen=True):
    """From a delay of `length` on (`above`: only when it is longer) a statute gives `share` of the price, or `amount`.

    `amount` is in the brand's currency; None: the share counts.
    """

    length: Millis
    above: bool
    share: Decimal
    amount: Decimal | None = None


class StatutoryFloor(Struct, frozen=True):
    """What a law gives for a delay, in money, whatever the policy says: the last band that holds.

    It covers the `problems` of `brands`, but for faults in `not_for`. `refund_counts`: money paid back counts as paid.
    """

    name: str
    law: str
    brands: tuple[str, ...]
    problems: tuple[str, ...]
    not_for: tuple[Party, ...]
    refund_counts: bool
    bands: tuple[DelayBand, ...]


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

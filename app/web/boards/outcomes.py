"""What came of it: promises kept and broken, remedies and their cost, customers lost and won back."""

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from typing import Final, NamedTuple

from app.clock import DAY, Instant, to_datetime
from app.decide.gestures import REFUND
from app.decide.policy import Budget
from app.ids import CustomerId
from app.outputs import PromiseStanding, Remedy
from app.web.boards.tally import Tally
from app.web.books import Customer

DAYS: Final = 30


class Day(NamedTuple):
    """Promises that were due on one day (UTC): its start, how many were kept, how many broken."""

    start: Instant
    kept: int
    broken: int


class Cost(NamedTuple):
    """What a cost centre paid in one currency within 30 days. `share` is of the budget, in percent."""

    centre: str
    currency: str
    spent: Decimal
    budget: Decimal | None

    @property
    def name(self) -> str:
        """Return how budgets name it: `marketing GBP`."""
        return f"{self.centre} {self.currency}"

    @property
    def share(self) -> int | None:
        """Return how much of the budget is spent, in percent; None without a budget."""
        return None if not self.budget else int(100 * self.spent / self.budget)


class Drawn(NamedTuple):
    """What the remedies of some brands took from their budget in its running period."""

    budget: Budget
    spent: Decimal

    @property
    def share(self) -> int:
        """Return how much of it is spent, in percent."""
        return int(100 * self.spent / self.budget.amount) if self.budget.amount else 0


class Outcomes:
    """Counts outcomes over all customers."""

    def __init__(self, now: Instant, budgets: Iterable[Budget] = ()) -> None:
        self._budgets = tuple(budgets)
        self._drawn: dict[str, Decimal] = {}
        self._now = now
        self._since = Instant(now - DAYS * DAY)
        self._kept: Counter[int] = Counter()
        self._broken: Counter[int] = Counter()
        self._spent: dict[tuple[str, str], Decimal] = {}
        self._lost_worth: dict[str, Decimal] = {}

    def count(self, tally: Tally, name: CustomerId, customer: Customer) -> None:
        """Count one customer."""
        for promise in customer.promises.values():
            self._count_promise(tally, name, promise)
        for remedy in customer.remedies.values():
            if remedy.at >= self._since:
                self._count_remedy(tally, name, remedy)
            self._draw(tally, name, customer, remedy)
        self._count_loss(tally, name, customer)

    def days(self) -> tuple[Day, ...]:
        """Return the last 30 days, the oldest first."""
        last = self._now // DAY
        numbers = range(last - DAYS + 1, last + 1)
        return tuple(Day(Instant(day * DAY), self._kept[day], self._broken[day]) for day in numbers)

    def costs(self, budgets: dict[str, Decimal]) -> tuple[Cost, ...]:
        """Return what was paid, by cost centre and currency, against the budgets."""
        names = {f"{centre} {currency}": (centre, currency) for centre, currency in self._spent}
        names |= {name: (name.rpartition(" ")[0], name.rpartition(" ")[2]) for name in budgets}
        return tuple(
            Cost(*names[name], self._spent.get(names[name], Decimal(0)), budgets.get(name)) for name in sorted(names)
        )

    def drawn(self) -> tuple[Drawn, ...]:
        """Return what was taken from each budget of the policy."""
        return tuple(Drawn(budget, self._drawn.get(budget.name, Decimal(0))) for budget in self._budgets)

    def lost_worth(self) -> dict[str, Decimal]:
        """Return what lost customers were worth, by currency: by their profile, else what they had bought."""
        return dict(sorted(self._lost_worth.items()))

    def _count_promise(self, tally: Tally, name: CustomerId, promise: PromiseStanding) -> None:
        if promise.outcome == "open":
            tally.add(name, "promise_open", promise.milestone)
        if promise.outcome not in {"kept", "broken"} or not self._since <= promise.first_due <= self._now:
            return
        counter = self._kept if promise.outcome == "kept" else self._broken
        counter[promise.first_due // DAY] += 1
        tally.add(name, f"promise_{promise.outcome}", promise.milestone)

    def _count_remedy(self, tally: Tally, name: CustomerId, remedy: Remedy) -> None:
        tally.add(name, "given", remedy.occasion)
        for gesture in remedy.gestures:
            key = (gesture.cost_centre, gesture.cost.currency)
            self._spent[key] = self._spent.get(key, Decimal(0)) + gesture.cost.amount
            tally.add(name, "gesture", gesture.kind)
            tally.add(name, "cost", f"{key[0]} {key[1]}")

    def _draw(self, tally: Tally, name: CustomerId, customer: Customer, remedy: Remedy) -> None:
        journey = customer.journeys.get(remedy.journey or "")
        for budget in self._budgets:
            if journey is not None and journey.brand in budget.brands and _within(budget.period, remedy.at, self._now):
                cost = _cost_to(budget, remedy)
                self._drawn[budget.name] = self._drawn.get(budget.name, Decimal(0)) + cost
                if cost:
                    tally.add(name, "drawn", budget.name)

    def _count_loss(self, tally: Tally, name: CustomerId, customer: Customer) -> None:
        """Count whether a customer came back; those who were made good apart from those who were not."""
        known = customer.comeback
        if known is None or known.outcome not in _COUNTED:
            return
        tally.add(name, _COUNTED[known.outcome])
        tally.add(name, _COUNTED[known.outcome] + ("_made_good" if known.recovered else "_not_made_good"))
        if known.outcome == "lost":
            worth = (known.lifetime_value,) if known.lifetime_value is not None else known.bought
            for money in worth:
                self._lost_worth[money.currency] = self._lost_worth.get(money.currency, Decimal(0)) + money.amount


_COUNTED: Final = {"came_back": "won_back", "lost": "lost", "awaited": "at_stake"}
_PERIODS: Final = {"day": "%Y-%m-%d", "month": "%Y-%m", "year": "%Y"}


def _cost_to(budget: Budget, remedy: Remedy) -> Decimal:
    """Return what a remedy takes from a budget: refunds are owed, they take nothing."""
    paid = (one.cost for one in remedy.gestures if one.kind != REFUND and one.cost.currency == budget.currency)
    return sum((cost.amount for cost in paid), Decimal(0))


def _within(period: str, at: Instant, now: Instant) -> bool:
    """Say whether both lie in one day, month or year (UTC)."""
    form = _PERIODS[period]
    return to_datetime(at).strftime(form) == to_datetime(now).strftime(form)

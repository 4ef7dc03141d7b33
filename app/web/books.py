"""What the pages know: how each customer's journeys, cases, problems and promises stand, and what was given and asked.

Rebuilt from the decision records and outputs at every start; bounded: the quietest customers with nothing open go
first. The same record twice changes nothing.
"""

from collections import OrderedDict, deque
from collections.abc import Iterator, Mapping
from typing import Final

from app.clock import Instant
from app.ids import CustomerId
from app.outputs import (
    CaseStanding,
    ComebackStanding,
    DeadLetter,
    Decision,
    Escalation,
    JourneyStanding,
    ProblemStanding,
    PromiseStanding,
    Remedy,
)

_DELAYS: Final = 2_000
_LETTERS: Final = 50_000


class Customer:
    """One customer as the records tell. Everything is by its id, newest standing."""

    __slots__ = ("cases", "comeback", "escalations", "journeys", "last_at", "problems", "promises", "remedies")

    def __init__(self) -> None:
        self.journeys: dict[str, JourneyStanding] = {}
        self.cases: dict[str, CaseStanding] = {}
        self.problems: dict[str, ProblemStanding] = {}
        self.promises: dict[str, PromiseStanding] = {}
        self.remedies: dict[str, Remedy] = {}
        self.escalations: dict[str, Escalation] = {}
        self.comeback: ComebackStanding | None = None
        self.last_at = Instant(0)

    @property
    def troubled(self) -> bool:
        """Say whether a problem is still open."""
        return any(problem.status == "open" for problem in self.problems.values())


class Books:
    """Every customer that fits, and what is known of all of them together. `version` moves with every change."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._customers: OrderedDict[CustomerId, Customer] = OrderedDict()
        self.forgotten = 0
        self.version = 0
        self.letters: deque[DeadLetter] = deque(maxlen=_LETTERS)
        self.timer_delays_ms: deque[int] = deque(maxlen=_DELAYS)

    def decided(self, decision: Decision) -> None:
        """Take in how things stand after a decision."""
        mine = self._of(decision.customer, decision.at)
        standing = decision.standing
        mine.journeys.update((one.journey, one) for one in standing.journeys)
        mine.cases.update((one.case, one) for one in standing.cases)
        mine.problems.update((one.problem, one) for one in standing.problems)
        mine.promises.update((one.promise, one) for one in standing.promises)
        mine.comeback = standing.comeback or mine.comeback

    def given(self, remedy: Remedy) -> None:
        """Take in a remedy."""
        self._of(remedy.customer, remedy.at).remedies[remedy.id] = remedy

    def asked(self, escalation: Escalation) -> None:
        """Take in an escalation."""
        self._of(escalation.customer, escalation.at).escalations[escalation.id] = escalation

    def refused(self, letter: DeadLetter) -> None:
        """Take in a refused input."""
        self.version += 1
        self.letters.append(letter)

    def forget(self, customer: CustomerId) -> None:
        """Let go of all that is known of a customer."""
        self.version += 1
        self._customers.pop(customer, None)

    @property
    def customers(self) -> Mapping[CustomerId, Customer]:
        """Every customer that is kept."""
        return self._customers

    def _of(self, customer: CustomerId, at: Instant) -> Customer:
        self.version += 1
        mine = self._customers.get(customer)
        if mine is None:
            self._make_room()
            mine = self._customers[customer] = Customer()
        self._customers.move_to_end(customer)
        mine.last_at = max(mine.last_at, at)
        return mine

    def _make_room(self) -> None:
        if len(self._customers) < self._most:
            return
        quiet = (name for name in self._oldest() if not self._customers[name].troubled)
        name = next(quiet, None) or next(iter(self._customers))
        del self._customers[name]
        self.forgotten += 1

    def _oldest(self) -> Iterator[CustomerId]:
        for place, name in enumerate(self._customers):
            if place == _LOOKED_AT:
                return
            yield name


_LOOKED_AT: Final = 64
"""Of the quietest customers so many are looked at for one without trouble: no search through all of them."""

"""The read model: what the outputs of every followed namespace come to, in memory."""

from collections.abc import Callable
from typing import Final

from app.clock import Instant
from app.ids import CustomerId
from app.outputs import DeadLetter, Decision, Escalation, Notice, Remedy, Said, Suppression
from app.shell.output_follower import Followed
from app.topics import Topic
from app.web.books import Books
from app.web.campaigns import Campaigns
from app.web.freshness import Freshness
from app.web.ledgers import Ledgers
from app.web.timelines import Timelines

_ERASED: Final = "customer_erased"
_MERGED: Final = "customer_merged"
LIVE: Final = 0
"""The first namespace followed is the live one."""

Clock = Callable[[], Instant]
_MEBI: Final = 1024 * 1024


class ReadModel:
    """Ledgers for the gate, books for the boards, timelines for the explanations.

    `as_of` tells for each namespace how far it has been read; the oldest of them counts.
    """

    def __init__(self, clock: Clock, *, stale_after_ms: int, most_customers: int, timeline_mb: int) -> None:
        self._clock = clock
        self._stale_after_ms = stale_after_ms
        self._as_of: list[Callable[[], Instant | None]] = []
        self.ledgers = Ledgers()
        self.books = Books(most_customers)
        self.campaigns = Campaigns()
        self.timelines = Timelines(timeline_mb * _MEBI)
        self.unreadable = 0
        self.former: set[CustomerId] = set()
        """Who has become somebody else: their record of suppressions says again what that one's says."""
        self._erased: dict[CustomerId, Instant] = {}

    def follows(self, as_of: Callable[[], Instant | None]) -> None:
        """Count a namespace's freshness in."""
        self._as_of.append(as_of)

    def freshness(self) -> Freshness:
        """Return how far behind we are."""
        seen = [as_of() for as_of in self._as_of]
        complete = [at for at in seen if at is not None]
        oldest = min(complete) if seen and len(complete) == len(seen) else None
        return Freshness(oldest, self._clock(), self._stale_after_ms)

    def take(self, namespace: int, record: Followed) -> None:
        """Take in one output record."""
        if record.key is not None and record.topic is Topic.SUPPRESSIONS:
            self._take_ledger(namespace, CustomerId(record.key.decode()), record)
        if record.problem is not None:
            self.unreadable += 1
        elif isinstance(record.output, DeadLetter):
            self.books.refused(record.output)
        elif record.output is not None and record.value is not None and not self._is_erased(record.output):
            self.timelines.add(record.output.customer, record.topic, record.value)
            self._take_in(namespace, record)

    def _is_erased(self, output: Said | Decision) -> bool:
        """Forget a customer when told to; say whether a record is of a time that is forgotten.

        Topics are read side by side: what was said before may be read after.
        """
        if isinstance(output, Decision) and output.cause.what == _ERASED:
            self._erased[output.customer] = output.at
            self.former.discard(output.customer)
            self.books.forget(output.customer)
            self.timelines.forget(output.customer)
        return output.at <= self._erased.get(output.customer, Instant(-1))

    def _take_in(self, namespace: int, record: Followed) -> None:
        output = record.output
        if isinstance(output, Decision):
            self.former.discard(output.customer)
            if output.cause.what == _MERGED:
                # their journeys and problems are the other customer's from here on
                self.books.forget(output.customer)
                self.former.add(output.customer)
            self.books.decided(output)
            if namespace == LIVE and output.cause.kind == "deadline":
                self.books.timer_delays_ms.append(record.appended_at - output.at)
        elif isinstance(output, Remedy):
            self.books.given(output)
        elif isinstance(output, Notice):
            self.campaigns.told(output)
        elif isinstance(output, Escalation):
            self.books.asked(output)

    def _take_ledger(self, namespace: int, customer: CustomerId, record: Followed) -> None:
        self.books.version += 1
        if record.problem is not None:
            self.ledgers.unreadable(namespace, customer)
        elif isinstance(record.output, Suppression):
            self.ledgers.put(namespace, customer, record.output)
        else:
            self.ledgers.remove(namespace, customer)

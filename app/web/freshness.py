"""How far behind the outputs' ends the read model is."""

from typing import NamedTuple

from app.clock import Instant


class Freshness(NamedTuple):
    """The read model held everything that was committed at `as_of` (None: it has not caught up yet)."""

    as_of: Instant | None
    now: Instant
    stale_after_ms: int

    @property
    def age_ms(self) -> int | None:
        """Return how old the newest complete view is, None before the first."""
        return None if self.as_of is None else max(0, self.now - self.as_of)

    @property
    def stale(self) -> bool:
        """Say whether it is too old to stand for the topic."""
        return self.age_ms is None or self.age_ms > self.stale_after_ms

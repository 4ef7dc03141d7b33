"""How many calls somebody may make: a bucket that fills at a steady rate."""

from collections import OrderedDict
from typing import Final

from app.clock import SECOND, Instant

_MOST_CALLERS: Final = 10_000


class Buckets:
    """One bucket a caller, full at first; the longest quiet callers are forgotten, which fills theirs."""

    def __init__(self, per_second: float, burst: float) -> None:
        self._per_ms = per_second / SECOND
        self._burst = burst
        self._left: OrderedDict[str, tuple[float, Instant]] = OrderedDict()

    def take(self, caller: str, now: Instant) -> bool:
        """Take one call out of a caller's bucket; False when it is empty."""
        left = self._now_left(caller, now)
        enough = left >= 1
        self._left[caller] = (left - 1 if enough else left, now)
        self._left.move_to_end(caller)
        if len(self._left) > _MOST_CALLERS:
            self._left.popitem(last=False)
        return enough

    def empty(self, caller: str, now: Instant) -> bool:
        """Say whether a caller's bucket is empty, and leave it as it is."""
        return self._now_left(caller, now) < 1

    def _now_left(self, caller: str, now: Instant) -> float:
        left, at = self._left.get(caller, (self._burst, now))
        return min(self._burst, left + max(0, now - at) * self._per_ms)

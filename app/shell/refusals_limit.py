"""How many dead letters an input topic may come to in a minute before its intake stops (decision 0022)."""

from collections import deque
from collections.abc import Callable
from typing import Final

_WINDOW_SECONDS: Final = 60.0


class RefusalsLimit:
    """Counts over the last minute; `per_minute` 0: no limit. `monotonic` gives seconds that never go back."""

    def __init__(self, per_minute: int, monotonic: Callable[[], float]) -> None:
        self.per_minute = per_minute
        self._monotonic = monotonic
        self._counts: deque[tuple[float, int]] = deque()
        self._sum = 0

    def is_exceeded(self, refused: int) -> bool:
        """Count what has been refused now and say whether it is too much."""
        if not self.per_minute:
            return False
        now = self._monotonic()
        self._counts.append((now, refused))
        self._sum += refused
        while self._counts[0][0] <= now - _WINDOW_SECONDS:
            self._sum -= self._counts.popleft()[1]
        return self._sum > self.per_minute

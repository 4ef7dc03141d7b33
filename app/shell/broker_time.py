"""The broker's time, as far as its answers tell it: a machine whose clock is wrong must not fire deadlines late."""

from collections.abc import Callable

from app.clock import Instant
from app.shell.safe_clock import wall_clock


class BrokerTime:
    """Our clock, corrected by what the broker stamped on the newest record that we know when we sent.

    `off_ms` is how far our clock is behind the broker's (negative: ahead), at least: how long a record is on its way
    cannot be told from it, so within that a right clock counts as right.
    """

    def __init__(self, ours: Callable[[], Instant] = wall_clock) -> None:
        self.ours = ours
        self.off_ms = 0

    def now(self) -> Instant:
        """Return the broker's time, later than it never."""
        return Instant(self.ours() + self.off_ms)

    def stamped(self, sent: Instant, stamp: int, answered: Instant) -> None:
        """Learn that the broker took a record at its time `stamp`; `sent` and `answered` are times of our clock."""
        self.off_ms = max(0, stamp - answered) - max(0, sent - stamp)

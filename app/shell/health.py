"""Is the worker stuck, is it caught up: two questions with two answers (`/healthz`, `/readyz`)."""

from collections.abc import Callable, Collection
from typing import Final

from app.topics import Topic

SILENT_AFTER: Final = 10.0
"""Seconds without a turn of the event loop. Rounds take tens of milliseconds and the session timeout is 8 s: a worker
silent for longer has lost its partitions already, and a restart is all that helps."""

STUCK_AFTER: Final = 120.0
"""Seconds in which records lay unread in a topic of ours and none was passed on. Longer than any rebalance or broker
restart (66 s were seen): restarting workers does not mend a broker."""

BLIND_AFTER: Final = 30.0
"""Seconds without word of what is unread: the broker does not answer, and nobody is stuck who cannot read."""

Place = tuple[Topic, int]
"""A partition of a topic."""


class Health:
    """What `/healthz` and `/readyz` answer. `monotonic` gives seconds that never go back.

    What lies unread in other workers' partitions is theirs to answer for: only those that `owns` named count.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._beat = monotonic()
        self._told = monotonic()
        self._progress: dict[Topic, float] = {}
        self._ready = False
        self._owned: frozenset[Place] = frozenset()
        self._lag: dict[Place, int] = {}
        self._standing: dict[Place, int] = {}
        self._stopped: set[Topic] = set()
        self._remaining: dict[tuple[str, int], int] = {}

    def beat(self) -> None:
        """Note that the event loop turned."""
        self._beat = self._monotonic()

    def owns(self, places: Collection[Place]) -> None:
        """Note which partitions this worker has been given; their time begins anew."""
        self._owned = frozenset(places)
        self._standing.clear()
        for topic, _ in self._owned:
            self.progressed(topic)

    def progressed(self, topic: Topic) -> None:
        """Note that records of a topic were passed on."""
        self._progress[topic] = self._monotonic()

    def lag(self, topic: Topic, partition: int, records: int) -> None:
        """Note what is unread of a partition, whoever has it; after a time without word, time to read begins anew."""
        if self._blind():
            for owned, _ in self._owned:
                self.progressed(owned)
        self._told = self._monotonic()
        self._lag[topic, partition] = records
        if (topic, partition) in self._owned and not self._unread(topic):
            self.progressed(topic)

    def stands(self, topic: Topic, partition: int, offset: int | None) -> None:
        """Note that a partition stands still at an offset that stopped workers; None: no more."""
        if offset is None:
            self._standing.pop((topic, partition), None)
        else:
            self._standing[topic, partition] = offset
        self.progressed(topic)

    def intake_stopped(self, topic: Topic) -> None:
        """Note that an input topic is read no more: it came to too many dead letters."""
        self._stopped.add(topic)

    def recovery(self, stage: str, partition: int, remaining: int) -> None:
        """Note how far a partition's recovery has got; nothing can be passed on before its end."""
        self._remaining[stage, partition] = remaining
        for topic, _ in self._owned:
            self.progressed(topic)

    def ready(self, is_ready: bool) -> None:
        """Note whether all partitions are recovered and worked on."""
        self._ready = is_ready
        if is_ready:
            self._remaining.clear()
        for topic, _ in self._owned:
            self.progressed(topic)

    def trouble(self) -> str | None:
        """Say why the worker is stuck; None: it is not."""
        now = self._monotonic()
        if (silent := now - self._beat) > SILENT_AFTER:
            return f"the event loop has not turned for {silent:.0f} s"
        if self._blind():
            return None
        for topic in sorted({topic for topic, _ in self._owned}):
            still = now - self._progress[topic]
            if still > STUCK_AFTER and (unread := self._unread(topic)):
                return f"{unread} records of {topic} are unread and none was passed on for {still:.0f} s"
        return None

    def waits_for_us(self) -> str | None:
        """Say what waits for people, whom a restart by itself would not help; None: nothing does."""
        named = ", ".join(
            f"{topic}/{partition} offset {at}" for (topic, partition), at in sorted(self._standing.items())
        )
        said = [f"stopped three workers running, stands still: {named}; see `makegood quarantine`"] if named else []
        if self._stopped:
            said.append(f"too many dead letters, read no more: {', '.join(sorted(self._stopped))}")
        return "; ".join(said) or None

    def not_ready(self) -> str | None:
        """Say what is still to come before the worker is caught up; None: it is."""
        if self._ready:
            return None
        remaining = sum(self._remaining.values())
        return f"recovering, {remaining} offsets to read" if remaining else "waiting for its partitions"

    def _blind(self) -> bool:
        return self._monotonic() - self._told > BLIND_AFTER

    def _unread(self, topic: Topic) -> int:
        if topic in self._stopped:
            return 0
        return sum(self._lag.get(place, 0) for place in self._owned - self._standing.keys() if place[0] is topic)

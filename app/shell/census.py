"""What is open in this worker's partitions, counted by looking at a few states at a time.

Counting changes as they are committed would cost each of them a second decoding, and drift with every mistake. Looking
costs a fixed share of the loop's time, whatever the load and however many partitions there are, and each sweep begins
anew from the truth; in return the numbers of a worker with a million customers are a quarter of an hour old.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from time import perf_counter
from typing import Final

from app.journey.parked import PARKED
from app.journey.state import is_reserved
from app.journey.stored import decode_state

BUDGET_SECONDS: Final = 0.01
"""Time that one look at each partition may take in all, about once a second: a hundredth of the loop."""

_KEYS_A_LOOK_AT_THE_CLOCK: Final = 32

Open = tuple[str, str]
"""`journey`, `problem` or `hold`, and its kind, type or reason."""

Tally = Callable[[bytes, bytes], Iterable[Open]]
"""Says of a key and its state what is open there, each thing once."""


def open_in(key: bytes, value: bytes) -> Iterator[Open]:
    """Yield what is open in a customer's stored state."""
    if is_reserved(key):
        if key.startswith(PARKED):
            yield ("hold", "quarantine")
        return
    state = decode_state(value)
    for journey in state.journeys.values():
        if not journey.provisional:
            yield ("journey", journey.kind)
    for problem in state.problems.values():
        if problem.open:
            yield ("problem", problem.type)
    for hold in state.holds:
        if hold.until is None:
            yield ("hold", hold.reason)


class Census:
    """Sweeps tables partition by partition, a look at a time."""

    def __init__(self, tally: Tally = open_in, budget_seconds: float = BUDGET_SECONDS) -> None:
        self._tally = tally
        self._budget = budget_seconds
        self._sweeps: dict[int, Iterator[bytes]] = {}
        self._known: set[int] = set()
        self._so_far: dict[int, Counter[Open]] = {}
        self._counts: dict[int, Counter[Open]] = {}

    def look(self, partition: int, table: Mapping[bytes, bytes]) -> bool:
        """Go on with the partition's sweep; True when it came to its end, so that `counts` has changed."""
        if not table:
            return self._forget(partition)
        self._known.add(partition)
        keys = self._sweeps.setdefault(partition, iter(list(table)))
        so_far = self._so_far.setdefault(partition, Counter())
        until = perf_counter() + self._budget / len(self._known)
        for number, key in enumerate(keys, 1):
            value = table.get(key)
            if value is not None:
                for found in self._tally(key, value):
                    so_far[found] += 1
            if number % _KEYS_A_LOOK_AT_THE_CLOCK == 0 and perf_counter() >= until:
                return False
        self._counts[partition] = so_far
        del self._sweeps[partition], self._so_far[partition]
        return True

    def counts(self) -> Mapping[Open, int]:
        """Return what was open in all partitions, each as of its last whole sweep."""
        return sum(self._counts.values(), Counter())

    def _forget(self, partition: int) -> bool:
        self._known.discard(partition)
        self._sweeps.pop(partition, None)
        self._so_far.pop(partition, None)
        return self._counts.pop(partition, None) is not None

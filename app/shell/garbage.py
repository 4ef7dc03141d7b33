"""Python's garbage collector in a worker: full collections must not make customers wait.

What a worker imports, compiles and restores lives as long as it does, some 200,000 objects. Walking over all of it took
150 to 400 ms, about once a second under load, and everything waited (docs/performance.md, "Delays"). So it is set apart
once the partitions are restored, and what comes after is collected young: decisions and their rounds leave no cycles,
the clients' futures a few.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_YOUNG: Final = 100_000
"""Objects made and not freed before the youngest are looked through.

More than the records that wait under a backlog go up and down by: those are freed without being looked at. At 10,000,
looking at them again and again took 5 to 7 µs an event, a twentieth of a worker's time; so it takes 1, at 25 to 45 ms
each, no longer than the middle age took before.
"""
_MIDDLE: Final = 5
_OLD: Final = 100
"""So many collections of one age before the next is looked through: all of it after 50 million objects kept."""


def set_apart_what_stays() -> None:
    """Collect once, then never look again at what is alive now; call it while nobody waits."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)


@contextmanager
def no_looking() -> Iterator[None]:
    """Collect nothing in here: for work that makes a lot that stays and leaves next to no cycles."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()

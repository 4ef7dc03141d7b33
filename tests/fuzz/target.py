"""What a target is: one case in, accepted or refused with a reason out."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from typing import Final, NamedTuple

ACCEPTED: Final = "accepted"
_HANG_SECONDS: Final = 20.0
"""The slowest case (a whole policy) takes a tenth of a second; a machine may be a hundred times slower."""

Case = Callable[[Random], str]
"""Works one case; returns ACCEPTED or the reason of the refusal. Whatever it raises is a finding."""


class Target(NamedTuple):
    """One thing that reads what others wrote. `share`: its part of the cases of a run, in thousandths."""

    name: str
    what: str
    share: int
    case: Case


class Hang(BaseException):
    """A case that did not come to an end."""


@contextmanager
def not_for_ever() -> Iterator[None]:
    """Raise Hang in a case that takes longer than any may."""

    def ring(*_: object) -> None:
        raise Hang(f"no answer within {_HANG_SECONDS:g} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, _HANG_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def seeded(seed: int, target: str, number: int) -> Random:
    """Return the randomness of one case, so that it can be repeated alone."""
    return Random(f"{seed}/{target}/{number}")

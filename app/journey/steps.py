"""What was reached when, word by word, and which expectations still wait. Values: a change makes a new one."""

from typing import Final

from app.clock import Instant
from app.journey.course import Expectation, Steps

_MOST_TIMES: Final = 32


def with_step(steps: Steps, word: str, at: Instant) -> Steps:
    """Return the steps with one more time of a word; the same time twice changes nothing."""
    known = steps.get(word, ())
    if at in known:
        return steps
    times = sorted((*known, at))
    kept = times if len(times) <= _MOST_TIMES else [times[0], *times[1 - _MOST_TIMES :]]
    return {**steps, word: tuple(kept)}


def with_span(steps: Steps, word: str, at: Instant) -> Steps:
    """Return the steps with the first and last time of a word that scans repeat."""
    known = steps.get(word)
    if known is None:
        return {**steps, word: (at,)}
    if known[0] <= at <= known[-1]:
        return steps
    return {**steps, word: (min(known[0], at), max(known[-1], at))}


def is_waiting(expectation: Expectation) -> bool:
    """Say whether its deadline is still to fire (perhaps at once, when it was learnt late)."""
    due = expectation.first_due
    met = expectation.met_at
    if met is not None and met < due:  # most are met, and this is asked of all of them after every fact
        return False
    ended = expectation.ended_at
    if ended is not None and ended < due:
        return False
    return expectation.breached_at is None and expectation.withdrawn_at is None


def was_kept(expectation: Expectation) -> bool:
    """Say whether it was met or ended before its deadline; at the deadline it is late."""
    due = expectation.first_due
    met = expectation.met_at
    if met is not None and met < due:
        return True
    ended = expectation.ended_at
    return ended is not None and ended < due

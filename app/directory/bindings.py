"""Whom an alias means, and when: bindings in the order of their start, none overlapping."""

from msgspec.structs import replace

from app.clock import Instant, after
from app.directory.limits import GRACE, LOOK_BACK, MAX_BINDINGS, REMEMBER
from app.directory.state import Binding, Bindings
from app.facts import AliasBound, Subject


def end_of(bindings: Bindings, index: int) -> Instant | None:
    """Return when a binding's life ends: at its own end or when the next one begins, whichever is first."""
    own = bindings[index].valid_until
    if index + 1 == len(bindings):
        return own
    following = bindings[index + 1].valid_from
    return following if own is None else min(own, following)


def owner_at(bindings: Bindings, moment: Instant, *, recycled: bool) -> int | None:
    """Return the index of the binding that a fact of `moment` belongs to, None when there is none.

    The binding alive at the moment; otherwise the next one to begin, within the look-back when numbers are recycled.
    """
    following = _first_after(bindings, moment)
    if following > 0 and _alive(end_of(bindings, following - 1), moment):
        return following - 1
    if following == len(bindings):
        return None
    near = bindings[following].valid_from - moment <= LOOK_BACK
    return following if near or (not recycled and following == 0) else None


def bound(bindings: Bindings, entry: AliasBound) -> Bindings:
    """Return the bindings with a new one in its place; unchanged when they already say so at its start.

    What says no more of a case than the new one is left out after it: each message of a case binds it.
    """
    place = _first_after(bindings, entry.valid_from)
    if place > 0 and _says_already(bindings, place - 1, entry):
        return bindings
    new = Binding(entry.subject, entry.valid_from, None, entry.known_at, entry.sequence)
    rest = place
    while rest < len(bindings) and _says_no_more_of_a_case(bindings[rest].subject, entry.subject):
        rest += 1
    return (*bindings[:place], new, *bindings[rest:])[-MAX_BINDINGS:]


def ended(bindings: Bindings, index: int, terminal: Instant) -> Bindings:
    """Return the bindings with one ending a grace after its terminal scan; a later terminal scan moves the end."""
    binding = bindings[index]
    until = after(max(terminal, binding.valid_from), GRACE)
    if binding.valid_until is not None and binding.valid_until >= until:
        return bindings
    return (*bindings[:index], replace(binding, valid_until=until), *bindings[index + 1 :])


def remembered(bindings: Bindings, now: Instant) -> Bindings:
    """Return the bindings without those that ended so long ago that no fact of their time is awaited any more."""
    return tuple(
        binding
        for index, binding in enumerate(bindings)
        if (end := end_of(bindings, index)) is None or after(end, REMEMBER) > now
    )


def forget_at(bindings: Bindings) -> Instant | None:
    """Return when the first of the bindings may be forgotten, None when none has an end."""
    ends = [end for index in range(len(bindings)) if (end := end_of(bindings, index)) is not None]
    return after(min(ends), REMEMBER) if ends else None


def _first_after(bindings: Bindings, moment: Instant) -> int:
    for index in range(len(bindings), 0, -1):
        if bindings[index - 1].valid_from <= moment:
            return index
    return 0


def _alive(end: Instant | None, moment: Instant) -> bool:
    return end is None or moment < end


def _says_already(bindings: Bindings, index: int, entry: AliasBound) -> bool:
    known = bindings[index].subject
    says = known == entry.subject or _says_no_more_of_a_case(entry.subject, known)
    return says and _alive(end_of(bindings, index), entry.valid_from)


def _says_no_more_of_a_case(one: Subject, other: Subject) -> bool:
    """Say whether one subject is the other's case, and names no other journey: a message seldom names any."""
    if one.case is None or (one.case, one.customer) != (other.case, other.customer):
        return False
    return one.journey is None or one.journey == other.journey

"""What the directory keeps of one alias."""

from typing import Final

from msgspec import Struct

from app.clock import Instant
from app.facts import FactWaiting, Subject


class Binding(Struct, frozen=True, array_like=True, gc=False):
    """The alias means `subject` from `valid_from` until `valid_until` (None: no end known yet).

    `known_at` and `sequence` say when we learnt it; facts released by it take them (decision 0003).
    """

    subject: Subject
    valid_from: Instant
    valid_until: Instant | None
    known_at: Instant
    sequence: int


Bindings = tuple[Binding, ...]


class Waiting(Struct, frozen=True, array_like=True, gc=False):
    """A fact that waits for its alias to be bound, until `due`."""

    due: Instant
    entry: FactWaiting


class AliasState(Struct, frozen=True, array_like=True, gc=False):
    """One alias: whom it means when, and the facts that wait, in the order of their arrival."""

    bindings: Bindings = ()
    waiting: tuple[Waiting, ...] = ()


EMPTY: Final = AliasState()

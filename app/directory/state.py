"""What the directory keeps of one alias, and its form in table and changelog."""

from typing import Final

import msgspec
from msgspec import Struct

from app.clock import Instant
from app.directory.bindings import Bindings, forget_at
from app.facts import FactWaiting


class Waiting(Struct, frozen=True, array_like=True):
    """A fact that waits for its alias to be bound, until `due`."""

    due: Instant
    entry: FactWaiting


class AliasState(Struct, frozen=True, array_like=True):
    """One alias: whom it means when, and the facts that wait, in the order of their arrival."""

    bindings: Bindings = ()
    waiting: tuple[Waiting, ...] = ()

    def next_due(self) -> Instant | None:
        """Return the alias's earliest deadline: a fact waited long enough, or a binding may be forgotten."""
        dues = [waiting.due for waiting in self.waiting]
        if (forget := forget_at(self.bindings)) is not None:
            dues.append(forget)
        return min(dues, default=None)


EMPTY: Final = AliasState()

_VERSION: Final = b"\x01"
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(AliasState)


def encode_state(state: AliasState) -> bytes | None:
    """Encode for the table and changelog: a version byte, then msgpack, no spare capacity. Empty: None (remove)."""
    return _VERSION + _encoder.encode(state) if state.bindings or state.waiting else None


def decode_state(value: bytes | None) -> AliasState:
    """Decode a stored state; a wrong version or shape raises (it is ours: a bug, not bad input)."""
    if value is None:
        return EMPTY
    if value[:1] != _VERSION:
        msg = f"directory state of version {value[:1]!r}, this worker reads {_VERSION!r}: upgrade it first"
        raise ValueError(msg)
    return _decoder.decode(memoryview(value)[1:])

"""What the directory keeps of one alias, and its form in table and changelog."""

import struct
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

_VERSION: Final = 1
_NEVER: Final = -1
_HEAD: Final = struct.Struct(">Bq")
_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(AliasState)


def encode_state(state: AliasState, next_due: Instant | None) -> bytes | None:
    """Encode for table and changelog: version byte, earliest deadline, msgpack, of exact size. Empty: None (remove)."""
    if not (state.bindings or state.waiting):
        return None
    return _HEAD.pack(_VERSION, _NEVER if next_due is None else next_due) + _encoder.encode(state)


def decode_state(value: bytes | None) -> AliasState:
    """Decode a stored state; a wrong version or shape raises (it is ours: a bug, not bad input)."""
    if value is None:
        return EMPTY
    stored_due(value)
    return _decoder.decode(memoryview(value)[_HEAD.size :])


def stored_due(value: bytes) -> Instant | None:
    """Return the earliest deadline of a stored state without decoding it: the time index asks for millions."""
    version, due = _HEAD.unpack_from(value)
    if version != _VERSION:
        msg = f"directory state of version {version}, this worker reads {_VERSION}: upgrade it first"
        raise ValueError(msg)
    return None if due == _NEVER else Instant(due)

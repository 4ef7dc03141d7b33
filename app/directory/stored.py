"""The form of an alias's state in table and changelog, its earliest deadline in front."""

import struct
from typing import Final

import msgspec

from app.clock import Instant
from app.directory.state import EMPTY, AliasState

_VERSION: Final = 1
_NEVER: Final = -1
_HEAD: Final = struct.Struct(">Bq")
_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(AliasState).decode


def encode_state(state: AliasState, next_due: Instant | None) -> bytes | None:
    """Encode for table and changelog: version byte, earliest deadline, msgpack, of exact size. Empty: None (remove)."""
    if not (state.bindings or state.waiting):
        return None
    return _HEAD.pack(_VERSION, _NEVER if next_due is None else next_due) + _encode(state)


def decode_state(value: bytes | None) -> AliasState:
    """Decode a stored state; a wrong version or shape raises (it is ours: a bug, not bad input)."""
    if value is None:
        return EMPTY
    stored_due(value)
    return _decode(value[_HEAD.size :])


def stored_due(value: bytes) -> Instant | None:
    """Return the earliest deadline of a stored state without decoding it: the time index asks for millions."""
    version, due = _HEAD.unpack_from(value)
    if version != _VERSION:
        msg = f"directory state of version {version}, this worker reads {_VERSION}: upgrade it first"
        raise ValueError(msg)
    return None if due == _NEVER else Instant(due)

"""The form of a customer's state, and of a policy, in table and changelog: its earliest deadline in front."""

import struct
from typing import Final

import msgspec

from app.clock import Instant
from app.facts import PolicyActivated
from app.journey.state import CustomerState

_VERSION: Final = 1
_NEVER: Final = -1
_HEAD: Final = struct.Struct(">Bq")
_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(CustomerState).decode
_decode_policy: Final = msgspec.msgpack.Decoder(PolicyActivated).decode


def encode_state(state: CustomerState, next_due: Instant | None) -> bytes:
    """Encode for table and changelog: version byte, earliest deadline, msgpack; bytes of exact size."""
    return _HEAD.pack(_VERSION, _NEVER if next_due is None else next_due) + _encode(state)


def decode_state(value: bytes) -> CustomerState:
    """Decode a stored state; a wrong version or shape raises (it is ours: a bug, not bad input)."""
    _head(value)
    return _decode(value[_HEAD.size :])


def encode_policy(activated: PolicyActivated) -> bytes:
    """Encode a partition's policy for table and changelog; it waits for nothing."""
    return _HEAD.pack(_VERSION, _NEVER) + _encode(activated)


def without_due(value: bytes) -> bytes:
    """Return a stored state that waits for nothing any more; the state itself is not read."""
    return waiting_for_nothing(value[_HEAD.size :])


def waiting_for_nothing(content: bytes) -> bytes:
    """Return something of ours as it is kept in table and changelog: it waits for nothing."""
    return _HEAD.pack(_VERSION, _NEVER) + content


def content_of(value: bytes) -> bytes:
    """Return what `waiting_for_nothing` was given."""
    _head(value)
    return value[_HEAD.size :]


def decode_policy(value: bytes) -> PolicyActivated:
    """Decode a partition's policy."""
    _head(value)
    return _decode_policy(value[_HEAD.size :])


def stored_due(value: bytes) -> Instant | None:
    """Return the earliest deadline of a stored state without decoding it."""
    due = _head(value)
    return None if due == _NEVER else Instant(due)


def _head(value: bytes) -> int:
    version, due = _HEAD.unpack_from(value)
    if version != _VERSION:
        msg = f"journey state of version {version}, this worker reads {_VERSION}: upgrade it first"
        raise ValueError(msg)
    return int(due)

"""The form of facts and directory entries on our own logs: a version byte, then msgpack."""

from typing import Final

import msgspec

from app.facts.directory import DirectoryEntry
from app.facts.fact import Fact

_VERSION: Final = b"\x01"
_encode: Final = msgspec.msgpack.Encoder().encode
_decode_fact: Final = msgspec.msgpack.Decoder(Fact).decode
_decode_entry: Final = msgspec.msgpack.Decoder(DirectoryEntry).decode


def encode_fact(fact: Fact) -> bytes:
    """Encode for the journey log and the register's."""
    return _VERSION + _encode(fact)


def decode_fact(value: bytes) -> Fact:
    """Decode a record of these logs; a wrong version or shape raises (it is ours: a bug, not bad input)."""
    return _decode_fact(_checked(value))


def encode_entry(entry: DirectoryEntry) -> bytes:
    """Encode for the directory topic."""
    return _VERSION + _encode(entry)


def decode_entry(value: bytes) -> DirectoryEntry:
    """Decode a directory record; a wrong version or shape raises (it is ours: a bug, not bad input)."""
    entry: DirectoryEntry = _decode_entry(_checked(value))
    return entry


def _checked(value: bytes) -> bytes:
    """Return what follows the version byte; ValueError for a record of another version."""
    if not value.startswith(_VERSION):
        msg = f"internal record of version {value[:1]!r}, this worker reads {_VERSION!r}: upgrade it first"
        raise ValueError(msg)
    return value[1:]

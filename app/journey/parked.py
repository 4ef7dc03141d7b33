"""What is kept of the fact that a customer is parked, in table and changelog (decision 0021)."""

from typing import Final

import msgspec
from msgspec import Struct

from app.clock import Instant
from app.journey.state import content_of, waiting_for_nothing

PARKED: Final = b"\x00parked\x00"
"""Begins the table's key for a customer who is parked."""


class Parked(Struct, frozen=True, array_like=True):
    """Since when (ms and offset) a customer is parked, by whom and why, and how many records have been kept."""

    at: Instant
    since: int
    operator: str
    reason: str
    kept: int = 0


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Parked)


def decode_parked(value: bytes) -> Parked:
    """Decode what the table holds under `PARKED` and a customer's key."""
    return _decoder.decode(content_of(value))


def encode_parked(parked: Parked) -> bytes:
    """Encode for table and changelog; it waits for nothing."""
    return waiting_for_nothing(_encoder.encode(parked))

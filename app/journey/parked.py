"""What is kept of the fact that a customer is parked, in table and changelog (decision 0021)."""

from typing import Final

import msgspec
from msgspec import Struct

from app.clock import Instant
from app.journey.stored import content_of, waiting_for_nothing

PARKED: Final = b"\x00parked\x00"
"""Begins the table's key for a customer who is parked."""
_KEPT: Final = b"\x00kept\x00"
"""Begins the table's key for a record that is kept of them; its number and their key follow."""
_NUMBER_BYTES: Final = 8


class Parked(Struct, frozen=True, array_like=True, gc=False):
    """Since when (ms and offset) a customer is parked, by whom and why, and how many records have been kept."""

    at: Instant
    since: int
    operator: str
    reason: str
    kept: int = 0


def kept_place(key: bytes, number: int) -> bytes:
    """Return the table's key for a customer's kept record of a number."""
    return _KEPT + number.to_bytes(_NUMBER_BYTES, "big") + key


def kept_of(place: bytes) -> bytes | None:
    """Return whose kept record stands under a table's key, None when it is no kept record's."""
    return place[len(_KEPT) + _NUMBER_BYTES :] if place.startswith(_KEPT) else None


def parked_of(place: bytes) -> bytes | None:
    """Return who is parked by what stands under a table's key, None when nobody is."""
    return place.removeprefix(PARKED) if place.startswith(PARKED) else None


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Parked)


def decode_parked(value: bytes) -> Parked:
    """Decode what the table holds under `PARKED` and a customer's key."""
    return _decoder.decode(content_of(value))


def encode_parked(parked: Parked) -> bytes:
    """Encode for table and changelog; it waits for nothing."""
    return waiting_for_nothing(_encoder.encode(parked))

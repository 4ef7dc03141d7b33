"""Whether a text stands in bytes that nobody can decode as a text of its own, and not as a piece of another one."""

from collections.abc import Iterator
from typing import Final

_PART_OF_A_WORD: Final = frozenset(b"-_@+")
"""Beside letters and digits: `1001` is not the customer of `C-1001`, nor `ann` the one of `ann@example.org`."""
_FIXED: Final = 32
_SEVEN_BITS: Final = 0x7F
_MORE: Final = 0x80
_BYTE: Final = 1 << 8
_SHORT: Final = 1 << 16


def stands_in(text: bytes, content: bytes) -> bool:
    """Say whether a text stands there: by its length before it, as Avro and msgpack write it, or by what is around."""
    before = tuple(_lengths(len(text)))
    at = content.find(text)
    while at >= 0:
        end = at + len(text)
        if content[:at].endswith(before) or not (_is_word(content[at - 1 : at]) or _is_word(content[end : end + 1])):
            return True
        at = content.find(text, at + 1)
    return False


def _is_word(byte: bytes) -> bool:
    return byte.isalnum() or (len(byte) == 1 and byte[0] in _PART_OF_A_WORD)


def _lengths(length: int) -> Iterator[bytes]:
    """Yield how the length of a text is written before it."""
    zigzag, varint = length << 1, bytearray()
    while zigzag > _SEVEN_BITS:
        varint.append(zigzag & _SEVEN_BITS | _MORE)
        zigzag >>= 7
    yield bytes((*varint, zigzag))
    if length < _FIXED:
        yield bytes((0xA0 | length,))
    if length < _BYTE:
        yield bytes((0xD9, length))
    if length < _SHORT:
        yield b"\xda" + length.to_bytes(2, "big")

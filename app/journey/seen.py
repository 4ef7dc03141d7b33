"""Which facts were seen: eight bytes of each id's hash and when, oldest first, bounded in number and time."""

from hashlib import blake2b
from typing import TYPE_CHECKING, Final

from app.clock import Instant, Millis
from app.ids import FactId

if TYPE_CHECKING:
    from mypy_extensions import i64

_HASH: Final = 8
_TIME: Final = 6
_ENTRY: Final = _HASH + _TIME
_MOST: Final = 4_096


def digest_of(fact: FactId) -> bytes:
    """Return what is kept of a fact's id."""
    return blake2b(fact.encode(), digest_size=_HASH).digest()


def is_repeat(seen: bytes, digest: bytes, now: Instant, window: Millis) -> bool:
    """Say whether a fact was seen less than a window ago."""
    at = seen.rfind(digest)
    while at >= 0:
        if at % _ENTRY == 0:
            return now < _time(seen, at) + window
        at = seen.rfind(digest, 0, at + _HASH - 1)
    return False


def with_fact(seen: bytes, digest: bytes, now: Instant, window: Millis) -> bytes:
    """Return what is seen with one more fact, without what has left the window."""
    start = max(0, len(seen) - (_MOST - 1) * _ENTRY)
    while start < len(seen) and _time(seen, start) + window <= now:
        start += _ENTRY
    return seen[start:] + digest + now.to_bytes(_TIME, "big")


def both(one: bytes, other: bytes) -> bytes:
    """Return what either has seen, oldest first."""
    entries = [seen[at : at + _ENTRY] for seen in (one, other) for at in range(0, len(seen), _ENTRY)]
    return b"".join(sorted(entries, key=lambda entry: (entry[_HASH:], entry))[-_MOST:])


def forget_at(seen: bytes, window: Millis) -> Instant | None:
    """Return when the newest fact leaves the window; None when nothing is seen."""
    return Instant(_time(seen, len(seen) - _ENTRY) + window) if seen else None


def _time(seen: bytes, at: int) -> int:
    # byte by byte: this is asked for every fact, and int.from_bytes of a slice takes ten times as long
    found: i64 = 0
    place: i64 = at + _HASH
    ends: i64 = at + _ENTRY
    while place < ends:
        byte: i64 = seen[place]
        found = found << 8 | byte
        place += 1
    return found

"""Damage done to real payloads: to their bytes, and to their structure."""

from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Final

MARK: Final = "Zq7-personal-Zq7"
"""A value that stands for somebody's own: no refusal may repeat it."""

NASTY_TEXTS: Final = (
    "",
    " ",
    "\x00",
    "\x1f",
    "NaN",
    "-1",
    "1e400",
    "-0",
    "9" * 400,
    "Ω" * 300,
    "\u2028",
    "٣",
    "../../etc/passwd",
    "{{7*7}}",
    "2026-02-30T00:00:00Z",
    "2026-03-29T02:30:00",
    "9999-12-31T23:59:59.999Z",
    "0001-01-01",
    "1970-01-01T00:00:00Z",
    MARK,
)
NASTY_NUMBERS: Final = (0, -1, 1, 2**31, 2**53, -(2**63), 2**63 - 1, 2**64, 10**30)
_BYTES: Final = (
    b"\x00",
    b"\x01",
    b"\x7f",
    b"\x80",
    b"\xff",
    b"\xc3\x01",
    b"\xfe\xff\xff\xff\x0f",
    b"\xff" * 9 + b"\x01",
)

Path = tuple[Any, ...]


def damaged(rng: Random, value: bytes, others: Sequence[bytes] = ()) -> bytes:
    """Return bytes with one to four places damaged; now and then spliced with another sample."""
    found = bytearray(value)
    for _ in range(rng.randint(1, 4)):
        rng.choice(_WAYS)(rng, found)
    if others and rng.random() < 0.1:
        other = rng.choice(others)
        found[rng.randint(0, len(found)) :] = other[rng.randint(0, len(other)) :]
    return bytes(found)


def _flip(rng: Random, found: bytearray) -> None:
    if found:
        found[rng.randrange(len(found))] ^= 1 << rng.randrange(8)


def _overwrite(rng: Random, found: bytearray) -> None:
    at, by = rng.randint(0, len(found)), rng.choice(_BYTES)
    found[at : at + len(by)] = by


def _insert(rng: Random, found: bytearray) -> None:
    at = rng.randint(0, len(found))
    found[at:at] = rng.choice(_BYTES) if rng.random() < 0.5 else rng.randbytes(rng.randint(1, 12))


def _remove(rng: Random, found: bytearray) -> None:
    at = rng.randint(0, len(found))
    del found[at : at + rng.randint(1, 16)]


def _repeat(rng: Random, found: bytearray) -> None:
    at = rng.randint(0, len(found))
    found[at:at] = found[at : at + rng.randint(1, 32)] * rng.randint(1, 3)


def _cut(rng: Random, found: bytearray) -> None:
    del found[rng.randint(0, len(found)) :]


_WAYS: Final[tuple[Callable[[Random, bytearray], None], ...]] = (_flip, _overwrite, _insert, _remove, _repeat, _cut)


def places(value: Any, path: Path = ()) -> list[Path]:
    """Return the path of every value inside, the outermost first."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(each for key, inner in inside for each in places(inner, (*path, key)))]


def reshaped(rng: Random, value: Any, others: Sequence[Any] = ()) -> Any:
    """Return a structure with one to three of its values replaced, removed, repeated or taken from another sample."""
    for _ in range(rng.randint(1, 3)):
        value = _at(rng, value, rng.choice(places(value)), others)
    return value


def nasty(rng: Random) -> Any:
    """Return a value that somebody did not think of."""
    way = rng.randrange(8)
    if way < 3:
        return rng.choice(NASTY_TEXTS)
    if way < 5:
        return rng.choice(NASTY_NUMBERS)
    return rng.choice((None, True, False, [], {}, [[]], {"": None}, 0.1, -1e308, [MARK], {"a": MARK}))


def _at(rng: Random, value: Any, path: Path, others: Sequence[Any]) -> Any:
    if not path:
        return _changed(rng, value, others)
    copy = dict(value) if isinstance(value, dict) else list(value)
    last = len(path) == 1
    if last and rng.random() < 0.2:
        del copy[path[0]]
    elif last and isinstance(copy, list) and rng.random() < 0.2:
        copy[path[0] : path[0]] = [copy[path[0]]] * rng.choice((1, 2, 50))
    else:
        copy[path[0]] = _at(rng, value[path[0]], path[1:], others)
    return copy


def _changed(rng: Random, value: Any, others: Sequence[Any]) -> Any:
    way = rng.random()
    if isinstance(value, str) and value and way < 0.25:
        return _twisted(rng, value)
    if isinstance(value, int) and not isinstance(value, bool) and way < 0.4:
        return value + rng.choice((-1, 1, -value, value, 3_600_000, -86_400_000))
    if others and way < 0.5:
        other = rng.choice(others)
        found = other
        for step in rng.choice(places(other)):
            found = found[step]
        return found
    return nasty(rng)


def _twisted(rng: Random, text: str) -> str:
    at = rng.randrange(len(text))
    return rng.choice(
        (text[:at], text + text, text[:at] + "\u200b" + text[at:], text.swapcase(), f" {text}", text[::-1])
    )


_YAML_WORDS: Final = (
    *NASTY_TEXTS,
    *("~", "&a *a", "*a", "!!python/object:os.system", "[", "{", "2026-01-01", "1:30", "yes", "<<: *a"),
    *("0x1F", "1_000", ".inf", "? x", "|"),
)


def retyped(rng: Random, text: str) -> str:
    """Return a text file with lines removed, repeated, swapped, indented, or a word of one replaced."""
    lines = text.split("\n")
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(lines))
        way = rng.randrange(7)
        if way == 0 and len(lines) > 1:
            del lines[at]
        elif way == 1:
            lines.insert(at, lines[rng.randrange(len(lines))])
        elif way == 2:
            lines[at] = " " * rng.randint(1, 4) + lines[at]
        elif way == 3:
            lines[at] = lines[at].strip()
        else:
            words = lines[at].split(" ")
            words[rng.randrange(len(words))] = rng.choice(_YAML_WORDS)
            lines[at] = " ".join(words)
    return "\n".join(lines)

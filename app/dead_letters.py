"""Dead letters as a person handles them: chosen, told, and sent on their way again (decision 0006). Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

from app.clock import Instant, to_iso
from app.outputs import DeadLetter, DeadLetterReason
from app.stage import OutRecord
from app.topics import INPUTS, Topic

REDRIVEN: Final = "makegood-redriven"
"""Header of a redriven record: the id of its dead letter."""

REDRIVEN_FROM: Final = "makegood-redriven-from"
"""Header of a redriven record: where it stood first, `<topic>/<partition>@<offset>`."""

HEAD_BYTES: Final = 64
"""How many bytes of a record are shown, at most."""


_GONE: Final = "its bytes were not kept, and its origin keeps them no longer: let its sender send it again"


class Redrive(NamedTuple):
    """What redriving comes to: records to write in this order, and letters that cannot be redriven, with the reason."""

    records: Sequence[OutRecord]
    refused: Sequence[tuple[DeadLetter, str]]


class Original(NamedTuple):
    """A record as it stands on its input topic: key, value, and when the broker took it."""

    key: bytes | None
    value: bytes | None
    timestamp: Instant


Place = tuple[str, int, int]
"""Where a record stands: topic, partition, offset."""

_NOTHING: Final[Mapping[Place, Original]] = MappingProxyType({})


def newest_last(letters: Iterable[DeadLetter]) -> list[DeadLetter]:
    """Return the letters in the order of their time, repeats of one id once."""
    unique = {letter.id: letter for letter in letters}
    return sorted(
        unique.values(), key=lambda letter: (letter.at, letter.topic, letter.partition, letter.offset, letter.id)
    )


def chosen(letters: Iterable[DeadLetter], prefixes: Sequence[str], reason: DeadLetterReason | None) -> list[DeadLetter]:
    """Return the letters whose id begins with one of the prefixes, or all; of that reason, or of any."""
    return [
        letter
        for letter in letters
        if (not prefixes or any(letter.id.startswith(prefix) for prefix in prefixes))
        and (reason is None or letter.reason is reason)
    ]


def left_there(letters: Iterable[DeadLetter]) -> list[Place]:
    """Return where the records stand that their letters do not hold: the journey knows a fact, not its record."""
    return [_place(letter) for letter in letters if letter.value is None and letter.topic in INPUTS]


def redrive(letters: Iterable[DeadLetter], originals: Mapping[Place, Original] = _NOTHING) -> Redrive:
    """Return the original records, oldest first and each once, even if several letters came of one.

    `originals`: what was found at the places that `left_there` names.
    """
    records: dict[Place, OutRecord] = {}
    refused = []
    for letter in sorted(letters, key=lambda letter: (letter.timestamp, letter.topic, letter.partition, letter.offset)):
        original = originals.get(_place(letter)) if letter.value is None else _held(letter)
        why_not = _why_not(letter, original)
        if why_not is not None or original is None:
            refused.append((letter, why_not or _GONE))
        else:
            records.setdefault(_place(letter), _again(letter, original))
    return Redrive(tuple(records.values()), tuple(refused))


def origin(letter: DeadLetter) -> str:
    """Return where the record stood first: `orders/2@4711`."""
    return f"{letter.topic}/{letter.partition}@{letter.offset}"


def listing(letters: Sequence[DeadLetter]) -> Iterator[str]:
    """Yield a line per letter and the counts by reason; no bytes, nothing personal."""
    for letter in letters:
        where = f"{origin(letter):<28}  {letter.field or '-':<20}"
        yield f"{letter.id}  {to_iso(letter.at)}  {letter.reason:<14}  {where}  {letter.detail}"
    counts = Counter(letter.reason for letter in letters)
    yield f"{len(letters)} dead letters" + "".join(f", {count} {reason}" for reason, count in sorted(counts.items()))


def description(letter: DeadLetter, *, with_bytes: bool) -> Iterator[str]:
    """Yield all there is to say of a letter; the record's first bytes, which may be personal, only when asked."""
    yield f"id      {letter.id}"
    yield f"at      {to_iso(letter.at)}"
    yield f"reason  {letter.reason}"
    yield f"detail  {letter.detail}"
    yield f"field   {letter.field or '-'}"
    yield f"origin  {origin(letter)}, received {to_iso(letter.timestamp)}"
    yield f"key     {_bytes(letter.key, with_bytes=with_bytes)}"
    yield f"value   {_bytes(letter.value, with_bytes=with_bytes)}"


def as_json(letter: DeadLetter, *, with_bytes: bool = False) -> Mapping[str, object]:
    """Return a letter as plain JSON values, with the lengths of key and value, and their first bytes when asked."""
    plain: dict[str, object] = {
        "at": to_iso(letter.at),
        "detail": letter.detail,
        "field": letter.field,
        "id": letter.id,
        "key_bytes": None if letter.key is None else len(letter.key),
        "offset": letter.offset,
        "partition": letter.partition,
        "reason": str(letter.reason),
        "received": to_iso(letter.timestamp),
        "topic": letter.topic,
        "value_bytes": None if letter.value is None else len(letter.value),
    }
    if with_bytes:
        plain["key_head"] = None if letter.key is None else letter.key[:HEAD_BYTES].hex()
        plain["value_head"] = None if letter.value is None else letter.value[:HEAD_BYTES].hex()
    return plain


def _place(letter: DeadLetter) -> Place:
    return (letter.topic, letter.partition, letter.offset)


def _held(letter: DeadLetter) -> Original:
    return Original(letter.key, letter.value, letter.timestamp)


def _why_not(letter: DeadLetter, original: Original | None) -> str | None:
    if letter.topic not in INPUTS:
        return f"{letter.topic} is no input topic (a replay's record is redriven by replaying its source)"
    if original is None:
        return _GONE
    if original.timestamp > letter.timestamp:
        # the places of a copied cluster are others than those that its letters name
        return "what stands at its origin is younger than it: let its sender send it again"
    return None


def _again(letter: DeadLetter, original: Original) -> OutRecord:
    headers = ((REDRIVEN, letter.id.encode()), (REDRIVEN_FROM, origin(letter).encode()))
    return OutRecord(Topic(letter.topic), original.key, original.value, headers)


def _bytes(content: bytes | None, *, with_bytes: bool) -> str:
    if content is None:
        return "none"
    said = f"{len(content)} bytes"
    if not with_bytes:
        return said
    head = content[:HEAD_BYTES].hex(" ")
    return f"{said}: {head}{' ...' if len(content) > HEAD_BYTES else ''}"

"""All that is held about one customer, as plain JSON values: what they may ask a company for (GDPR, article 15). Pure.

A record is theirs when it names them: by their own id, by the id of somebody merged into them, or by a name that leads
to them (order, parcel, case, e-mail ...), wherever in the record that stands.
"""

from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from enum import Enum
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import Struct

from app.clock import to_iso
from app.directory.state import AliasState
from app.directory.stored import decode_state as decode_aliases
from app.errors import InvalidRecord
from app.facts import Alias, Fact, PolicyActivated, decode_entry, decode_fact
from app.ids import CustomerId
from app.journey import known_by
from app.journey.parked import decode_parked, kept_of, parked_of
from app.journey.state import POLICY_KEY
from app.journey.stored import content_of, decode_state
from app.register.state import decode_entry as decode_register
from app.stage import LogRecord, tick_of
from app.topics import CHANGELOGS, INPUTS, OUTPUTS, Topic
from app.wire.codec import Codec
from app.wire.standing import stands_in

_SHORTEST: Final = 4
"""Bytes: a shorter name is not looked for in what nobody can read, it would be found everywhere."""


class Names(NamedTuple):
    """What leads to a customer: their ids, and the values of their aliases."""

    ids: frozenset[str]
    aliases: tuple[Alias, ...]

    @property
    def values(self) -> frozenset[str]:
        """Return every name that a record may have for them."""
        return self.ids | {alias.value for alias in self.aliases}


def names_of(customer: CustomerId, stored: bytes | None) -> Names:
    """Return what leads to a customer, by the state that the journey's changelog has of them (None: it has none)."""
    if stored is None:
        return Names(frozenset({customer}), ())
    state = decode_state(stored)
    return Names(frozenset({customer, *state.merged_from}), tuple(dict.fromkeys(known_by.of_customer(state))))


class Gathering:
    """Takes the records of one topic as they are read, and keeps those that name the customer.

    Of a compacted topic the newest record of each key stands. Memory is for what is theirs, not for the topic.
    """

    def __init__(self, topic: Topic, names: Names, codec: Codec) -> None:
        self._compacted = topic in {*CHANGELOGS, Topic.SUPPRESSIONS}
        self._names = names
        self._needles = tuple(name.encode() for name in names.values)
        self._codec = codec
        self._kept: dict[tuple[int, object], LogRecord] = {}

    def take(self, record: LogRecord) -> None:
        """Take the next record."""
        if tick_of(record) is not None or record.key == POLICY_KEY:
            return
        place = (record.partition, record.key if self._compacted else record.offset)
        if record.value is not None and self._may_be_theirs(record):
            self._kept[place] = record
        else:
            self._kept.pop(place, None)

    def found(self) -> Iterator[dict[str, Any]]:
        """Yield what was kept and is theirs: where it stands, since when, and what it holds."""
        for record in self._kept.values():
            content = _content(record, self._codec)
            if _is_theirs(record, content, self._names):
                yield {
                    "partition": record.partition,
                    "offset": record.offset,
                    "at": to_iso(record.timestamp),
                    "key": None if record.key is None else record.key.decode(errors="replace"),
                    "holds": plain(content),
                }

    def _may_be_theirs(self, record: LogRecord) -> bool:
        """Look for the names in the bytes: Avro and msgpack both write texts as they are."""
        return any(needle in (record.value or b"") or needle in (record.key or b"") for needle in self._needles)


def _content(record: LogRecord, codec: Codec) -> object:
    """Return what a record says; its bytes when nobody can read them."""
    value = record.value or b""
    try:
        if record.topic in {*INPUTS, *OUTPUTS}:
            decoded = codec.decode(value)
            return {"event": decoded.schema.event, **decoded.payload}
        if record.topic is Topic.JOURNEY_CHANGELOG and record.key is not None:
            if kept_of(record.key) is not None:
                return decode_fact(content_of(value))
            if parked_of(record.key) is not None:
                return decode_parked(value)
        return _OURS[record.topic](value)
    except (InvalidRecord, ValueError, msgspec.DecodeError):
        return value


_OURS: Final[Mapping[Topic, Callable[[bytes], object]]] = {
    Topic.DIRECTORY: decode_entry,
    Topic.JOURNEY_LOG: decode_fact,
    Topic.REGISTER_LOG: decode_fact,
    Topic.DIRECTORY_CHANGELOG: decode_aliases,
    Topic.JOURNEY_CHANGELOG: decode_state,
    Topic.REGISTER_CHANGELOG: decode_register,
}


def _is_theirs(record: LogRecord, content: object, names: Names) -> bool:
    if isinstance(content, Fact) and isinstance(content.what, PolicyActivated):
        # its words are nobody's, though a customer may be called like one of them
        return False
    if record.key is not None and _owner(record.key).decode(errors="replace") in names.ids:
        return True
    if isinstance(content, AliasState):
        # what waits under a name of theirs is about them, though nobody has said so yet
        return any(record.key == alias.key() for alias in names.aliases) or _named_in(content, names.ids)
    return _named_in(content, names.values)


def _owner(key: bytes) -> bytes:
    """Return whose a key is: also what is kept of somebody who is parked is theirs."""
    return kept_of(key) or parked_of(key) or key


def _named_in(content: object, names: frozenset[str]) -> bool:
    if isinstance(content, bytes):
        return any(stands_in(name.encode(), content) for name in names if len(name) >= _SHORTEST)
    return any(
        leaf in names if isinstance(leaf, str) else _named_in(leaf, names)
        for leaf in _leaves(content)
        if isinstance(leaf, str | bytes)
    )


def _leaves(content: object) -> Iterator[object]:
    if isinstance(content, Struct):
        for name in content.__struct_fields__:
            yield from _leaves(getattr(content, name))
    elif isinstance(content, Mapping):
        for key, value in content.items():
            yield from _leaves(key)
            yield from _leaves(value)
    elif isinstance(content, list | tuple | set | frozenset):
        for value in content:
            yield from _leaves(value)
    else:
        yield content


def plain(content: object) -> Any:
    """Return JSON values with the fields' names; bytes as base64, amounts as text."""
    if isinstance(content, Struct):
        return {name: plain(getattr(content, name)) for name in content.__struct_fields__}
    if isinstance(content, Mapping):
        return {str(key): plain(value) for key, value in content.items()}
    if isinstance(content, list | tuple | set | frozenset):
        return [plain(value) for value in content]
    if isinstance(content, bytes):
        return {"base64": b64encode(content).decode()}
    if isinstance(content, Enum):
        return content.value
    return str(content) if isinstance(content, Decimal) else content

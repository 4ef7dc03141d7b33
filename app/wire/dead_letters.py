"""Dead letters as records; every stage that refuses writes them this way (decision 0006)."""

from typing import Final

import msgspec

from app.clock import Instant
from app.errors import InvalidRecord
from app.facts import Source
from app.ids import OutputId, name_based
from app.outputs import DeadLetter, DeadLetterReason
from app.stage import LogRecord, OutRecord
from app.topics import Topic
from app.wire.codec import Codec

KEEP_BYTES: Final = 900 * 1024
"""A refused record's bytes are kept up to here: with its envelope a dead letter must stay below the broker's default
limit of 1 MiB. Larger ones are still on the input topic, at the offset the letter names."""


class DeadLetters:
    """Writes refusals as records of the dead-letters topic, keyed by their id."""

    def __init__(self, codec: Codec) -> None:
        self._codec = codec
        self._schema = codec.catalog.event(Topic.DEAD_LETTERS, "dead_letter")

    def record(self, letter: DeadLetter) -> OutRecord:
        """Return a dead letter as a record."""
        payload = msgspec.to_builtins(letter, builtin_types=(bytes,))
        del payload["type"]
        return OutRecord(Topic.DEAD_LETTERS, letter.id.encode(), self._codec.encode(self._schema, payload))

    def refuse(self, record: LogRecord, error: InvalidRecord, known_at: Instant, source: Source) -> OutRecord:
        """Return the dead letter of an input record: reason, field, where it stands, and its own bytes."""
        key, value, detail = record.key, record.value, error.detail
        if len(key or b"") + len(value or b"") > KEEP_BYTES:
            value, detail = None, f"{detail}; its bytes are not kept here, read them at the origin"
            key = None if len(key or b"") > KEEP_BYTES else key
        letter = DeadLetter(
            id=OutputId(name_based("dead-letter", source.topic, str(source.partition), str(source.offset))),
            at=known_at,
            reason=DeadLetterReason(error.reason),
            detail=detail,
            field=error.field,
            topic=record.topic.value,
            partition=source.partition,
            offset=source.offset,
            key=key,
            value=value,
            timestamp=known_at,
        )
        return self.record(letter)

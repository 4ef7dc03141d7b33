"""Records as the stages have them: read from a topic, and to be written to one.

There are several an event, so they are made without the garbage collector's bookkeeping: no field can lead back here.
"""

from msgspec import Struct

from app.clock import Instant
from app.topics import Topic

Headers = tuple[tuple[str, bytes | None], ...]
"""Names and values, as Kafka has them: a sender may give a header no value at all."""


class LogRecord(Struct, frozen=True, gc=False):
    """One record read from a topic. `key` None: meant for every key of the partition (a tick, a policy)."""

    key: bytes | None
    value: bytes | None
    timestamp: Instant
    """The broker's LogAppendTime; the running maximum within a partition."""
    topic: Topic
    partition: int
    offset: int
    headers: Headers = ()


class OutRecord(Struct, frozen=True, gc=False):
    """One record to write. `partition` None: by murmur2 of the key, as every Kafka client does it."""

    topic: Topic
    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    partition: int | None = None

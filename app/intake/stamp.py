"""When we learnt a record and where it stands: the broker's word live, the player's headers in a replay."""

from typing import Final, final

from app.clock import Instant
from app.facts import Source
from app.stage import Headers, LogRecord
from app.topics import Topic

KNOWN_AT: Final = "makegood-known-at"
"""Header: milliseconds, decimal digits. Honoured in a replay only (decision 0007)."""

SEQUENCE: Final = "makegood-sequence"
"""Header: the source's own order among equal times, decimal digits."""

ORIGIN: Final = "makegood-origin"
"""Header: `<name>:<partition>:<offset>`, where the record stands in the data: `orders.csv:0:17`."""


@final
class Stamp:
    """When we learnt a record, its place among equal times, and where it stands."""

    def __init__(self, known_at: Instant, sequence: int, source: Source) -> None:
        self.known_at = known_at
        self.sequence = sequence
        self.source = source


_NAMES: Final = {topic: topic.value for topic in Topic}


def replay_headers(known_at: Instant, sequence: int, source: Source) -> Headers:
    """Return the headers a player gives a record, so that its time and place are the data's own."""
    origin = f"{source.topic}:{source.partition}:{source.offset}"
    return ((KNOWN_AT, str(known_at).encode()), (SEQUENCE, str(sequence).encode()), (ORIGIN, origin.encode()))


def live_stamp(record: LogRecord) -> Stamp:
    """Return the broker's word; headers are not read: a sender must not choose our clock."""
    return Stamp(record.timestamp, 0, Source(_NAMES[record.topic], record.partition, record.offset))


def replay_stamp(record: LogRecord) -> Stamp:
    """Return the player's word; ValueError when its headers are missing or malformed (our own bug, not bad input)."""
    headers = {name: value for name, value in record.headers if value is not None}
    try:
        name, partition, offset = headers[ORIGIN].decode().rsplit(":", 2)
        source = Source(name, int(partition), int(offset))
        return Stamp(Instant(int(headers[KNOWN_AT])), int(headers[SEQUENCE]), source)
    except (KeyError, ValueError) as error:
        msg = (
            f"record at {record.topic}/{record.partition}/{record.offset} of a replay has no usable headers "
            f"{KNOWN_AT}, {SEQUENCE}, {ORIGIN}: {error!r}"
        )
        raise ValueError(msg) from error

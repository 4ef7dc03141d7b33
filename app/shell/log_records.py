"""What the client's parser makes of a record, as the stages take it."""

from collections.abc import Iterable

from app.clock import Instant
from app.shell.whole_batches import Row
from app.stage import LogRecord
from app.topics import Topic


def log_records(rows: Iterable[Row], topic: Topic, partition: int, newest: Instant) -> list[LogRecord]:
    """Convert consecutive rows of a partition; `newest` is the timestamp of the record before them, 0 if there is none.

    Timestamps become the running maximum, because a new leader's clock may be behind.
    """
    converted = []
    for row in rows:
        if row.timestamp > newest:
            newest = Instant(row.timestamp)
        headers = row.headers
        converted.append(
            LogRecord(row.key, row.value, newest, topic, partition, row.offset, tuple(headers) if headers else ())
        )
    return converted

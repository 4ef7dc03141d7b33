"""What intake makes of an input partition that nothing disturbed; the logs after it are worked by `LiveLog`."""

from collections.abc import Iterable

from aiokafka import ConsumerRecord

from app.clock import Instant
from app.main import Stages
from app.stage import LogRecord, OutRecord
from app.topics import Topic


def admitted(stages: Stages, topic: Topic, partition: int, records: Iterable[ConsumerRecord]) -> list[OutRecord]:
    """Return what intake makes of an input partition."""
    newest = Instant(0)
    found: list[OutRecord] = []
    for record in records:
        newest = max(newest, Instant(record.timestamp))
        known = LogRecord(record.key, record.value, newest, topic, partition, record.offset, record.headers)
        found.extend(stages.intake.admit(known))
    return found

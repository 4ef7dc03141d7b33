"""The client's consumer, giving whole batches where it would give records (decisions 0001, 0035).

It does all around the records: leaders, errors, aborted transactions, markers. Then it makes two objects of each record
by way of a generator and three methods, which took half of the time of reading. So it is given batches that look to it
like one record each, and whoever reads takes their records itself.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from aiokafka.consumer import fetcher
from aiokafka.record.memory_records import MemoryRecords

from app.records import LogRecord
from app.shell.record_batches import Batch, Batches
from app.topics import Topic


def in_batches(key: bytes | None) -> bytes | None:
    """Return a key as it is; a consumer given this as its `key_deserializer` gets batches in place of records."""
    return key


def records_of(batches: Iterable[Batch], begins: int, topic: Topic, partition: int) -> list[LogRecord]:
    """Return the records of batches, in order, from an offset on; the first batch may begin before it."""
    found: list[LogRecord] = []
    for batch in batches:
        found += batch.records(topic, partition)
    return found if not found or found[0].offset >= begins else [each for each in found if each.offset >= begins]


_unpack_records = fetcher.PartitionRecords._unpack_records  # noqa: SLF001
_consumer_record = fetcher.PartitionRecords._consumer_record  # noqa: SLF001


def _unpack(self: Any) -> Iterator[Any]:
    if self._key_deserializer is not in_batches:
        self._records = MemoryRecords(self._records.data)
    return _unpack_records(self)  # type: ignore[no-any-return]


def _as_it_is(self: Any, tp: Any, record: Any) -> Any:
    return record if self._key_deserializer is in_batches else _consumer_record(self, tp, record)


fetcher.MemoryRecords = Batches
fetcher.PartitionRecords._unpack_records = _unpack  # noqa: SLF001
fetcher.PartitionRecords._consumer_record = _as_it_is  # noqa: SLF001

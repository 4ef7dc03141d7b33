"""Kafka's record batches of format 2, read: every record of every topic passes here (decision 0035).

Loops over every record, so it is compiled as the core is (decision 0025).
Source: https://kafka.apache.org/documentation/#recordbatch
"""

import struct
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

import google_crc32c
from aiokafka import codec
from aiokafka.errors import CorruptRecordException, UnsupportedForMessageFormatError

from app.clock import Instant
from app.records import Headers, LogRecord
from app.topics import Topic

if TYPE_CHECKING:
    from mypy_extensions import i64

_HEADER: Final = struct.Struct(">qiibIhiqqqhii")
"""Base offset, length of what follows, leader epoch, magic, checksum, attributes, last offset's delta, first and newest
timestamp, producer, its epoch and sequence, count of records."""
_LENGTH_ENDS: Final = 12
_FORMAT_AT: Final = 16
_FORMAT: Final = 2
_CHECKED_FROM: Final = 21
_CODEC: Final = 0x07
_APPEND_TIME: Final = 0x08
_TRANSACTIONAL: Final = 0x10
_CONTROL: Final = 0x20
_UNPACK: Final[Mapping[int, Callable[[bytes], bytes]]] = {
    1: codec.gzip_decode,
    2: codec.snappy_decode,
    3: codec.lz4_decode,
    4: codec.zstd_decode,
}
_MOST_BITS: Final = 63
_NO_HEADERS: Final[Headers] = ()


class Batch:
    """A batch of a fetch; `offset` is its last one, whether or not a record has it.

    To the client's consumer it is a batch that holds one record, itself. UnsupportedForMessageFormatError for a format
    older than Kafka 0.11.
    """

    def __init__(self, data: bytes) -> None:
        if data[_FORMAT_AT] != _FORMAT:
            raise UnsupportedForMessageFormatError(
                f"a batch at offset {int.from_bytes(data[:8], 'big')} has format {data[_FORMAT_AT]}, which Kafka has "
                f"not written since 0.11: copy the topic into a new one, which has format {_FORMAT}"
            )
        self._data = data
        head = _HEADER.unpack_from(data)
        attributes: int = head[5]
        self.base_offset: int = head[0]
        self.next_offset: int = self.base_offset + int(head[6]) + 1
        self.offset: int = self.next_offset - 1
        self.producer_id: int = head[9]
        self.is_transactional = attributes & _TRANSACTIONAL != 0
        self.is_control_batch = attributes & _CONTROL != 0
        self._checksum: int = head[4]
        self._codec = attributes & _CODEC
        self._first_timestamp: int = head[7]
        self._append_time: int = head[8] if attributes & _APPEND_TIME else -1
        self._count: int = head[12]
        self._given = False

    def validate_crc(self) -> bool:
        """Say whether the batch is as it was written: its CRC-32C, at the speed of memory."""
        return bool(google_crc32c.value(self._data[_CHECKED_FROM:]) == self._checksum)

    def __iter__(self) -> "Batch":
        self._given = False
        return self

    def __next__(self) -> "Batch":
        if self._given:
            raise StopIteration
        self._given = True
        return self

    @property
    def key(self) -> bytes | None:
        """Of its first record: what kind of marker a control batch is."""
        return self.records(Topic.JOURNEY_LOG, 0)[0].key

    def records(self, topic: Topic, partition: int) -> list[LogRecord]:
        """Return the records of the batch; CorruptRecordException when they do not fill it exactly.

        Keys and values are bytes of exact size.
        """
        data, at = self._data, _HEADER.size
        if self._codec:
            data, at = _UNPACK[self._codec](data[at:]), 0
        try:
            found, ends = _records(
                data, at, self._count, self.base_offset, self._first_timestamp, self._append_time, topic, partition
            )
        except IndexError:
            found, ends = [], -1
        if ends != len(data):
            raise CorruptRecordException(f"{topic}/{partition}: the batch at offset {self.base_offset} does not read")
        return found


class Batches:
    """What a fetch brought of one partition, batch by batch; a broker may cut the last one short.

    `data` is all of it. To the client's consumer it is what its own parser of it would be.
    """

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._at = 0

    def size_in_bytes(self) -> int:
        """Return how much came: the client tells a batch that is too large by it."""
        return len(self.data)

    def has_next(self) -> bool:
        """Say whether another whole batch follows."""
        return self._ends() > 0

    def next_batch(self) -> Batch:
        """Return the next batch; ask `has_next` before."""
        begins, self._at = self._at, self._ends()
        return Batch(self.data[begins : self._at])

    def _ends(self) -> int:
        if len(self.data) - self._at < _CHECKED_FROM:
            return 0
        ends = self._at + _LENGTH_ENDS + int.from_bytes(self.data[self._at + 8 : self._at + _LENGTH_ENDS], "big")
        return ends if ends <= len(self.data) else 0


def in_time(records: list[LogRecord], newest: Instant) -> list[LogRecord]:
    """Return consecutive records of a partition with timestamps that never go back, from `newest` on.

    They become the running maximum, because a new leader's clock may be behind.
    """
    for place in range(len(records)):
        record = records[place]
        if record.timestamp < newest:
            records[place] = LogRecord(
                record.key, record.value, newest, record.topic, record.partition, record.offset, record.headers
            )
        else:
            newest = record.timestamp
    return records


def keyless(records: list[LogRecord], begins: int) -> int:
    """Return the place of the first record without a key from `begins` on; how many there are, if each has one."""
    for place in range(begins, len(records)):
        if records[place].key is None:
            return place
    return len(records)


def _records(
    data: bytes,
    at: "i64",
    count: "i64",
    first_offset: "i64",
    first_timestamp: "i64",
    append_time: "i64",
    topic: Topic,
    partition: int,
) -> "tuple[list[LogRecord], i64]":
    """Return so many records and where the last one ends, -1 when one is not as long as it says.

    IndexError where the data ends within one. `append_time` below zero: each record has a timestamp of its own.
    """
    found: list[LogRecord] = []
    for _ in range(count):
        length, at = _varint(data, at)
        ends = at + length
        timestamp, at = _varint(data, at + 1)
        timestamp = append_time if append_time >= 0 else first_timestamp + timestamp
        place, at = _varint(data, at)
        key, at = _bytes(data, at)
        value, at = _bytes(data, at)
        headers, at = _headers(data, at) if data[at] else (_NO_HEADERS, at + 1)
        if at != ends:
            return found, -1
        found.append(LogRecord(key, value, Instant(timestamp), topic, partition, first_offset + place, headers))
    return found, at


def _varint(data: bytes, at: "i64") -> "tuple[i64, i64]":
    byte: i64 = data[at]
    number = byte & 0x7F
    shift: i64 = 7
    while byte & 0x80 and shift <= _MOST_BITS:
        at += 1
        byte = data[at]
        number |= (byte & 0x7F) << shift
        shift += 7
    return (number >> 1) ^ -(number & 1), at + 1


def _bytes(data: bytes, at: "i64") -> "tuple[bytes | None, i64]":
    size, at = _varint(data, at)
    return (None, at) if size < 0 else (data[at : at + size], at + size)


def _headers(data: bytes, at: "i64") -> "tuple[Headers, i64]":
    count, at = _varint(data, at)
    found: list[tuple[str, bytes | None]] = []
    for _ in range(count):
        name, at = _bytes(data, at)
        value, at = _bytes(data, at)
        found.append(((name or b"").decode(), value))
    return tuple(found), at

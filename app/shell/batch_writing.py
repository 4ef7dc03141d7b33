"""Kafka's record batches of format 2, written: every record of ours passes here (decisions 0001, 0035).

Loops over every record, so it is compiled as the core is (decision 0025); `record_batches` reads what this writes.
Source: https://kafka.apache.org/documentation/#recordbatch
"""

import struct
from collections.abc import Sequence
from typing import Final

import google_crc32c
from librt.strings import BytesWriter

from app.stage import OutRecord
from app.wire.writing import write_whole

_HEAD: Final = struct.Struct(">qiibI")
"""Base offset, length of what follows it, leader epoch, format, checksum."""
_CHECKED: Final = struct.Struct(">hiqqqhii")
"""Attributes, last offset's delta, first and newest timestamp, producer, its epoch and sequence, count of records."""
_HEADERS: Final = _HEAD.size + _CHECKED.size
_AFTER_LENGTH: Final = 12
_FORMAT: Final = 2
_TRANSACTIONAL: Final = 0x10
_NOBODY: Final = -1
_FRAME: Final = 3
"""Bytes of a record beside its place, key, value and headers: attributes, no time of its own, how many headers."""
_ONE_BYTE: Final = 1 << 6
_TWO_BYTES: Final = 1 << 13
_THREE_BYTES: Final = 1 << 20


class BatchToWrite:
    """Records of one partition, all of one time (`at`, ms; the broker puts its own in its place).

    The client's sender takes it for one that its own builder made: below `size` is what it asks of one.
    """

    def __init__(self, limit: int, at: int, *, transactional: bool) -> None:
        self._limit = limit
        self._at = at
        self._attributes = _TRANSACTIONAL if transactional else 0
        self._producer = (_NOBODY, _NOBODY, _NOBODY)
        self._count = 0
        self._records = BytesWriter()
        self._built: bytes | None = None

    def fill(self, records: Sequence[OutRecord], start: int) -> int:
        """Take records from `start` on up to the limit, the first of any size; return where the next batch begins."""
        out = self._records
        for place in range(start, len(records)):
            record = records[place]
            key, value, headers = record.key, record.value, record.headers
            delta = place - start
            size = _FRAME + _spread(delta) + _size_of(key) + _size_of(value)
            if headers:
                size += _spread(len(headers)) - 1
                for name, told in headers:
                    size += _size_of(name.encode()) + _size_of(told)
            if delta and _HEADERS + len(out) + _spread(size) + size > self._limit:
                return place
            write_whole(out, size)
            out.append(0)
            out.append(0)
            write_whole(out, delta)
            _write(out, key)
            _write(out, value)
            write_whole(out, len(headers))
            for name, told in headers:
                _write(out, name.encode())
                _write(out, told)
            self._count = delta + 1
        return len(records)

    def size(self) -> int:
        """Return its length in bytes, headers included."""
        return _HEADERS + len(self._records) if self._built is None else len(self._built)

    def record_count(self) -> int:
        """Return how many records it holds."""
        return self._count

    def close(self) -> None:
        """Do nothing: it is handed over full."""

    def closed(self) -> bool:
        """Say that it takes no more."""
        return True

    def append(self, **_: object) -> None:
        """Take no more: None is the client's word for a full batch."""
        return

    def _set_producer_state(self, producer_id: int, producer_epoch: int, base_sequence: int) -> None:
        self._producer = (producer_id, producer_epoch, base_sequence)

    def _build(self) -> bytes:
        """Return the bytes, always the same ones: what is sent again must not differ."""
        if self._built is None:
            self._built = self._whole(self._records.getvalue())
            self._records = BytesWriter()
        return self._built

    def _whole(self, records: bytes) -> bytes:
        who, epoch, sequence = self._producer
        last, at = self._count - 1, self._at
        checked = _CHECKED.pack(self._attributes, last, at, at, who, epoch, sequence, self._count)
        checksum = google_crc32c.extend(google_crc32c.value(checked), records)
        length = _HEADERS - _AFTER_LENGTH + len(records)
        return b"".join((_HEAD.pack(0, length, _NOBODY, _FORMAT, checksum), checked, records))


def _write(out: BytesWriter, value: bytes | None) -> None:
    if value is None:
        write_whole(out, _NOBODY)
        return
    write_whole(out, len(value))
    out.write(value)


def _size_of(value: bytes | None) -> int:
    return 1 if value is None else _spread(len(value)) + len(value)


def _spread(number: int) -> int:
    """Return how many bytes `write_whole` makes of a length or a place."""
    if number < _ONE_BYTE:
        return 1
    if number < _TWO_BYTES:
        return 2
    if number < _THREE_BYTES:
        return 3
    return (number.bit_length() + 7) // 7

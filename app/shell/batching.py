"""Sorting records by partition.

Nothing but loops over every record that is written, so it is compiled as the core is (decision 0025).
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Final

from app.stage import OutRecord
from app.topics import Topic

if TYPE_CHECKING:
    from mypy_extensions import i64

Place = tuple[Topic, int]
"""A topic and one of its partitions."""

_SEED: Final = 0x9747B28C
_FACTOR: Final = 0x5BD1E995
_WORD: Final = 0xFFFFFFFF
_POSITIVE: Final = 0x7FFFFFFF


def partition_of(key: bytes, partitions: int) -> int:
    """Return the partition of a key, as every Kafka client computes it (murmur2).

    The client's own is Python, 2.7 µs a key; compiled, this one takes less than looking a key up in a cache.
    """
    size: i64 = len(key)
    words: i64 = size - size % 4
    found: i64 = _SEED ^ size
    at: i64 = 0
    while at < words:
        # each byte by itself: of what is shifted as a Python number, the shift alone takes as long as all of this
        first: i64 = key[at]
        second: i64 = key[at + 1]
        third: i64 = key[at + 2]
        fourth: i64 = key[at + 3]
        word: i64 = first | second << 8 | third << 16 | fourth << 24
        word = word * _FACTOR & _WORD
        word = (word ^ word >> 24) * _FACTOR & _WORD
        found = found * _FACTOR & _WORD ^ word
        at += 4
    if at < size:
        shift: i64 = 0
        while at < size:
            byte: i64 = key[at]
            found ^= byte << shift
            shift += 8
            at += 1
        found = found * _FACTOR & _WORD
    found = (found ^ found >> 13) * _FACTOR & _WORD
    found = (found ^ found >> 15) & _POSITIVE
    return found % partitions


def as_records(changes: Mapping[bytes, bytes | None], topic: Topic, partition: int) -> list[OutRecord]:
    """Return changes of a table as records of one partition, in their order."""
    return [OutRecord(topic, key, value, (), partition) for key, value in changes.items()]


def topics_of(records: Iterable[OutRecord]) -> set[Topic]:
    """Return the topics that records are for."""
    return {record.topic for record in records}


def by_place(
    records: Iterable[OutRecord], partitions: Mapping[Topic, int], turns: Iterator[int]
) -> dict[Place, list[OutRecord]]:
    """Sort records by topic and partition, in the order given; `partitions` says how many each topic has.

    `turns` counts on with each record that has neither key nor partition: those go round.
    """
    sorted_: dict[Place, list[OutRecord]] = {}
    for record in records:
        topic, partition = record.topic, record.partition
        if partition is None:
            key = record.key
            count = partitions[topic]
            partition = next(turns) % count if key is None else partition_of(key, count)
        place = (topic, partition)
        group = sorted_.get(place)
        if group is None:
            sorted_[place] = [record]
        else:
            group.append(record)
    return sorted_

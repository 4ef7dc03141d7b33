"""Record batches as a broker keeps them, made by the client's own builder."""

from collections.abc import Sequence

from aiokafka.record.default_records import DefaultRecordBatchBuilder

Row = tuple[bytes | None, bytes | None, int, Sequence[tuple[str, bytes | None]]]
"""A record's key, value, timestamp and headers."""


def written(base: int, rows: Sequence[Row], packed: int = 0) -> bytes:
    """Return a batch whose first record is at offset `base`; `packed` is the codec's number, 0 none."""
    builder = DefaultRecordBatchBuilder(2, packed, 0, -1, -1, 0, 1 << 20)
    for place, (key, value, timestamp, headers) in enumerate(rows):
        builder.append(place, timestamp, key, value, list(headers))
    built = bytearray(builder.build())
    built[:8] = base.to_bytes(8, "big")
    return bytes(built)

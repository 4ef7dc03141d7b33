"""Each customer's outputs as their records' bytes, in bounded memory: the timeline is told from them when asked for."""

from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from app.ids import CustomerId
from app.outputs import Output
from app.topics import Topic
from app.web.pieces import in_pieces

_DECODED_AT_ONCE: Final = 5
"""A decision takes some 200 microseconds."""

Decode = Callable[[Topic, bytes | None], Output | None]


class Timelines:
    """Records by customer; when memory runs out, those of the customer that changed least recently go."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._bytes = 0
        self._records: OrderedDict[CustomerId, list[tuple[Topic, bytes]]] = OrderedDict()
        self.forgotten = 0

    def add(self, customer: CustomerId, topic: Topic, value: bytes) -> None:
        """Keep one more record of a customer."""
        self._records.setdefault(customer, []).append((topic, value))
        self._records.move_to_end(customer)
        self._bytes += len(value)
        while self._bytes > self._most and len(self._records) > 1:
            _, gone = self._records.popitem(last=False)
            self._bytes -= sum(len(record) for _, record in gone)
            self.forgotten += 1

    def forget(self, customer: CustomerId) -> None:
        """Let go of a customer's records."""
        self._bytes -= sum(len(record) for _, record in self._records.pop(customer, ()))

    async def outputs(self, customer: CustomerId, decode: Decode) -> list[Output]:
        """Return a customer's outputs that are kept, in the order they were read; decoded in pieces."""
        records = tuple(self._records.get(customer, ()))
        found = (decode(topic, value) for topic, value in records)
        return [output async for output in in_pieces(found, _DECODED_AT_ONCE) if output is not None]

"""Which record of a round an output follows from, so that its trace goes on there (decision 0020).

The stages are pure and know no traces. A fact on a log names the input record it came from; every other output is keyed
by the customer whose facts were worked. Where several traced records of a round could be meant, the latest is.
"""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Final

from msgspec import structs

from app.facts import AliasBound, AliasForgotten, decode_entry, decode_fact
from app.facts.fact import Source
from app.ids import CustomerId
from app.stage import LogRecord, OutRecord
from app.topics import LOGS, Topic

Header = tuple[str, bytes]

_REMEMBERED: Final = 10_000
"""Facts of traces that wait for their customer in the directory; a worker that dies forgets them."""


class Waiting:
    """The headers of traced facts that have gone into a stage and may come out of it in a later round."""

    def __init__(self) -> None:
        self._headers: OrderedDict[Source, Header] = OrderedDict()

    def keep(self, source: Source, header: Header) -> None:
        """Remember one; the oldest is forgotten when there are too many."""
        self._headers[source] = header
        self._headers.move_to_end(source)
        if len(self._headers) > _REMEMBERED:
            self._headers.popitem(last=False)

    def of(self, source: Source) -> Header | None:
        """Return the header of a fact's trace."""
        return self._headers.get(source)

    def __len__(self) -> int:
        return len(self._headers)


class Paths:
    """The ways through one round: traced records in, outputs marked with the header of the one each follows from."""

    def __init__(self, traced: Mapping[LogRecord, Header], waiting: Waiting) -> None:
        self._waiting = waiting
        self._by_source: dict[Source, Header] = {}
        self._by_key: dict[bytes, Header] = {}
        for record, header in traced.items():
            self._take(record, header)

    def _take(self, record: LogRecord, header: Header) -> None:
        if record.key is not None:
            self._by_key[record.key] = header
        source, customer = _about(record)
        if source is not None:
            self._by_source[source] = header
            if record.topic is Topic.DIRECTORY:
                self._waiting.keep(source, header)
        if customer is not None:
            self._by_key[customer.encode()] = header

    def marked(self, output: OutRecord) -> OutRecord:
        """Return an output with the header of what it follows from, as it is when that was not traced."""
        header = self._header(output)
        return output if header is None else structs.replace(output, headers=(*output.headers, header))

    def _header(self, output: OutRecord) -> Header | None:
        if output.topic in LOGS:
            source, customer = _about(output)
            if source is not None and (found := self._by_source.get(source) or self._waiting.of(source)):
                return found
            if customer is not None and (found := self._by_key.get(customer.encode())):
                return found
        return None if output.key is None else self._by_key.get(output.key)


def _about(record: LogRecord | OutRecord) -> tuple[Source | None, CustomerId | None]:
    """Return which input record a log's record came from, and whom it is about, as far as it says."""
    if record.value is None:
        return None, None
    if record.topic is not Topic.DIRECTORY:
        fact = decode_fact(record.value)
        return fact.source, fact.subject.customer
    entry = decode_entry(record.value)
    if isinstance(entry, AliasForgotten):
        return None, entry.customer
    if isinstance(entry, AliasBound):
        return entry.source, entry.subject.customer
    return entry.fact.source, entry.fact.subject.customer

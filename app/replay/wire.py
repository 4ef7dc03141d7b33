"""Input events as records, and stretches of them: what offline and Kafka runs both feed to the stages."""

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from typing import Final, NamedTuple

from app.clock import Instant, after
from app.directory.limits import WAIT_LIMIT
from app.errors import InvalidRecord, SetupError
from app.facts import Source
from app.intake.campaigns import OF_A_CUSTOMER
from app.intake.stamp import replay_headers
from app.replay.source import InputEvent, Malformed
from app.stage import Headers
from app.topics import Topic
from app.wire.payload import encode_event


class InputRecord(NamedTuple):
    """An input event in its schema's form, with the player's headers; `type` is the event's name, for counting."""

    topic: Topic
    key: bytes | None
    value: bytes
    headers: Headers
    known_at: Instant
    type: str


class Stretch(NamedTuple):
    """Records that follow each other, and the time up to which nothing is missing: its tick.

    `spans`: some of them are for all customers and come before those of single ones.
    """

    records: tuple[InputRecord, ...]
    until: Instant
    spans: bool = False


def records(
    events: Iterable[InputEvent], until: Instant | None, report: Callable[[Malformed], None]
) -> Iterator[InputRecord]:
    """Encode events up to `until` (None: all); one that does not fit its schema goes to `report`."""
    for event in events:
        if until is not None and event.known_at > until:
            return
        try:
            value = encode_event(event.topic, event.type, event.payload)
        except InvalidRecord as error:
            where = f"{event.type}: {error.field}" if error.field else event.type
            report(Malformed(event.origin.file, event.origin.line, f"{where} {error.detail}"))
            continue
        except SetupError as error:
            report(Malformed(event.origin.file, event.origin.line, str(error)))
            continue
        key = None if event.key is None else event.key.encode()
        yield InputRecord(event.topic, key, value, _headers(event), event.known_at, event.type)


def stretches(found: Iterable[InputRecord], size: int) -> Iterator[Stretch]:
    """Cut into stretches of about `size` records; those with one known_at are never parted (decision 0007).

    No stretch is longer than a fact waits for its customer: an alias that one fact of a stretch brings is bound before
    the next stretch, so nothing that waits for it has given up by then. What is stated for all customers is in a
    stretch of its own moment, before which the clock has come up to it (see `hops`).
    """
    current: list[InputRecord] = []
    for known_at, group in groupby(found, key=lambda record: record.known_at):
        moment = tuple(group)
        spans = any(_spans(record) for record in moment)
        if current and (spans or _is_whole(current, known_at, size)):
            yield Stretch(tuple(current), current[-1].known_at)
            current = []
        if spans:
            yield Stretch((), Instant(known_at - 1))
            yield Stretch(moment, known_at, spans=True)
        else:
            current.extend(moment)
    if current:
        yield Stretch(tuple(current), current[-1].known_at)


def _spans(record: InputRecord) -> bool:
    return (record.topic is Topic.CAMPAIGNS and record.type != OF_A_CUSTOMER) or record.type in _OF_SEVERAL


_OF_SEVERAL: Final = frozenset({"customer_merged", "customer_erased"})
"""Events after which one customer's facts become another's, or nobody's."""


def _is_whole(current: list[InputRecord], known_at: Instant, size: int) -> bool:
    return known_at >= after(current[0].known_at, WAIT_LIMIT) or len(current) >= size


def _headers(event: InputEvent) -> Headers:
    origin = Source(event.origin.file, event.origin.part, event.origin.line)
    return replay_headers(event.known_at, event.sequence, origin)

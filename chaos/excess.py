"""What is too much. Each takes the ground and a scale (1: as described), and returns when it is over."""

import asyncio
from collections.abc import Iterable, Iterator
from itertools import islice
from time import monotonic
from typing import Any, Final

from app.clock import DAY, Instant, to_iso
from app.shell.safe_clock import wall_clock
from app.shell.writers import LogWriter
from app.stage import OutRecord
from app.topics import Topic
from app.wire.payload import encode_event
from chaos.faults import replace
from chaos.ground import Ground

_SLOW_SECONDS: Final = 60.0
_SLOW_DELAY: Final = 0.3
_AWAY_SECONDS: Final = 120.0
_BURST_SECONDS: Final = 60.0
_TIMES: Final = 10
_HOT_EVENTS: Final = 100_000
_LETTERS: Final = 1_000_000
_BEYOND: Final = 50_000
_AT_ONCE: Final = 5_000
_RUBBISH: Final = b"rubbish that is no Avro record of ours, " * 5


async def slow(ground: Ground, scale: float) -> dict[str, Any]:
    """Let everything between the worker and the broker take 0.3 s a piece."""
    ground.proxy.delay = _SLOW_DELAY
    await asyncio.sleep(_SLOW_SECONDS * scale)
    ground.proxy.delay = 0.0
    return {"seconds": _SLOW_SECONDS * scale}


async def absent(ground: Ground, scale: float) -> dict[str, Any]:
    """Let the broker be silent to the worker, and then refuse it, while senders go on."""
    for mood in ("silent", "refusing"):
        ground.proxy.be("silent" if mood == "silent" else "refusing")
        await asyncio.sleep(_AWAY_SECONDS / 2 * scale)
    ground.proxy.be("passing")
    return {"seconds": _AWAY_SECONDS * scale}


async def slow_outputs(ground: Ground, scale: float) -> dict[str, Any]:
    """Let all that the worker writes take 0.3 s a piece, while it reads ten times as much as usual at full speed."""
    ground.proxy.only_writes, ground.proxy.delay = True, _SLOW_DELAY
    seen = await burst(ground, scale)
    ground.proxy.delay = 0.0
    return seen


async def absent_outputs(ground: Ground, scale: float) -> dict[str, Any]:
    """Let nothing that the worker writes be answered, while ten times as much as usual can be read."""
    ground.proxy.only_writes = True
    ground.proxy.be("silent")
    seen = await burst(ground, scale)
    ground.proxy.be("passing")
    return seen


async def burst(ground: Ground, scale: float) -> dict[str, Any]:
    """Let ten times as many customers begin a second."""
    usual = ground.producer.rate
    before = len(ground.producer.confirmed)
    ground.producer.rate = usual * _TIMES
    await asyncio.sleep(_BURST_SECONDS * scale)
    ground.producer.rate = usual
    sent = len(ground.producer.confirmed) - before
    return {"seconds": _BURST_SECONDS * scale, "records": sent}


async def hot(ground: Ground, scale: float) -> dict[str, Any]:
    """Send one customer's 100,000 events: scans of one parcel, messages of one case."""
    return await _send(ground, _hot(round(_HOT_EVENTS * scale)))


async def letters(ground: Ground, scale: float) -> dict[str, Any]:
    """Send a million records that nobody can read, to a worker that is told to drain them."""
    return await _send(ground, _rubbish(round(_LETTERS * scale)), compared=False)


async def beyond_the_limit(ground: Ground, scale: float) -> dict[str, Any]:
    """Send rubbish until the topic's intake stops; then replace the worker by one without the limit."""
    seen = await _send(ground, _rubbish(round(_BEYOND * max(scale, 0.2))))
    began = monotonic()
    member = ground.crew.working[0]
    while not (await asyncio.to_thread(member.metrics)).get("makegood_intake_stopped"):
        if monotonic() - began > _AWAY_SECONDS:
            return {**seen, "stopped_after": None}
        await asyncio.sleep(0.5)
    stopped = monotonic() - began
    await asyncio.sleep(5)
    drained = await ground.written(Topic.DEAD_LETTERS)
    await replace(ground, member, MAKEGOOD_DEAD_LETTERS_PER_MINUTE="0")
    return {**seen, "stopped_after_s": round(stopped, 1), "letters_when_stopped": drained}


async def _send(ground: Ground, records: Iterable[OutRecord], *, compared: bool = True) -> dict[str, Any]:
    """Send records as fast as the broker takes them; `compared`: they count as the producer's own."""
    writer = LogWriter(ground.connection, ground.wire_name)
    await writer.start()
    began, sent, left = monotonic(), 0, iter(records)
    try:
        while chunk := list(islice(left, _AT_ONCE)):
            await asyncio.gather(*await writer.send(chunk))
            if compared:
                ground.producer.confirmed.extend(chunk)
            sent += len(chunk)
    finally:
        await writer.stop()
    return {"sent": sent, "sent_in_s": round(monotonic() - began, 1)}


def _rubbish(number: int) -> Iterator[OutRecord]:
    for place in range(number):
        yield OutRecord(Topic.TRACKING_SCANS, b"%d" % place, b"%d " % place + _RUBBISH)


def _hot(number: int) -> Iterator[OutRecord]:
    now = wall_clock()
    parcel = {"carrier": "northpost", "tracking_number": "T-hot"}
    price = {"amount": "40.00", "currency": "EUR"}
    line = {"line_id": "1", "product_id": "P-1", "name": "kettle", "quantity": 1, "unit_price": "40.00"}
    promise = {"milestone": "delivered", "due": to_iso(Instant(now + DAY))}
    placed = {"customer_id": "HOT", "order_id": "O-hot", "brand": "default", "country": "DE", "value": price}
    yield _event(Topic.ORDERS, "order_placed", now, 0, {**placed, "lines": [line], "promises": [promise]})
    yield _event(Topic.ORDERS, "dispatched", now, 1, {"journey_id": "O-hot", "parcels": [parcel]})
    case = {"customer_id": "HOT", "case_id": "K-hot", "channel": "email", "desk": "orders", "complaint": True}
    yield _event(Topic.CASE_EVENTS, "case_opened", now, 2, case)
    message = {"case_id": "K-hot", "channel": "email"}
    for place in range(3, number):
        at = Instant(now + place)
        if place % 2:
            yield _event(Topic.TRACKING_SCANS, "parcel_scanned", at, place, {**parcel, "status": "in_transit"})
        else:
            kind = "message_received" if place % 4 else "message_sent"
            yield _event(Topic.CASE_EVENTS, kind, at, place, message)


def _event(topic: Topic, type_: str, at: Instant, number: int, payload: dict[str, Any]) -> OutRecord:
    whole = {"event_id": f"hot-{number}", "occurred_at": to_iso(at), **payload}
    return OutRecord(topic, b"hot", encode_event(topic, type_, whole))

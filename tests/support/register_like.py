"""A made-up month in which many customers ask one register: campaigns, offers, calls on hold and one budget."""

import json
from binascii import crc32
from pathlib import Path
from typing import Any

from app.clock import DAY, HOUR, MINUTE, Instant, from_iso, to_iso
from app.replay.timeline import Story

START = from_iso("2026-03-02T09:00:00Z")
CUSTOMERS = 14
PURCHASE = 40_000
"""Its thank-you of 5 % is 2,000.00: five of them are all that the month's 10,000.00 can pay."""


def make_month(folder: Path) -> None:
    """Write `events.jsonl`, its lines in no order of time."""
    folder.mkdir(parents=True)
    lines = [*_for_all()]
    for number in range(CUSTOMERS):
        lines.extend(_customer(number))
    lines.sort(key=lambda line: crc32(json.dumps(line).encode()))
    (folder / "events.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def write_events(folder: Path, *stories: Story) -> None:
    """Write the events of timelines as `events.jsonl`."""
    folder.mkdir(parents=True)
    lines = [
        {
            "topic": entry.event.topic.value,
            "known_at": to_iso(entry.at),
            "value": {"event": entry.event.type, "payload": entry.event.payload},
        }
        for story in stories
        for entry in story.timeline
        if entry.event is not None
    ]
    (folder / "events.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def _line(at: int, on: str, event: str, /, **payload: Any) -> dict[str, Any]:
    when = to_iso(Instant(at))
    return {"topic": on, "known_at": when, "value": {"event": event, "payload": {"occurred_at": when, **payload}}}


def _for_all() -> list[dict[str, Any]]:
    terms = {"discount": "20 %"}
    assets = [{"asset": "U-1", "audio_class": "sales", "products": ["P1"]}]
    lines = [
        _line(START, "campaigns", "offer_stated", offer_id="O-1", version=1, terms=terms),
        _line(START + HOUR, "campaigns", "playlist_stated", playlist_id="L-1", assets=assets),
        _line(
            START + 30 * HOUR,
            "campaigns",
            "coupon_terms_stated",
            offer_id="O-1",
            version=1,
            terms={**terms, "products": ["P7"]},
        ),
    ]
    for number, day in enumerate((1, 2, 9)):
        at = START + day * DAY + 7 * MINUTE
        send_at = to_iso(Instant(at + 2 * DAY))
        lines.append(
            _line(
                at,
                "campaigns",
                "campaign_planned",
                campaign_id=f"K-{number}",
                message_class="promotion",
                send_at=send_at,
            )
        )
    return lines


def _customer(number: int) -> list[dict[str, Any]]:
    name, brand = f"C-{number}", "deals"
    who = {"customer_id": name}
    at = START + (number * 7 % 20) * HOUR
    money = {"amount": "60.00", "currency": "USD"}
    line = {"line_id": "L1", "product_id": "P1", "name": "lamp", "unit_price": "60.00"}
    bought = {"amount": f"{PURCHASE}.00", "currency": "USD"}
    buys = START + 8 * DAY + (number * 5 % 4) * HOUR
    return [
        _line(at, "orders", "order_placed", **who, order_id=f"O-{number}", brand=brand, value=money, lines=[line]),
        _line(at + HOUR, "campaigns", "offer_shown", **who, offer_id="O-1", version=1, channel="email"),
        _line(at + 2 * HOUR, "orders", "failure_stated", journey_id=f"O-{number}", failure="lost", line_ids=["L1"]),
        _line(
            at + 3 * HOUR,
            "orders",
            "trade_in_sent",
            **who,
            trade_in_id=f"T-{number}",
            brand=brand,
            value=money,
            lines=[line],
        ),
        _line(
            at + 4 * HOUR,
            "orders",
            "coupon_issued",
            trade_in_id=f"T-{number}",
            coupon_id=f"CP-{number}",
            offer_id="O-1",
        ),
        _line(
            at + 5 * HOUR, "case-events", "case_opened", **who, case_id=f"K-{number}", topic="phone", channel="phone"
        ),
        _line(at + 5 * HOUR + MINUTE, "case-events", "hold_started", **who, case_id=f"K-{number}"),
        *(
            _line(
                at + 5 * HOUR + played * MINUTE,
                "case-events",
                "hold_audio_played",
                **who,
                case_id=f"K-{number}",
                asset="U-1",
            )
            for played in (2, 3, 4, 5)
        ),
        _line(at + 6 * HOUR, "case-events", "case_resolved", **who, case_id=f"K-{number}"),
        _line(at + 6 * HOUR, "orders", "refunded", journey_id=f"O-{number}", amount=money),
        _line(buys, "orders", "order_placed", **who, order_id=f"N-{number}", brand=brand, value=bought, lines=[line]),
        _line(buys, "orders", "order_confirmed", order_id=f"N-{number}"),
    ]

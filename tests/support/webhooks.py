"""Webhook bodies of our own in each vendor's true shape, read as the receiver reads them."""

import json
from pathlib import Path
from typing import Any, Final

from app.adapters.event import Encoder, InputEvent
from app.adapters.foreign import Foreign, parsed
from app.clock import Instant, from_iso
from app.wire.codec import bundled_codec

FOLDER: Final = Path(__file__).resolve().parents[1] / "fixtures" / "webhooks"
NOW: Final = from_iso("2026-05-01T00:00:00Z")


def raw(name: str) -> bytes:
    return (FOLDER / f"{name}.json").read_bytes()


def body(name: str, **changes: Any) -> Foreign:
    """Return a fixture's body; `changes` replace fields of it, dots written as double underscores."""
    value = json.loads(raw(name))
    for path, change in changes.items():
        *into, last = path.split("__")
        inner = value
        for part in into:
            inner = inner[part]
        if change is ...:
            del inner[last]
        else:
            inner[last] = change
    return parsed(json.dumps(value).encode())


def accepted(events: list[InputEvent], now: Instant = NOW) -> list[InputEvent]:
    """Return the events, after the checks that the receiver makes of them."""
    Encoder(bundled_codec()).records(events, now)
    return events

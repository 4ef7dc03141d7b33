"""What an input record may hold. Our own choices, each with its reason; beyond them it becomes a dead letter."""

from typing import Final

from app.clock import DAY, Instant, Millis

MAX_RECORD_BYTES: Final = 256 * 1024
"""Key and value together. An order of 500 lines takes 40 KiB; a customer's whole state must stay below 256 KiB."""

MAX_ID: Final = 200
"""Characters of an id. The longest in use elsewhere are e-mail addresses (254 by RFC 5321, in practice below 100)."""

MAX_INCIDENT: Final = 4 * MAX_ID
"""Characters of an incident's name: a brand, a problem type, and what its customers share, a place or an id."""

MAX_WORD: Final = 100
"""Characters of a word of an open list: statuses, channels, milestones."""

MAX_TEXT: Final = 10_000
"""Characters of a text. Reasons and product names are read by people."""

MAX_ITEMS: Final = 2_000
"""Entries of a list or map: lines, parcels, products. A business order has some hundred lines."""

EARLIEST: Final = Instant(946_684_800_000)
"""2000-01-01T00:00Z. Before that stands an unset clock (1970, 1980, 1999), not a customer's journey."""

EARLIEST_CUSTOMER: Final = Instant(-2_208_988_800_000)
"""1900-01-01T00:00Z: a customer of 40 years is a customer, one of the year 1 is a null date."""

AHEAD_OF_US: Final = Millis(DAY)
"""How far a sender's clock may run ahead of ours: local times without their zone are up to 14 hours off."""

PROMISE_AHEAD: Final = Millis(5 * 366 * DAY)
"""How far ahead a promise may lie: furniture takes months, guarantees years; 2300 is a mistake."""

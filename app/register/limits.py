"""Bounds of the register that are no policy: they bound memory, not what is decided."""

from typing import Final

from app.clock import DAY, Millis

PART: Final = 500
"""Customers that one part of a campaign's list names: some 20 KB of ids."""

CAMPAIGN_KEPT: Final = Millis(30 * DAY)
"""After its send, so that a repeat of its planning is known for one."""

OFFER_VERSIONS: Final = 64
"""The newest versions of an offer's terms that are kept."""

HOLDERS_KEPT: Final = Millis(400 * DAY)
"""After the last of them asked: longer than any offer of a year with its pauses."""

INCIDENT_KEPT: Final = Millis(90 * DAY)
"""After it was declared, while somebody has not recovered."""

ACCOUNT_KEPT: Final = Millis(30 * DAY)
"""After the last of its people has nothing any more: longer than what is told of it can be on its way."""

BUDGET_KEPT: Final = Millis(400 * DAY)
"""After its last request: longer than its longest period."""

REPEATS_KNOWN: Final = Millis(7 * DAY)
"""In which a repeated request is answered no second time."""

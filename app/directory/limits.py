"""How long the directory waits, reaches back and remembers. Our own choices, each with its reason."""

from typing import Final

from app.clock import DAY, Millis
from app.facts import AliasKind, ScanStatus

WAIT_LIMIT: Final = Millis(7 * DAY)
"""How long a fact waits for its alias. Shops book labels days before they tell us of the dispatch, and carriers'
webhooks retry for some 68 hours; after a week the cause is a mistake that somebody has to look at."""

GRACE: Final = Millis(14 * DAY)
"""How long a parcel's number still means its consignment after the terminal scan: proof of delivery, a corrected
scan, the start of a return. Carriers rest a number for months before they use it again, so two weeks are safe."""

LOOK_BACK: Final = Millis(30 * DAY)
"""How long before its binding began a scan may have happened: labels are made before the hand-over is told, and
clocks are wrong. Never into the life of an earlier binding."""

REMEMBER: Final = Millis(7 * DAY)
"""How long an ended binding is kept for scans of its time that arrive late (webhook retries: some 68 hours)."""

MAX_BINDINGS: Final = 8
"""Bindings kept of one alias; the oldest go first. Even a shared e-mail address seldom changes hands twice."""

MAX_WAITING: Final = 64
"""Facts that wait under one alias. A parcel has 5 to 30 scans; more is a loop in somebody's sender."""

MAX_WAITING_BYTES: Final = 192 * 1024
"""Bytes of original records that wait under one alias: keeps its state below the 256 KiB of decision 0004."""

RECYCLED: Final = frozenset({AliasKind.TRACKING})
"""Kinds of alias that are given to somebody else once done with. Look-back and terminal scans matter to these only:
an order number is never given again, and an order delivered can still be reviewed."""

TERMINAL: Final = frozenset({ScanStatus.DELIVERED, ScanStatus.PICKED_UP, ScanStatus.RETURNED})
"""Scans after which a parcel's number is free for its carrier to use again."""

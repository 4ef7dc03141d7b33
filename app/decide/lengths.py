"""Lengths of time as the policy writes them: `24 hours`, `3 days`, `1 business day of carrier`."""

import re
from typing import Final

from app.clock import DAY, HOUR, MINUTE, Millis

_PLAIN: Final = {"minute": MINUTE, "hour": HOUR, "day": DAY, "week": Millis(7 * DAY)}
_LENGTH: Final = re.compile(r"(-?\d+) (business )?(minute|hour|day|week)s?(?: of ([a-z_]+))?")

FORM: Final = "a length such as `24 hours`, `3 days`, `4 business hours of desk` or `1 business day of carrier`"


def parse_length(text: str) -> tuple[Millis, str | None, int]:
    """Return (plain or business milliseconds, calendar or None, business days); ValueError says what is wrong."""
    found = _LENGTH.fullmatch(text.strip())
    if found is None:
        msg = f"`{text}` is no length of time: write {FORM}"
        raise ValueError(msg)
    count, business, unit, calendar = int(found[1]), found[2] is not None, found[3], found[4]
    if count < 0:
        msg = f"`{text}` is negative: a length of time runs forward"
        raise ValueError(msg)
    if business != (calendar is not None):
        msg = f"`{text}`: business time needs the calendar it runs on, plain time has none: write {FORM}"
        raise ValueError(msg)
    if not business:
        return Millis(count * _PLAIN[unit]), None, 0
    if unit == "week":
        msg = f"`{text}`: count business time in minutes, hours or days"
        raise ValueError(msg)
    return (Millis(0), calendar, count) if unit == "day" else (Millis(count * _PLAIN[unit]), calendar, 0)

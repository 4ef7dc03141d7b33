"""A length of time as a rule gives it, plain or of business time."""

from msgspec import Struct

from app.clock import Millis


class Within(Struct, frozen=True):
    """A length of time: plain when `calendar` is None, else business time of that calendar.

    `days` are business days and come before `length`: one business day is the same time on the next business day,
    not 24 business hours.
    """

    length: Millis
    calendar: str | None = None
    days: int = 0

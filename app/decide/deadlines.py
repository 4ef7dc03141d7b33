"""When a length of time ends: on business time of a hop, or at the end of a customer's quiet hours."""

from app.clock import Instant, Millis, after
from app.decide.calendars import quiet_until
from app.decide.policy import Policy
from app.decide.wall import zone_known
from app.decide.within import Within


def due_after(policy: Policy, within: Within, country: str | None, start: Instant) -> Instant:
    """Return the end of `within` from `start`; plain time when it has no calendar.

    `country` is the journey's or the brand's (ISO 3166); one the policy does not list is read as `otherwise`.
    """
    if within.calendar is None:
        return after(start, within.length)
    return business_after(policy, within.calendar, country, start, within.length, within.days)


def business_after(
    policy: Policy, calendar: str, country: str | None, start: Instant, length: Millis, days: int = 0
) -> Instant:
    """Return the instant `days` business days and `length` of business time after `start`."""
    return policy.calendars.after(calendar, country, start, length, days)


def later_by(
    policy: Policy, within: Within, country: str | None, due: Instant, start: Instant, end: Instant
) -> Instant:
    """Return `due` moved on by what lies between `start` and `end`: business time of the length's calendar."""
    if within.calendar is None:
        return after(due, Millis(end - start))
    return policy.calendars.later_by(within.calendar, country, due, start, end)


def quiet_end(policy: Policy, at: Instant, time_zone: str | None, brand: str | None) -> Instant | None:
    """Return when the customer may be told again; None when now.

    A zone that is unknown, or no zone at all, is the brand's: unknown never means now.
    """
    zone = time_zone if time_zone is not None and zone_known(time_zone) else policy.brand(brand).time_zone
    return quiet_until(policy.calendars.quiet, at, zone)

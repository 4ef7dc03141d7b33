"""Seasons: parts of the year in which the policy is another, read on the brand's own calendar."""

from app.clock import Instant, to_datetime
from app.decide.policy import Policy
from app.decide.wall import zone_of
from app.decide.words import ORDINARY


def season_of(policy: Policy, at: Instant, brand: str | None) -> str:
    """Return the season that holds at this instant where the brand is, or `ordinary`."""
    day = to_datetime(at, zone_of(policy.brand(brand).time_zone))
    on = (day.month, day.day)
    return next((season.name for season in policy.seasons if season.holds(on)), ORDINARY)

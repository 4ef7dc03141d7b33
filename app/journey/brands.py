"""Whose words, values and calendar count: the brand of a journey, or of the customer when no journey is named."""

from app.decide.policy import Brand, Policy
from app.ids import JourneyId
from app.journey.state import CustomerState


def brand_of(policy: Policy, state: CustomerState, journey: JourneyId | None) -> Brand:
    """Return the brand of a journey; else of the customer's newest one; else the policy's default."""
    named = state.journeys.get(journey) if journey is not None else None
    if named is not None:
        return policy.brand(named.brand)
    newest = max(
        (known for known in state.journeys.values() if known.brand in policy.brands),
        key=lambda known: (known.began_at or 0, known.id),
        default=None,
    )
    return policy.brand(None if newest is None else newest.brand)

"""`customers`: snapshots of profiles."""

from typing import Final

from app.facts import Profile, ProfileStated, Subject
from app.ids import CustomerId
from app.intake.reading import Fields, Read, Reading, one


def profile_stated(fields: Fields) -> Reading:
    """Return a customer's profile. What is not stated stays unknown, never zero."""
    worth = fields["lifetime_value"]
    profile = Profile(
        lifetime_value=None if worth is None else worth.amount,
        currency=None if worth is None else worth.currency,
        churn_risk=fields["churn_risk"],
        advocacy=fields["advocacy"],
        customer_since=fields["customer_since"],
        first_time=fields["first_time"],
        locale=fields["locale"],
        time_zone=fields["time_zone"],
        country=fields["country"],
        account=fields["account"],
        identities=fields["identities"],
    )
    return one(fields, Subject(customer=CustomerId(fields["customer_id"])), None, ProfileStated(profile))


READ: Final[dict[str, Read]] = {"profile_stated": profile_stated}

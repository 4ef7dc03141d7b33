"""`customers`: snapshots of profiles, and customers that turn out to be one or must be forgotten."""

from typing import Final

from app.facts import CustomerErased, CustomerMerged, Profile, ProfileStated, Subject
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
        account_role=fields["account_role"],
        identities=fields["identities"],
    )
    return one(fields, Subject(customer=CustomerId(fields["customer_id"])), None, ProfileStated(profile))


def customer_merged(fields: Fields) -> Reading:
    """Return that a customer is another one too."""
    what = CustomerMerged(CustomerId(fields["into_customer_id"]))
    return one(fields, Subject(customer=CustomerId(fields["customer_id"])), None, what)


def customer_erased(fields: Fields) -> Reading:
    """Return that a customer must be forgotten."""
    return one(fields, Subject(customer=CustomerId(fields["customer_id"])), None, CustomerErased())


READ: Final[dict[str, Read]] = {
    "profile_stated": profile_stated,
    "customer_merged": customer_merged,
    "customer_erased": customer_erased,
}

"""What is learnt of customers, remedies and operators."""

from msgspec import Struct

from app.facts.values import Money, Profile
from app.ids import CustomerId, RemedyId


class ProfileStated(Struct, frozen=True, tag="profile_stated", gc=False):
    """The customer's profile is now this."""

    profile: Profile


class CustomerMerged(Struct, frozen=True, tag="customer_merged", gc=False):
    """This customer turned out to be another one, who lives on."""

    into: CustomerId


class CustomerAbsorbed(Struct, frozen=True, tag="customer_absorbed", gc=False):
    """Our own: another customer's whole state (as the journey stage stores it), who is this one too."""

    customer: CustomerId
    state: bytes


class CustomerErased(Struct, frozen=True, tag="customer_erased", omit_defaults=True, gc=False):
    """Forget this customer everywhere. `swept`: it comes from whom they had been merged into, who is forgotten too."""

    swept: bool = False


class RemedyReported(Struct, frozen=True, tag="remedy_reported", omit_defaults=True, gc=False):
    """What became of a remedy (`remedy_id`), or what an agent gave by hand (`remedy_id` None).

    `outcome` is granted, failed, redeemed or refused; `gesture` which part of the remedy it is about.
    """

    outcome: str
    gesture: str
    remedy_id: RemedyId | None = None
    amount: Money | None = None
    reason: str | None = None


class OperatorDecided(Struct, frozen=True, tag="operator_decided", omit_defaults=True, gc=False):
    """A named person decided: `action` is hold, release, approve, refuse, write_off, close, quarantine or act.

    `act` is about what spans customers: `incident` is the register's key of a mass incident, `offer` an offer's id.
    Both are None when it is about a customer.
    """

    action: str
    operator: str
    role: str
    reason: str
    problem_id: str | None = None
    incident: str | None = None
    offer: str | None = None


class CustomerParked(Struct, frozen=True, tag="customer_parked", gc=False):
    """Our own: from this offset of the log on, everything about the customer was kept back, as `asked` decided.

    Written with the round that parked them: `asked` itself stands further on in the log (decision 0021).
    """

    since: int
    asked: bytes

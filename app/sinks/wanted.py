"""What a tool should know about a person: held or not, from what, since when, and by which record of ours."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from app.clock import Instant, to_iso
from app.facts import Identities
from app.ids import CustomerId, OutputId
from app.outputs import Suppression


class Wanted(NamedTuple):
    """How a person should stand in a tool. `person` is personal when tools know people by e-mail: never log it.

    `suppression` is the id of the record that says so: the same record delivered twice writes the same thing.
    `ramp_until`: when the last class that a release still keeps back may go out again.
    """

    person: str
    customer: CustomerId
    suppression: OutputId
    held: bool
    classes: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    since: Instant | None = None
    ramp_until: Instant | None = None

    def attributes(self, prop: str) -> dict[str, Any]:
        """Return our own attributes, all of them each time: what is over is written as null, and nothing else is."""
        return {
            prop: self.held,
            f"{prop}_classes": ", ".join(self.classes) or None,
            f"{prop}_channels": ", ".join(self.channels) or None,
            f"{prop}_reasons": ", ".join(self.reasons) or None,
            f"{prop}_since": None if self.since is None else to_iso(self.since),
            f"{prop}_ramp_until": None if self.ramp_until is None else to_iso(self.ramp_until),
            f"{prop}_id": self.suppression,
        }


def wanted(said: Suppression, address: str) -> Wanted | None:
    """Return what a suppression record wants; None when it holds no address of the kind that tools know people by."""
    person = person_of(said.customer, said.identities, address)
    if person is None:
        return None
    return Wanted(
        person=person,
        customer=said.customer,
        suppression=said.id,
        held=said.suppressed,
        classes=_each_once(name for hold in said.holds for name in hold.scope.classes),
        channels=_each_once(name for hold in said.holds for name in hold.scope.channels),
        reasons=_each_once(hold.reason for hold in said.holds),
        since=min((hold.since for hold in said.holds), default=None),
        ramp_until=None if said.suppressed else max((step.from_ for step in said.ramp), default=None),
    )


def forgotten(customer: CustomerId, address: str) -> Wanted | None:
    """Return what a tombstone wants: free, whatever was missed. None when tools know people by what it lacks."""
    person = person_of(customer, None, address)
    return None if person is None else Wanted(person, customer, OutputId(""), held=False)


def person_of(customer: CustomerId, identities: Identities | None, address: str) -> str | None:
    """Return how tools know a customer: by our own id, their own, or an e-mail address."""
    if address == "customer_id":
        return customer
    if identities is None:
        return None
    return identities.email if address == "email" else identities.marketing_id


def newest(batch: Iterable[Wanted]) -> list[Wanted]:
    """Return the last thing wanted for each person, in the order of their last record."""
    last: dict[str, Wanted] = {}
    for each in batch:
        last.pop(each.person, None)
        last[each.person] = each
    return list(last.values())


def _each_once(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(words))

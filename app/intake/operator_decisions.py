"""`operator-decisions`: what a named person decided; a fact like any other, the role is judged by the policy."""

from typing import Final

from app.facts import OperatorDecided, Subject
from app.intake.checks import invalid
from app.intake.reading import Fields, Read, Reading, loose_subject, one

_ACT: Final = "act"
"""The one decision that is about a mass incident; every other is about a customer."""

_CUSTOMERS: Final = ("customer_id", "problem_id", "journey_kind", "journey_id", "case_id")


def operator_decided(fields: Fields) -> Reading:
    """Return a decision about a customer, or about a mass incident."""
    what = OperatorDecided(
        fields["action"],
        fields["operator"],
        fields["role"],
        fields["reason"],
        fields["problem_id"],
        fields["incident_id"],
    )
    if (what.action == _ACT) != (what.incident is not None):
        raise invalid("must be given with the action act, and with no other", "incident_id")
    if what.incident is not None:
        return _of_incident(fields, what)
    subject, alias = loose_subject(fields)
    return one(fields, subject, alias, what)


def _of_incident(fields: Fields, what: OperatorDecided) -> Reading:
    for name in _CUSTOMERS:
        if fields[name] is not None:
            raise invalid("must be left out of what is decided about an incident: it is nobody's alone", name)
    return one(fields, Subject(), None, what)


READ: Final[dict[str, Read]] = {"operator_decided": operator_decided}

"""`operator-decisions`: what a named person decided; a fact like any other, the role is judged by the policy."""

from typing import Final

from app.facts import OperatorDecided, Subject
from app.intake.checks import invalid
from app.intake.reading import Fields, Read, Reading, loose_subject, one

_ACT: Final = "act"
"""The one decision that is about what spans customers; every other is about a customer."""

_SPANNING: Final = ("incident_id", "offer_id")

_CUSTOMERS: Final = ("customer_id", "problem_id", "journey_kind", "journey_id", "case_id")


def operator_decided(fields: Fields) -> Reading:
    """Return a decision about a customer, or about a mass incident or an offer."""
    what = OperatorDecided(
        fields["action"],
        fields["operator"],
        fields["role"],
        fields["reason"],
        fields["problem_id"],
        fields["incident_id"],
        fields["offer_id"],
    )
    if what.action == _ACT:
        return _spanning(fields, what)
    for name in _SPANNING:
        if fields[name] is not None:
            raise invalid("must be left out: only the action act is about it", name)
    subject, alias = loose_subject(fields)
    return one(fields, subject, alias, what)


def _spanning(fields: Fields, what: OperatorDecided) -> Reading:
    named = [name for name in _SPANNING if fields[name] is not None]
    if not named:
        raise invalid("must be given with the action act, or an offer_id in its place", _SPANNING[0])
    for name in (*named[1:], *_CUSTOMERS):
        if fields[name] is not None:
            raise invalid(f"must be left out beside {named[0]}: that is nobody's alone", name)
    return one(fields, Subject(), None, what)


READ: Final[dict[str, Read]] = {"operator_decided": operator_decided}

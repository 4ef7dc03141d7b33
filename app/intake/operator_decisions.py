"""`operator-decisions`: what a named person decided; a fact like any other, the role is judged by the policy."""

from typing import Final

from app.facts import OperatorDecided
from app.intake.reading import Fields, Read, Reading, loose_subject, one


def operator_decided(fields: Fields) -> Reading:
    """Return a decision about a customer."""
    what = OperatorDecided(fields["action"], fields["operator"], fields["role"], fields["reason"], fields["problem_id"])
    subject, alias = loose_subject(fields)
    return one(fields, subject, alias, what)


READ: Final[dict[str, Read]] = {"operator_decided": operator_decided}

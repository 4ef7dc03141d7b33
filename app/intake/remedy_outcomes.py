"""`remedy-outcomes`: what became of our remedies, and what agents gave by hand."""

from typing import Final

from app.facts import RemedyReported
from app.ids import RemedyId
from app.intake.reading import Fields, Read, Reading, loose_subject, one


def remedy_reported(fields: Fields) -> Reading:
    """Return what became of a remedy of ours."""
    what = RemedyReported(
        fields["outcome"], fields["gesture"], RemedyId(fields["remedy_id"]), fields["amount"], fields["reason"]
    )
    subject, alias = loose_subject(fields)
    return one(fields, subject, alias, what)


def given_by_hand(fields: Fields) -> Reading:
    """Return what an agent gave: granted, under no remedy of ours."""
    what = RemedyReported("granted", fields["gesture"], None, fields["amount"], fields["reason"])
    subject, alias = loose_subject(fields)
    return one(fields, subject, alias, what)


READ: Final[dict[str, Read]] = {"remedy_reported": remedy_reported, "given_by_hand": given_by_hand}

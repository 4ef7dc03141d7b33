"""The aliases that a fact brings: from then on the directory can find its customer by them."""

from typing import Final

from app.facts import (
    Alias,
    AliasBound,
    AliasKind,
    CaseOpened,
    Fact,
    JourneyBegan,
    MilestoneReached,
    ProfileStated,
    Subject,
)
from app.intake.reading import case_alias, identity_aliases, journey_alias

__all__ = ["bindings", "case_alias", "identity_aliases", "journey_alias"]


def bindings(fact: Fact) -> tuple[AliasBound, ...]:
    """Return the bindings that a fact of a known customer brings: journey, parcels, case, identities.

    They begin when the fact occurred. Also for facts that the directory has just resolved: a dispatch that waited for
    its order binds its parcels only then.
    """
    if fact.subject.customer is None:
        return ()
    return tuple(
        AliasBound(alias, subject, fact.occurred_at, fact.known_at, fact.source, fact.sequence)
        for alias, subject in named(fact)
    )


_BRINGING: Final = frozenset({JourneyBegan, MilestoneReached, CaseOpened, ProfileStated})


def named(fact: Fact) -> list[tuple[Alias, Subject]]:
    """Return each alias that a fact of a known customer brings, and what it leads to."""
    what, subject = fact.what, fact.subject
    if type(what) not in _BRINGING:
        return []
    if isinstance(what, JourneyBegan) and subject.journey is not None:
        _, _, reference = subject.journey.partition(":")
        return [(journey_alias(what.kind, reference), Subject(subject.customer, subject.journey))]
    if isinstance(what, MilestoneReached):
        return [(Alias(AliasKind.TRACKING, parcel.tracking_number, parcel.carrier), subject) for parcel in what.parcels]
    if isinstance(what, CaseOpened) and subject.case is not None:
        _, _, reference = subject.case.partition(":")
        return [(case_alias(reference), subject)]
    if isinstance(what, ProfileStated):
        return [(alias, Subject(subject.customer)) for alias in identity_aliases(what.profile.identities)]
    return []

"""The aliases that a fact brings: from then on the directory can find its customer by them."""

from collections.abc import Iterator

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


def named(fact: Fact) -> Iterator[tuple[Alias, Subject]]:
    """Yield each alias that a fact of a known customer brings, and what it leads to."""
    what, subject = fact.what, fact.subject
    if isinstance(what, JourneyBegan) and subject.journey is not None:
        _, _, reference = subject.journey.partition(":")
        yield journey_alias(what.kind, reference), Subject(subject.customer, subject.journey)
    elif isinstance(what, MilestoneReached):
        for parcel in what.parcels:
            yield Alias(AliasKind.TRACKING, parcel.tracking_number, parcel.carrier), subject
    elif isinstance(what, CaseOpened) and subject.case is not None:
        _, _, reference = subject.case.partition(":")
        yield case_alias(reference), subject
    elif isinstance(what, ProfileStated):
        for alias in identity_aliases(what.profile.identities):
            yield alias, Subject(subject.customer)

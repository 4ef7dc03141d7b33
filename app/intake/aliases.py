"""The aliases that a fact brings: from then on the directory can find its customer by them."""

from typing import Final

from app.facts import (
    Alias,
    AliasBound,
    AliasKind,
    CaseOpened,
    Fact,
    HoldAudioPlayed,
    JourneyBegan,
    MessageReceived,
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


_BEGINNING_A_CASE: Final = (CaseOpened, MessageReceived, HoldAudioPlayed)
"""A case may be known by no more than a call or a message: a telephony system says no opening."""

_BRINGING: Final = frozenset({JourneyBegan, MilestoneReached, ProfileStated, *_BEGINNING_A_CASE})


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
    if isinstance(what, _BEGINNING_A_CASE) and subject.case is not None:
        if isinstance(what, HoldAudioPlayed) and what.state != "started":
            return []
        _, _, reference = subject.case.partition(":")
        return [(case_alias(reference), subject)]
    if isinstance(what, ProfileStated):
        return [(alias, Subject(subject.customer)) for alias in identity_aliases(what.profile.identities)]
    return []

"""What the directory knows a customer by: every alias that leads to them, so that erasure can take all of them back."""

from collections.abc import Iterator

from msgspec.structs import replace

from app.facts import Alias, AliasKind, Fact
from app.ids import JourneyId
from app.intake.aliases import case_alias, identity_aliases, journey_alias, named
from app.journey.course import Journey
from app.journey.state import CustomerState


def of_customer(state: CustomerState) -> Iterator[Alias]:
    """Yield every alias of a customer; some may come twice."""
    for identities in (*state.former, *(() if state.profile is None else (state.profile.identities,))):
        yield from identity_aliases(identities)
    for name in state.receipts:
        yield _of_name(name)
    for journey in state.journeys.values():
        yield from of_journey(state, journey)
    for case in state.cases:
        yield case_alias(case.partition(":")[2])
    yield from state.left


def of_journey(state: CustomerState, journey: Journey) -> list[Alias]:
    """Return the aliases of a journey: its own, its parcels', those of cases about it."""
    parcels = [parcel.ref for consignment in journey.consignments.values() for parcel in consignment.parcels]
    return [
        _of_name(journey.id),
        *[Alias(AliasKind.TRACKING, ref.tracking_number, ref.carrier) for ref in parcels],
        *[case_alias(name.partition(":")[2]) for name, case in state.cases.items() if case.journey == journey.id],
    ]


def with_left(state: CustomerState, journey: Journey) -> tuple[Alias, ...]:
    """Return the aliases to remember when a journey goes: the directory knows them, and nothing else here will."""
    return tuple(dict.fromkeys((*state.left, *of_journey(state, journey))))


def remembering(state: CustomerState, fact: Fact) -> CustomerState:
    """Return the state with those aliases of a fact in it that the directory has taken in, and nothing else here has.

    A dispatch of a consignment long closed, a profile older than the one we have: the journey learns nothing from
    them, the directory binds what they name.
    """
    # a case that the state has is known by its alias: most messages are of one, and need no look at everything
    brought = [alias for alias, of in named(fact) if of.case is None or of.case not in state.cases]
    if not brought:
        return state
    journey = None if fact.subject.journey is None else state.journeys.get(fact.subject.journey)
    if journey is not None:
        own = of_journey(state, journey)
        brought = [alias for alias in brought if alias not in own]
    if not brought:
        return state
    known = set(of_customer(state))
    fresh = tuple(alias for alias in brought if alias not in known)
    return replace(state, left=(*state.left, *fresh)) if fresh else state


def _of_name(name: JourneyId) -> Alias:
    kind, _, reference = name.partition(":")
    return journey_alias(kind, reference)

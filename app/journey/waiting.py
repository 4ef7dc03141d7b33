"""Facts of a journey that is not known to have begun wait in it, and are taken in their order once it has."""

from typing import Final

from msgspec.structs import replace

from app.facts import (
    ConsignmentsSplit,
    ContactAttempted,
    Fact,
    FailureStated,
    JourneyCancelled,
    LinesChanged,
    MessageReceived,
    MessageSent,
    MilestoneReached,
    PromiseMade,
    Scanned,
)
from app.ids import JourneyId
from app.journey.course import Journey
from app.journey.turn import Turn

_OF_A_JOURNEY: Final = frozenset(
    {
        LinesChanged,
        ConsignmentsSplit,
        JourneyCancelled,
        MilestoneReached,
        Scanned,
        FailureStated,
    }
)
_OF_A_JOURNEY_OR_CASE: Final = frozenset({PromiseMade, ContactAttempted, MessageReceived, MessageSent})


def is_about_journey(fact: Fact) -> bool:
    """Say whether a fact means nothing without its journey."""
    kind = type(fact.what)
    if kind in _OF_A_JOURNEY:
        return True
    if kind is PromiseMade:
        return fact.subject.case is None
    return kind in _OF_A_JOURNEY_OR_CASE and fact.subject.case is None and has_journey(fact)


def has_journey(fact: Fact) -> bool:
    """Say whether a fact names its journey."""
    return fact.subject.journey is not None


def wait(turn: Turn, fact: Fact) -> None:
    """Keep a fact until its journey begins."""
    turn.waits = True
    assert fact.subject.journey is not None
    known = turn.state.journeys.get(fact.subject.journey) or Journey(fact.subject.journey, waiting_since=turn.now)
    turn.put_journey(replace(known, waiting=(*known.waiting, fact)))
    turn.note(f"{known.id}: not known to have begun; this waits for it")


def waiting_of(turn: Turn, name: JourneyId | None) -> tuple[Fact, ...]:
    """Return the facts that wait in a journey, in the order they were learnt."""
    journey = None if name is None else turn.state.journeys.get(name)
    return () if journey is None else journey.waiting

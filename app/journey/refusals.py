"""Facts that cannot be decided: said as dead letters with what we have, so that nothing is lost or swallowed."""

from app.facts import Fact
from app.journey.turn import Turn
from app.outputs import DeadLetter, DeadLetterReason


def turn_away(turn: Turn, fact: Fact, reason: DeadLetterReason, detail: str, field: str | None) -> None:
    """Refuse the fact that a turn is about: it was not seen, so that its record is taken when it is redriven."""
    turn.refused_at = fact.source
    refuse(turn, fact, reason, detail, field)


def refuse(turn: Turn, fact: Fact, reason: DeadLetterReason, detail: str, field: str | None) -> None:
    """Refuse a fact; the input record itself stands where its source says."""
    turn.said.append(
        DeadLetter(
            id=turn.id_for("dead_letter", about=fact.id),
            at=turn.now,
            reason=reason,
            detail=detail,
            field=field,
            topic=fact.source.topic,
            partition=fact.source.partition,
            offset=fact.source.offset,
            key=None,
            value=None,
            timestamp=fact.known_at,
        )
    )

"""Issuing a remedy: said to whoever gives it, settled at once when there is nothing to wait for."""

from collections.abc import Iterable

from msgspec.structs import replace

from app.journey.items import with_item
from app.journey.trouble import GivenRemedy
from app.journey.turn import Turn
from app.outputs import Gesture, Receipt, Remedy


def issue(turn: Turn, planned: GivenRemedy, apology: str, receipt: Receipt) -> None:
    """Ask for a remedy; one without gestures, or under a policy that settles on issue, is settled at once."""
    settled = turn.now if not planned.gestures or turn.policy.limits.remedy_settles_on_issue else None
    known = replace(planned, at=turn.now, settled_at=settled, reserved=None, apology=apology)
    turn.state = replace(turn.state, remedies=with_item(turn.state.remedies, known.id, known))
    say(turn, known, known.gestures, receipt, 1)
    turn.note(f"remedy for {known.cause}: {apology}, {in_words(known.gestures)}")


def say(turn: Turn, known: GivenRemedy, gestures: tuple[Gesture, ...], receipt: Receipt, attempt: int) -> None:
    """Say a remedy, or a part of it once more."""
    turn.said.append(
        Remedy(
            id=turn.id_for("remedy", about=known.id),
            at=turn.now,
            customer=turn.state.customer,
            remedy=known.id,
            occasion=known.occasion,
            problem=known.problem,
            journey=known.journey,
            cause=known.cause,
            apology=known.apology,
            gestures=gestures,
            receipt=receipt,
            attempt=attempt,
        )
    )


def in_words(gestures: Iterable[Gesture]) -> str:
    """Return gestures in words."""
    parts = [
        gesture.kind
        if gesture.amount is None
        else f"{gesture.kind} {gesture.amount.amount:f} {gesture.amount.currency}"
        for gesture in gestures
    ]
    return ", ".join(parts) or "no gesture"

"""What became of remedies, and what agents gave on their own."""

from msgspec.structs import replace

from app.clock import Instant
from app.decide.gestures import REFUND
from app.facts import Fact, RemedyReported
from app.journey import grants, incomparable, problems, remedies
from app.journey.items import with_item
from app.journey.refunds import REFUNDED
from app.journey.trouble import ByHand, GivenRemedy
from app.journey.turn import Turn


def reported(turn: Turn, fact: Fact, what: RemedyReported) -> None:
    """Take in what became of a remedy, or what an agent gave by hand."""
    if what.remedy_id is None:
        _by_hand(turn, fact, what)
        return
    remedy = turn.state.remedies.get(what.remedy_id)
    if remedy is None:
        turn.note("the outcome of a remedy we did not ask for, or of one long over: taken note of")
    elif what.outcome in {"failed", "refused"}:
        grants.not_given(turn, remedy, what, fact.occurred_at)
    elif not (what.outcome == "granted" and _is_part(turn, remedy, what)):
        remedies.settle(turn, remedy, what.gesture, fact.occurred_at)
        if what.gesture == REFUND:
            _money_is_back(turn, remedy, fact.occurred_at)


def _is_part(turn: Turn, remedy: GivenRemedy, what: RemedyReported) -> bool:
    """Keep what was given while it is, with what was given before, not all that was asked for: it settles nothing.

    Nor does money of another currency than was asked for.
    """
    asked = next((each.amount for each in remedy.gestures if each.kind == what.gesture), None)
    given = what.amount
    if asked is None or given is None or what.gesture in remedy.settled:
        return False
    if given.currency != asked.currency:
        incomparable.given(turn, remedy, what.gesture, given, asked)
        return True
    so_far = remedy.granted.get(what.gesture, asked.amount * 0) + given.amount
    if so_far >= asked.amount:
        return False
    known = replace(remedy, granted={**remedy.granted, what.gesture: so_far})
    turn.state = replace(turn.state, remedies=with_item(turn.state.remedies, remedy.id, known))
    turn.note(f"remedy for {remedy.cause}: {so_far:f} of {asked.amount:f} {asked.currency} given ({what.gesture})")
    return True


def _by_hand(turn: Turn, fact: Fact, what: RemedyReported) -> None:
    if what.outcome != "granted":
        return
    if (waiting := remedies.waiting_for(turn.state, what.gesture, what.amount, fact.subject.journey)) is not None:
        turn.note(f"an agent gave {what.gesture} by hand: it is the one that {waiting.cause} waits for")
        remedies.settle(turn, waiting, what.gesture, fact.occurred_at)
        return
    given = ByHand(fact.occurred_at, what.gesture, what.amount, fact.subject.journey)
    turn.state = replace(turn.state, by_hand=(*turn.state.by_hand, given))
    turn.note(f"an agent gave {what.gesture} by hand")


def _money_is_back(turn: Turn, remedy: GivenRemedy, at: Instant) -> None:
    """Resolve what a refund resolves: that it was granted says that the money is back, whoever reports it first."""
    for problem in tuple(turn.state.problems.values()):
        mends = REFUNDED in turn.policy.problems[problem.type].resolved_by
        if problem.cause == remedy.cause and problem.open and mends:
            problems.resolve(turn, problem.id, max(at, problem.opened_at))

"""Two customers turn out to be one: the loser's state moves to the winner, and what comes later is forwarded.

The state goes through the journey log, because the winner may be on another partition; the loser keeps no more than
whom it has become. A merge back ends a circle: whoever's own state comes back to them lives on.
"""

from msgspec.structs import replace

from app.clock import Instant
from app.decide.book import HoldInputs
from app.decide.suppression import scope_of
from app.facts import CustomerAbsorbed, CustomerMerged, Fact, Identities, ProfileStated, encode_fact
from app.ids import CustomerId, FactId
from app.journey import exposure, grading, ledger, seen
from app.journey.state import Comeback, CustomerState
from app.journey.stored import decode_state, encode_state
from app.journey.turn import Forget, Handed, Turn
from app.topics import Topic


def forwarded(state: CustomerState, fact: Fact) -> Handed | None:
    """Return a fact of a merged customer, addressed to whom they have become; None when it is for themselves."""
    into = state.merged_into
    if into is None or (isinstance(fact.what, CustomerAbsorbed) and fact.what.customer == state.customer):
        return None
    if isinstance(fact.what, ProfileStated):
        return handed_to(into, _known_too(state.customer, fact, fact.what))
    return handed_to(into, fact)


def _known_too(customer: CustomerId, fact: Fact, what: ProfileStated) -> Fact:
    """Return what is said of somebody who has become another as what that one is known by too: it replaces nothing."""
    alone = CustomerState(customer, profile=what.profile, profile_at=fact.occurred_at)
    return replace(fact, id=FactId(f"{fact.id}>known"), what=CustomerAbsorbed(customer, encode_state(alone, None)))


def handed_to(customer: CustomerId, fact: Fact) -> Handed:
    """Return a fact for another customer's place in the journey log."""
    subject = replace(fact.subject, customer=customer)
    return Handed(Topic.JOURNEY_LOG, customer.encode(), encode_fact(replace(fact, subject=subject)))


def customer_merged(turn: Turn, fact: Fact, what: CustomerMerged) -> None:
    """Hand everything over to the winner, once; the loser's suppression record is forgotten."""
    state = turn.state
    if what.into == state.customer:
        turn.note("merged into itself: this changes nothing")
        return
    absorbed = CustomerAbsorbed(state.customer, encode_state(state, None))
    moved = replace(fact, id=FactId(f"{fact.id}>absorbed"), what=absorbed)
    exposure.erase(turn)
    turn.said += (*(Forget(name) for name in (state.customer, *state.merged_from)), handed_to(what.into, moved))
    turn.state = CustomerState(
        state.customer,
        last_now=state.last_now,
        seen=state.seen,
        merged_into=what.into,
        membership=state.membership,
    )
    turn.holds_before = ()
    turn.note(f"merged into {what.into}: journeys, cases, problems and holds go there")


def customer_absorbed(turn: Turn, _: Fact, what: CustomerAbsorbed) -> None:
    """Take over another customer's state; what both have under one name stays as it is here."""
    mine, theirs = replace(turn.state, merged_into=None), decode_state(what.state)
    turn.state = replace(
        mine,
        last_now=max(mine.last_now, theirs.last_now),
        profile=mine.profile or theirs.profile,
        profile_at=theirs.profile_at if mine.profile is None else mine.profile_at,
        journeys={**theirs.journeys, **mine.journeys},
        cases={**theirs.cases, **mine.cases},
        problems={**theirs.problems, **mine.problems},
        holds=(*mine.holds, *theirs.holds),
        remedies={**theirs.remedies, **mine.remedies},
        by_hand=tuple(sorted((*mine.by_hand, *theirs.by_hand), key=lambda given: (given.at, given.gesture))),
        pending=(*mine.pending, *theirs.pending),
        awaited=(*mine.awaited, *theirs.awaited),
        follow_ups=(*mine.follow_ups, *theirs.follow_ups),
        contacts=tuple(sorted({*mine.contacts, *theirs.contacts})),
        receipts={**theirs.receipts, **mine.receipts},
        left=tuple(dict.fromkeys((*mine.left, *theirs.left))),
        seen=seen.both(mine.seen, theirs.seen),
        questions=(*mine.questions, *theirs.questions),
        queued=tuple(sorted((*mine.queued, *theirs.queued), key=lambda fact: fact.order)),
        offers={**theirs.offers, **mine.offers},
        coupons={**theirs.coupons, **mine.coupons},
        calls={**theirs.calls, **mine.calls},
        history={**theirs.history, **mine.history},
        comeback=max((one for one in (mine.comeback, theirs.comeback) if one is not None), key=_since, default=None),
        apologised=tuple(sorted({*mine.apologised, *theirs.apologised})),
        merged_from=_once(mine.merged_from, (*theirs.merged_from, what.customer), mine.customer),
        merged_identities=_merged_identities(mine, theirs),
        former=tuple({str(one): one for one in (*mine.former, *theirs.former, *_identities(theirs))}.values()),
    )
    turn.ledger_changed = any(hold.until is None for hold in turn.state.holds)
    if turn.ledger_changed:
        ledger.named_anew(turn)
    _decide_again(turn, theirs)
    turn.note(f"{what.customer} is this customer too: journeys, cases, problems and holds are taken over")


def _decide_again(turn: Turn, theirs: CustomerState) -> None:
    """Let the policy of this partition and this customer's profile say what the problems taken over hold."""
    grading.grade_all(turn)
    for name in sorted(theirs.problems):
        problem = turn.state.problems[name]
        if problem.active:
            turn.ruled(scope_of(turn.policy, HoldInputs(problem.type, problem.severity)))


def _merged_identities(mine: CustomerState, theirs: CustomerState) -> dict[CustomerId, Identities]:
    own = {} if theirs.profile is None else {theirs.customer: theirs.profile.identities}
    known = {**mine.merged_identities, **theirs.merged_identities, **own}
    return {name: identities for name, identities in sorted(known.items()) if name != mine.customer}


def _since(one: Comeback) -> tuple[Instant, str]:
    return (one.since, one.problem)


def _once(mine: tuple[CustomerId, ...], theirs: tuple[CustomerId, ...], self: CustomerId) -> tuple[CustomerId, ...]:
    return tuple(sorted({*mine, *theirs} - {self}))


def _identities(state: CustomerState) -> tuple[Identities, ...]:
    return () if state.profile is None else (state.profile.identities,)

"""The hold ledger: which problems hold which marketing now, and what is said when that changes.

Holds follow from problems: a problem holds from when we knew of it until it is recovered, withdrawn, written off or
released by an operator. Nothing else ends a hold; its age names an owner (decision 0002).
"""

from collections.abc import Iterator, Sequence
from typing import Final

from msgspec.structs import asdict, replace

from app.clock import HOUR, Instant, to_iso
from app.decide.book import Ruled
from app.decide.policy import Policy
from app.facts import Identities
from app.ids import ProblemId, output_id
from app.journey import accounts, escalations
from app.journey.state import CustomerState
from app.journey.trouble import Hold, Problem
from app.journey.turn import Turn
from app.outputs import ALL, HoldEntry, RampStep, RowFired, Suppression

OPERATOR: Final = "operator:"
"""Begins the owner of a hold that an operator placed."""
QUARANTINE: Final = f"{OPERATOR}quarantine"
"""Owner of the hold on a customer who is parked; releasing it lets them rejoin."""


def settle(turn: Turn) -> None:
    """Bring the holds in line with the problems; the ledger is said when it, or the customer's names, changed."""
    state = turn.state
    before = turn.holds_before
    holds = _as_it_should_be(turn)
    if holds == before and not _renamed(turn, holds):
        return
    known = {(hold.owner, hold.since): hold for hold in before}
    for hold in holds:
        _note(turn, known.pop((hold.owner, hold.since), None), hold)
    for hold in known.values():
        if hold.owner.startswith(accounts.OWNER):
            accounts.ruled(turn, hold.owner, hold.reason)
            turn.note(f"hold on {', '.join(hold.scope.classes)} for {hold.reason} of another of the account ended")
    held = tuple(hold for hold in holds if hold.until is None)
    was_held = any(hold.until is None for hold in before)
    ramp = () if held else (_ramp(turn) if was_held else state.ramp)
    released = None if held else (turn.now if was_held else state.released_at)
    turn.state = replace(state, holds=holds, ramp=ramp, released_at=released)
    turn.ledger_changed = True


def _renamed(turn: Turn, holds: tuple[Hold, ...]) -> bool:
    """Say whether a record that others can read names the customer in another way than they are known by now."""
    if not turn.identities_changed:
        return False
    readable = turn.state.released_at is not None or any(hold.until is None for hold in holds)
    if not readable or _identities(turn, turn.before) == _identities(turn, turn.state):
        return False
    named_anew(turn)
    return True


def named_anew(turn: Turn) -> None:
    """Keep by which line of the policy a record is said again for its names."""
    words = ", ".join(sorted(turn.policy.marketing_identities))
    turn.ruled(Ruled(None, (RowFired("suppressions", "identities", {"listed": words}),)))
    turn.note("the suppression record names the customer as marketing knows them now")


def say(turns: Sequence[Turn]) -> None:
    """Say the whole ledger once for an instant, by the last of its causes that changed it.

    It is said under the names of those who were merged into the customer too: marketing may know them by these still.
    """
    changed = [turn for turn in turns if turn.ledger_changed]
    if changed:
        held = tuple(hold for hold in changed[-1].state.holds if hold.until is None)
        turn = changed[-1]
        said = _suppression(turn, held)
        turn.said += (said, *under_former_names(turn.policy, turn.state, said, turn.root))


def under_former_names(policy: Policy, state: CustomerState, said: Suppression, cause: str) -> Iterator[Suppression]:
    """Yield a ledger as it is said under the names of those who were merged into the customer; `cause` as in ids."""
    for name in state.merged_from:
        former = listed(policy, state.merged_identities.get(name))
        yield replace(
            said,
            id=output_id(state.customer, cause, "suppression", about=name),
            customer=name,
            identities=None if former is None else _others(former, said.identities),
        )


def _others(identities: Identities, mine: Identities | None) -> Identities:
    """Return the identities that are not the customer's own by now: one name finds one record."""
    own = {} if mine is None else asdict(mine)
    return Identities(**{kind: value for kind, value in asdict(identities).items() if value != own.get(kind)})


def _as_it_should_be(turn: Turn) -> tuple[Hold, ...]:
    state = turn.state
    if not state.holds and not state.problems and state.membership is None:
        return ()
    holding = {problem.id: problem for problem in state.problems.values() if _holds(problem)}
    lent = accounts.holding(turn)
    stays = (hold for hold in state.holds if not hold.owner.startswith(accounts.OWNER) or hold.owner in lent)
    kept = tuple(
        replace(hold, scope=lent[hold.owner].scope) if hold.owner in lent else _kept(turn, hold, holding)
        for hold in stays
    )
    running = {hold.owner for hold in kept if hold.until is None}
    begun = (_begun(turn, problem) for problem in _in_order(holding) if problem.id not in running)
    return (*kept, *begun, *(_lent(turn, each) for each in lent.values() if each.owner not in running))


def _lent(turn: Turn, lent: accounts.Lent) -> Hold:
    accounts.ruled(turn, lent.owner, lent.trouble.type)
    return Hold(lent.owner, lent.scope, lent.trouble.type, turn.now)


def _holds(problem: Problem) -> bool:
    return problem.active and problem.scope is not None and problem.released_at is None


def _in_order(holding: dict[ProblemId, Problem]) -> list[Problem]:
    return sorted(holding.values(), key=lambda problem: (problem.opened_at, problem.id))


def _kept(turn: Turn, hold: Hold, holding: dict[ProblemId, Problem]) -> Hold:
    if hold.until is not None or hold.owner.startswith(OPERATOR):
        return hold
    problem = holding.get(ProblemId(hold.owner))
    if problem is None:
        return replace(hold, until=turn.now)
    assert problem.scope is not None
    return hold if hold.scope == problem.scope else replace(hold, scope=problem.scope)


def _begun(turn: Turn, problem: Problem) -> Hold:
    assert problem.scope is not None
    return Hold(problem.id, problem.scope, problem.type, turn.now, journey=problem.journey, case=problem.case)


def _note(turn: Turn, before: Hold | None, hold: Hold) -> None:
    if before == hold:
        return
    what = f"{', '.join(hold.scope.classes)} for {hold.reason}"
    if before is None:
        turn.note(f"hold on {what}")
    else:
        turn.note(f"hold on {what} ended" if hold.until is not None else f"hold for {hold.reason} is now on {what}")


def _ramp(turn: Turn) -> tuple[RampStep, ...]:
    return tuple(RampStep(rule.classes, Instant(turn.now + rule.after), rule.per_week) for rule in turn.policy.ramp)


def _suppression(turn: Turn, held: tuple[Hold, ...]) -> Suppression:
    state = turn.state
    return Suppression(
        id=turn.id_for("suppression"),
        at=turn.now,
        customer=state.customer,
        suppressed=bool(held),
        holds=tuple(_entry(turn, hold) for hold in held),
        ramp=state.ramp,
        identities=_identities(turn, state),
        hold_audio=_hold_audio(turn, held),
    )


def _hold_audio(turn: Turn, held: tuple[Hold, ...]) -> tuple[str, ...]:
    """Return what the customer may hear on hold: nothing that sells while selling on the phone is held."""
    on_phone = (hold.scope for hold in held if {"phone", ALL} & {*hold.scope.channels})
    return turn.policy.hold_audio.plain if any({"upsell", ALL} & {*scope.classes} for scope in on_phone) else (ALL,)


def _identities(turn: Turn, state: CustomerState) -> Identities | None:
    return listed(turn.policy, None if state.profile is None else state.profile.identities)


def listed(policy: Policy, identities: Identities | None) -> Identities | None:
    """Return those identities that the policy lists for marketing."""
    if identities is None:
        return None
    known = asdict(identities)
    return Identities(**{name: value for name, value in known.items() if name in policy.marketing_identities})


def _entry(turn: Turn, hold: Hold) -> HoldEntry:
    return HoldEntry(
        scope=hold.scope,
        reason=hold.reason,
        owner=hold.owner,
        since=hold.since,
        until_what=_until_what(turn, hold),
        journey=hold.journey,
        case=hold.case,
    )


def _until_what(turn: Turn, hold: Hold) -> str:
    if hold.owner.startswith(OPERATOR):
        return "an operator releases it"
    if hold.owner.startswith(accounts.OWNER):
        return f"{accounts.holding(turn)[hold.owner].trouble.customer} of the same account has recovered from it"
    problem = turn.state.problems[ProblemId(hold.owner)]
    quiet = turn.policy.problems[problem.type].quiet_period // HOUR
    return f"resolved, made good, and quiet for {quiet} hours"


def end_operator_holds(turn: Turn, owner: str | None) -> None:
    """End the holds that operators placed: the named one, or all of them."""
    for hold in turn.state.holds:
        if hold.until is None and hold.owner.startswith(OPERATOR) and owner in {None, hold.owner}:
            escalations.answered(turn, ProblemId(hold.owner))
    turn.state = replace(
        turn.state,
        holds=tuple(
            replace(hold, until=turn.now)
            if hold.until is None and hold.owner.startswith(OPERATOR) and owner in {None, hold.owner}
            else hold
            for hold in turn.state.holds
        ),
    )


def age(turn: Turn, hold: Hold) -> None:
    """Name an owner for a hold that has lasted too long; the hold stays."""
    holds = tuple(replace(known, aged=True) if known == hold else known for known in turn.state.holds)
    turn.state = replace(turn.state, holds=holds)
    turn.holds_before = holds
    turn.note(f"hold for {hold.reason} has lasted since {to_iso(hold.since)}")
    if ProblemId(hold.owner) in turn.state.problems:
        escalations.ask(turn, ProblemId(hold.owner), "hold_age")
    elif hold.owner.startswith(OPERATOR):
        escalations.ask_about_hold(turn, hold, "hold_age")

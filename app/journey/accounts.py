"""The people of one business client: what one of them has holds the others that the policy names (decision 0016).

A customer tells the account their severe open problems when these change, and is told everybody's. What others have
holds like a problem of one's own, until it is recovered; it is theirs to make good, and no notice speaks of it here.
"""

from typing import Final, NamedTuple

from msgspec.structs import replace

from app.clock import Instant
from app.decide.policy import AccountRules
from app.facts import (
    AccountAsked,
    AccountLeft,
    AccountTold,
    AccountTroubled,
    Fact,
    Source,
    Subject,
    Trouble,
    account_key,
)
from app.ids import FactId
from app.journey import asking
from app.journey.extent import sorted_problems
from app.journey.state import CustomerState, Membership
from app.journey.turn import Told, Turn
from app.outputs import RowFired, Scope

OWNER: Final = "account:"
"""Begins the owner of a hold that is for somebody else of the account."""

_UNKNOWN: Final = "unknown"
_FROM_US: Final = Source("journey", 0, 0)


class Lent(NamedTuple):
    """A hold for what somebody else of the account has."""

    owner: str
    trouble: Trouble
    scope: Scope


def review(turn: Turn) -> None:
    """Join, leave or change accounts as the profile says, and tell the account what this customer has."""
    state = turn.state
    profile = state.profile
    if state.membership is None and (profile is None or profile.account is None):
        return
    rules = turn.policy.accounts
    wanted = None if profile is None or rules is None else profile.account
    if state.membership is not None and state.membership.account != wanted:
        _leave(turn, state.membership.account)
    if wanted is not None and rules is not None:
        if turn.state.membership is None:
            _join(turn, wanted)
        _tell(turn, rules)


def _leave(turn: Turn, account: str) -> None:
    asking.tell(turn, account_key(account), AccountLeft(account), f"left/account/{account}")
    turn.state = replace(turn.state, membership=None)
    turn.note(f"belongs to account {account} no more")


def _join(turn: Turn, account: str) -> None:
    turn.state = replace(turn.state, membership=Membership(account, turn.now))
    turn.note(f"belongs to account {account}")
    asking.ask(turn, account_key(account), AccountAsked(_question(turn.state, turn.now), account, joins=True))


def _question(state: CustomerState, at: Instant) -> str:
    assert state.membership is not None
    return f"account/{state.customer}/{state.membership.account}/{at}"


def _tell(turn: Turn, rules: AccountRules) -> None:
    membership = turn.state.membership
    assert membership is not None
    now = tuple(
        Trouble(turn.state.customer, problem.id, problem.type)
        for problem in sorted_problems(turn.state)
        if problem.active and problem.released_at is None and problem.severity >= rules.severe_from
    )
    if now != membership.own:
        turn.state = replace(turn.state, membership=replace(membership, own=now))
        account = membership.account
        asking.tell(turn, account_key(account), AccountTroubled(account, now), f"troubled/account/{account}")


def account_told(turn: Turn, fact: Fact, what: AccountTold) -> None:
    """Take what everybody of the account has; what is older than what is known is nothing new."""
    membership = turn.state.membership
    if membership is None or membership.account != what.account:
        return
    known_until = max(membership.known_until, fact.known_at) if what.question else membership.known_until
    others = tuple(trouble for trouble in what.troubles if trouble.customer != turn.state.customer)
    if what.version < membership.version:
        others = membership.others
    released = tuple(owner for owner in membership.released if owner in {owner_of(what.account, one) for one in others})
    version = max(membership.version, what.version)
    turn.state = replace(
        turn.state,
        membership=replace(membership, known_until=known_until, version=version, others=others, released=released),
    )


def owner_of(account: str, trouble: Trouble) -> str:
    """Return the owner of the hold that somebody else's problem has on a customer of the account."""
    return f"{OWNER}{account}/{trouble.customer}/{trouble.problem}"


def holding(turn: Turn) -> dict[str, Lent]:
    """Return by owner the holds for what others of the account have, when the policy names this customer's role."""
    membership, rules, profile = turn.state.membership, turn.policy.accounts, turn.state.profile
    if membership is None or rules is None or profile is None or not membership.others:
        return {}
    if (profile.account_role or _UNKNOWN) not in rules.roles:
        return {}
    found = (Lent(owner_of(membership.account, one), one, rules.scope) for one in membership.others)
    return {lent.owner: lent for lent in found if lent.owner not in membership.released}


def ruled(turn: Turn, owner: str, reason: str) -> None:
    """Keep that the policy's word on accounts decided about a hold."""
    role = (turn.state.profile.account_role if turn.state.profile is not None else None) or _UNKNOWN
    turn.rules.append(RowFired("accounts", "roles", {"role": role, "problem": reason, "owner": owner}))


def release(turn: Turn, owner: str | None) -> None:
    """Free this customer, by an operator's decision, from what others have: the named hold, or all there are now."""
    membership = turn.state.membership
    if membership is None:
        return
    named = tuple(each for each in holding(turn) if owner in {None, each})
    released = tuple(dict.fromkeys((*membership.released, *named)))
    turn.state = replace(turn.state, membership=replace(membership, released=released))


def is_behind(state: CustomerState, at: Instant) -> bool:
    """Say whether an account may have something to tell that this customer must know before what happens `at`.

    Asked under the data clock alone: live, the order of the log is the truth.
    """
    return state.membership is not None and state.membership.known_until < at


def ask_until(state: CustomerState, at: Instant) -> tuple[CustomerState, Told]:
    """Return the state that waits for what the account has to tell up to `at`, and the question."""
    assert state.membership is not None
    account, question = state.membership.account, _question(state, at)
    fact = Fact(
        id=FactId(f"{state.customer}|{question}"),
        what=AccountAsked(question, account, joins=False),
        subject=Subject(state.customer),
        occurred_at=at,
        known_at=at,
        source=_FROM_US,
    )
    return replace(state, questions=(*state.questions, question)), Told(account_key(account), fact)

"""Accounts: what the people of one business client have is told to all the others of it (decision 0016)."""

from msgspec.structs import replace

from app.clock import Instant
from app.facts import (
    SHARDS,
    AccountAsked,
    AccountLeft,
    AccountTold,
    AccountTroubled,
    Fact,
    Trouble,
    members_key,
    shard_of,
)
from app.ids import CustomerId
from app.register.doing import Doing
from app.register.limits import ACCOUNT_KEPT
from app.register.state import Account, Members
from app.topics import Topic


def asked(doing: Doing, known: Account, fact: Fact, what: AccountAsked) -> Account | None:
    """Answer a customer of the account; remember who joins it."""
    customer = _customer(fact)
    if what.joins:
        doing.pass_on(Topic.REGISTER_LOG, members_key(what.account, shard_of(customer)), what, customer)
    doing.pass_on(Topic.JOURNEY_LOG, customer.encode(), _told(known, what.account, what.question), customer)
    return _unless_empty(known)


def troubled(doing: Doing, known: Account, fact: Fact, what: AccountTroubled) -> Account:
    """Take what one of the account's people has now, and tell the others."""
    customer = _customer(fact)
    others = {name: troubles for name, troubles in known.troubles.items() if name != customer}
    return _changed(doing, known, {**others, customer: what.troubles} if what.troubles else others, fact, what.account)


def left(doing: Doing, known: Account, fact: Fact, what: AccountLeft) -> Account | None:
    """Let one of the account's people go, with what they have."""
    customer = _customer(fact)
    doing.pass_on(Topic.REGISTER_LOG, members_key(what.account, shard_of(customer)), what, customer)
    if customer not in known.troubles:
        return _unless_empty(known)
    others = {name: troubles for name, troubles in known.troubles.items() if name != customer}
    return _changed(doing, known, others, fact, what.account)


def _changed(
    doing: Doing, known: Account, troubles: dict[CustomerId, tuple[Trouble, ...]], fact: Fact, account: str
) -> Account:
    version = max(known.version + 1, int(fact.known_at))
    changed = replace(
        known, troubles=troubles, version=version, until=Instant(fact.known_at + ACCOUNT_KEPT) if not troubles else None
    )
    doing.note(f"account {account}: {len(troubles)} of its people have severe open problems")
    told = _told(changed, account, "")
    for shard in range(SHARDS):
        doing.pass_on(Topic.REGISTER_LOG, members_key(account, shard), told)
    return changed


def _told(known: Account, account: str, question: str) -> AccountTold:
    troubles = tuple(sorted(trouble for each in known.troubles.values() for trouble in each))
    return AccountTold(question, account, known.version, troubles)


def _unless_empty(known: Account) -> Account | None:
    return known if known.troubles or known.until is not None else None


def joined(known: Members | None, fact: Fact) -> Members:
    """Remember one of the account's people."""
    others = () if known is None else known.customers
    return Members(tuple(sorted({*others, _customer(fact)})))


def gone(known: Members | None, fact: Fact) -> Members | None:
    """Forget one of the account's people."""
    others = tuple(name for name in (() if known is None else known.customers) if name != fact.subject.customer)
    return Members(others) if others else None


def tell(doing: Doing, known: Members | None, what: AccountTold) -> None:
    """Pass on what has changed to this part of the account's people."""
    for customer in () if known is None else known.customers:
        doing.pass_on(Topic.JOURNEY_LOG, customer.encode(), what, customer)


def _customer(fact: Fact) -> CustomerId:
    customer = fact.subject.customer
    assert customer is not None, "what is told to an account names its customer"
    return customer

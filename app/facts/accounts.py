"""Accounts: the people of one business client, and which of them have severe open problems (decision 0016)."""

from msgspec import Struct

from app.ids import CustomerId, ProblemId


class Trouble(Struct, frozen=True, array_like=True, order=True, gc=False):
    """A severe open problem of somebody in an account; `type` is the problem's."""

    customer: CustomerId
    problem: ProblemId
    type: str


class AccountAsked(Struct, frozen=True, tag="account_asked", gc=False):
    """A customer must know what the others of an account have, now; `joins`: from now on they belong to it."""

    question: str
    account: str
    joins: bool


class AccountTroubled(Struct, frozen=True, tag="account_troubled", gc=False):
    """A customer's severe open problems are now these (none: no more), which the account's others are to know."""

    account: str
    troubles: tuple[Trouble, ...]


class AccountLeft(Struct, frozen=True, tag="account_left", gc=False):
    """A customer belongs to an account no more: they moved, were erased, or have become another one."""

    account: str


class AccountTold(Struct, frozen=True, tag="account_told", gc=False):
    """The severe open problems of everybody in an account. A higher `version` is newer, whichever comes first.

    `question` is empty when nobody asked: something has changed.
    """

    question: str
    account: str
    version: int
    troubles: tuple[Trouble, ...]

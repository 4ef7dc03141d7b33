"""What a customer asks the register, and what is told to it: facts for its log, and questions that are still open."""

from typing import Final, get_args

from msgspec.structs import replace

from app.clock import Instant
from app.facts import (
    AccountTold,
    AssetTold,
    BudgetAnswered,
    Fact,
    IncidentTold,
    OfferTold,
    Question,
    Source,
    Subject,
    What,
)
from app.ids import FactId
from app.journey.state import CustomerState
from app.journey.turn import Told, Turn

ANSWERS = IncidentTold | BudgetAnswered | OfferTold | AssetTold | AccountTold
_ANSWERS: Final = frozenset(get_args(ANSWERS))
"""The same, to be asked first: that a struct is not of a class takes ten times as long to say as that its type is."""

_FROM_US = Source("journey", 0, 0)


def tell(turn: Turn, key: bytes, what: What, about: str) -> None:
    """Write a fact about the customer to the register's log; `about` tells it from others of this cause."""
    fact = Fact(
        id=FactId(f"{turn.state.customer}|{turn.root}|{about}"),
        what=what,
        subject=Subject(turn.state.customer, turn.journey, None, turn.case),
        occurred_at=min(turn.at, turn.now),
        known_at=Instant(turn.now),
        source=_FROM_US,
    )
    turn.said.append(Told(key, fact))


def ask(turn: Turn, key: bytes, what: Question) -> None:
    """Ask the register something; the answer comes as a fact. What is open already is not asked again."""
    if what.question in turn.state.questions:
        return
    turn.state = replace(turn.state, questions=(*turn.state.questions, what.question))
    tell(turn, key, what, what.question)


def answered(turn: Turn, fact: Fact) -> None:
    """Close the question that a fact answers, if it answers one."""
    if is_answer(turn.state, fact):
        assert isinstance(fact.what, ANSWERS)
        question = fact.what.question
        kept = tuple(known for known in turn.state.questions if known != question)
        turn.state = replace(turn.state, questions=kept)


def is_answer(state: CustomerState, fact: Fact) -> bool:
    """Say whether a fact answers a question that is open."""
    if type(fact.what) not in _ANSWERS:
        return False
    return isinstance(fact.what, ANSWERS) and fact.what.question in state.questions


def is_taken_at_once(state: CustomerState, fact: Fact) -> bool:
    """Say whether a customer who stands still takes a fact all the same: an answer, or what their account tells.

    The register is never ahead of who stands still, so what an account tells is older than what they wait with.
    """
    return isinstance(fact.what, AccountTold) or is_answer(state, fact)

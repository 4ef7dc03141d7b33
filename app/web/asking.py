"""From a question as it was asked to its answer: find the customer, check the words, ask the gate."""

from typing import NamedTuple

from app.errors import MakegoodError
from app.ids import CustomerId
from app.outputs import ALL
from app.web.contract import MaySend, Question, may_send_shown
from app.web.freshness import Freshness
from app.web.gate import CLASSES, KNOWN_CHANNELS, WhenStale, may_send
from app.web.identities import KINDS
from app.web.ledgers import Ledgers


class BadQuestion(MakegoodError):  # noqa: N818 - it names the question
    """A question nobody can answer; `field` says which part of it."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(detail)
        self.field = field


class Defaults(NamedTuple):
    """Class and channel of the questions that name none."""

    message_class: str = ""
    channel: str = ALL


def answer(
    ledgers: Ledgers, question: Question, defaults: Defaults, freshness: Freshness, when_stale: WhenStale
) -> MaySend:
    """Return the answer to a question; BadQuestion when a word in it is unknown.

    A customer asked about by a personal name is not told: the answer goes to who asked, not who they are to us.
    """
    message_class = checked_class(question.message_class or defaults.message_class)
    channel = checked_channel(question.channel or defaults.channel)
    customer = found(ledgers, question)
    mine = () if customer is None else ledgers.of(customer)
    decided = may_send(mine, message_class, channel, freshness, when_stale)
    return may_send_shown(decided, message_class, channel, question.customer, known=bool(mine))


def found(ledgers: Ledgers, question: Question) -> CustomerId | None:
    """Return the customer a question is about, None when nobody is known by that name."""
    names = {kind: value for kind in KINDS if (value := getattr(question, kind)) is not None}
    if len(names) + (question.customer is not None) != 1:
        raise BadQuestion("customer", f"name the customer by exactly one of customer, {', '.join(KINDS)}")
    if question.customer is not None:
        return CustomerId(question.customer)
    ((kind, value),) = names.items()
    return ledgers.directory.find(kind, value)


def checked_class(word: str) -> str:
    """Return a message class; a word that we do not know is refused, because no hold would cover it."""
    if word not in CLASSES:
        raise BadQuestion("class", f"must be one of {', '.join(CLASSES)}")
    return word


def checked_channel(word: str) -> str:
    """Return a channel, or `*`."""
    if word != ALL and word not in KNOWN_CHANNELS:
        raise BadQuestion("channel", f"must be one of {', '.join(KNOWN_CHANNELS)}, or * for any")
    return word

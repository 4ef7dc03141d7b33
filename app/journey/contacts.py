"""Contacts and answers: the customer's effort, and whether anybody replied."""

from msgspec.structs import replace

from app.facts import ContactAttempted, Fact, MessageReceived, MessageSent, Party
from app.ids import CaseId
from app.journey import cases, milestones, ping_pong, problems, review
from app.journey.escalations import answered
from app.journey.steps import with_step
from app.journey.trouble import Contact
from app.journey.turn import Turn

_MOST_CONTACTS = 64
_BY_VOICE = frozenset({"phone", "call", "voice"})


def message_received(turn: Turn, fact: Fact, _: MessageReceived) -> None:
    """Take in that the customer wrote or called: effort, and after the end of a case a reopening."""
    _contacted(turn, fact, Party.MERCHANT)
    if fact.subject.case is not None:
        cases.took_turn(turn, fact, "message")


def contact_attempted(turn: Turn, fact: Fact, what: ContactAttempted) -> None:
    """Take in that the customer spent effort, perhaps in vain. Who only looks something up asks nobody."""
    _contacted(turn, fact, Party.NOBODY if what.means in turn.policy.chasing.look_ups else what.to)


def _contacted(turn: Turn, fact: Fact, to: Party) -> None:
    word = f"contacted_{to}"
    subject = fact.subject
    turn.note(f"the customer got in touch: {word}")
    if subject.case is not None:
        case = cases.known(turn, subject.case, subject.journey)
        _case_step(turn, case.id, word, fact)
        cases.effort(turn, case.journey, case.id)
    elif subject.journey is not None:
        milestones.reach(turn, subject.journey, None, word, fact.occurred_at)
        cases.effort(turn, subject.journey, None)
    else:
        _keep(turn, fact, [word])
        cases.effort(turn, None, None)


def _keep(turn: Turn, fact: Fact, words: list[str]) -> None:
    """Keep what names neither journey nor case: a contact, or the answer to one."""
    new = {Contact(fact.occurred_at, word) for word in words}
    turn.state = replace(turn.state, contacts=tuple(sorted({*turn.state.contacts, *new})[-_MOST_CONTACTS:]))
    problems.review_elsewhere(turn)


def _case_step(turn: Turn, name: CaseId, word: str, fact: Fact) -> None:
    case = turn.state.cases[name]
    turn.put_case(replace(case, leg=replace(case.leg, steps=with_step(case.leg.steps, word, fact.occurred_at))))
    review.review_case(turn, name)


def message_sent(turn: Turn, fact: Fact, what: MessageSent) -> None:
    """Take in that somebody answered the customer; an automatic message is no answer."""
    if what.automatic:
        return
    words = ["replied" if what.by is Party.MERCHANT else f"replied_{what.by}"]
    if what.channel in _BY_VOICE:
        words.append("called_back")
    turn.note(f"{what.by} answered the customer")
    subject = fact.subject
    journey = subject.journey
    if subject.case is None and journey is None:
        _keep(turn, fact, words)
    if subject.case is not None:
        case = cases.known(turn, subject.case, subject.journey)
        for word in words:
            _case_step(turn, case.id, word, fact)
        ping_pong.review(turn, case.id)
        own = cases.own_problem(turn, case.id)
        if own is not None and what.by is Party.MERCHANT:
            answered(turn, own)
        journey = case.journey
    if journey is not None and journey in turn.state.journeys and not turn.state.journeys[journey].provisional:
        for word in words:
            milestones.reach(turn, journey, None, word, fact.occurred_at)

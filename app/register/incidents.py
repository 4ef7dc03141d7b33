"""Mass incidents: many customers with one cause are one incident, with one owner and one message to each desk.

Only how many they are is kept here; who is in it the journeys know (decision 0018).
"""

from typing import Final

from msgspec.structs import replace

from app.clock import DAY, Instant, Millis, to_iso
from app.facts import Fact, IncidentReported, IncidentTold, OperatorDecided
from app.ids import CustomerId
from app.register import owners
from app.register.doing import Doing
from app.register.limits import INCIDENT_KEPT
from app.register.state import Incident, Report
from app.topics import Topic

REASON: Final = "mass_incident"
OVER: Final = "mass_incident_over"
_TOLD: Final = ("desk", "retailer")
_QUIET: Final = Millis(DAY)
"""Without a report for this long after the window nothing is added any more."""


def reported(doing: Doing, key: str, known: Incident | None, fact: Fact, what: IncidentReported) -> Incident | None:
    """Join a customer to others with the same cause and answer them; when they are many, declare the incident once."""
    rules, customer = doing.policy.incidents, fact.subject.customer
    assert customer is not None, "a report names its customer"
    if rules is None:
        _answer(doing, key, customer, what.question, None)
        return known
    incident = replace(known or Incident(fact.known_at), until=Instant(fact.known_at + rules.within + _QUIET))
    if incident.declared_at is not None:
        _answer(doing, key, customer, what.question, incident.declared_at)
        return replace(incident, joined=incident.joined + 1)
    since = fact.known_at - rules.within
    others = tuple(each for each in incident.reports if each.at > since and each.customer != customer)
    reports = (*others, Report(fact.known_at, customer, what.question))
    if len(reports) < rules.customers:
        _answer(doing, key, customer, what.question, None)
        return replace(incident, reports=reports)
    fields = _declare(doing, what, len(reports), reports[0].at)
    awaited = owners.ask(doing, REASON, what.problem, what.brand)
    for each in reports:
        _answer(doing, key, each.customer, each.question, doing.now)
    declared = replace(incident, reports=(), declared_at=fact.known_at, joined=len(reports))
    return replace(declared, fields=fields, awaited=awaited)


def _answer(doing: Doing, key: str, customer: CustomerId, question: str, declared_at: Instant | None) -> None:
    told = IncidentTold(question, key, declared_at)
    doing.pass_on(Topic.JOURNEY_LOG, customer.encode(), told, customer)


def _declare(doing: Doing, what: IncidentReported, customers: int, since: Instant) -> dict[str, str]:
    doing.by_policy("incidents", "customers", customers=str(customers), since=to_iso(since))
    doing.note(f"{customers} customers share one cause: a mass incident")
    fields = {
        "cause": what.cause,
        "problem": doing.policy.problems[what.problem].words,
        "brand": what.brand,
        "customers": str(customers),
        "since": to_iso(since),
    }
    text = f"{customers} customers have one problem: {fields['problem']} ({what.cause}). Say one thing to all of them."
    for recipient in _TOLD:
        doing.notice(recipient, REASON, fields, text)
    return fields


def left(doing: Doing, known: Incident | None, customer: CustomerId | None, *, back: bool) -> Incident | None:
    """Count a customer out of an incident, or in again; with the last one out the desks hear that all are well.

    Then no owner need act any more. From what is no incident yet somebody goes who must be forgotten.
    """
    if known is None:
        return None
    if known.declared_at is None:
        reports = tuple(each for each in known.reports if each.customer != customer)
        return replace(known, reports=reports) if reports else None
    if back:
        return replace(known, joined=known.joined + 1, well=False)
    incident = replace(known, recovered=known.recovered + 1)
    if incident.recovered < incident.joined or known.well:
        return incident
    fields = {**known.fields, "customers": str(incident.joined)}
    text = f"All {incident.joined} customers are well again: {fields['problem']} ({fields['cause']})."
    doing.by_policy("incidents", "customers", customers=fields["customers"], recovered=str(incident.recovered))
    for recipient in _TOLD:
        doing.notice(recipient, OVER, fields, text)
    return replace(incident, well=True, awaited=None)


def decided(doing: Doing, known: Incident | None, what: OperatorDecided) -> Incident | None:
    """Stop waiting for an owner: a person whose role may has taken the incident in hand."""
    if not owners.may(doing, what):
        return known
    doing.note(f"{what.action} by {what.role} {what.operator}: {what.reason}")
    if known is None or known.declared_at is None:
        doing.note("no such incident goes on: nothing to do")
        return known
    if known.awaited is None:
        doing.note("nobody is waited for")
    return replace(known, awaited=None)


def due_of(known: Incident) -> Instant:
    """Return when an incident is to be looked at next: for its owner, or for its end."""
    return known.until if known.awaited is None else min(known.until, known.awaited.act_by)


def fire(doing: Doing, known: Incident) -> Incident | None:
    """Tell the next role of an owner who has not acted in time; otherwise look whether the incident is over."""
    if known.awaited is None or known.awaited.act_by > doing.now:
        return _over(doing, known)
    return replace(known, awaited=owners.silent(doing, known.awaited, known.fields["brand"]))


def _over(doing: Doing, known: Incident) -> Incident | None:
    """Forget an incident that has let go of everybody; one that has not is looked at again a day later, for a while."""
    if known.declared_at is None:
        return None
    if known.recovered < known.joined and doing.now < known.declared_at + INCIDENT_KEPT:
        return replace(known, until=Instant(doing.now + DAY))
    doing.note(f"the incident is over: {known.joined} customers in all, {known.recovered} of them well again")
    return None

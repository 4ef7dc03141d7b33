"""Mass incidents: many customers with one cause are one incident, with one owner and one message to each desk."""

from typing import Final

from msgspec.structs import replace

from app.clock import DAY, Instant, to_iso
from app.decide.book import EscalationInputs
from app.decide.escalation import escalation_of
from app.facts import Fact, IncidentReported
from app.register.doing import Doing
from app.register.state import Incident

REASON: Final = "mass_incident"
_TOLD: Final = ("desk", "retailer")
_WORST: Final = 4
"""One owner is named for all of them: as severe as it gets."""
_OVER: Final = DAY
"""Without a report for this long after the window an incident is over; the next report begins another one."""


def reported(doing: Doing, known: Incident | None, fact: Fact, what: IncidentReported) -> Incident | None:
    """Join a customer to others with the same cause; when they are many, declare the incident once."""
    rules, customer = doing.policy.incidents, fact.subject.customer
    assert customer is not None, "a report names its customer"
    if rules is None:
        return known
    incident = replace(known or Incident(fact.known_at), until=Instant(fact.known_at + rules.within + _OVER))
    if incident.declared_at is not None:
        return replace(incident, joined=incident.joined + 1)
    since = fact.known_at - rules.within
    others = tuple(each for each in incident.reports if each[0] > since and each[1] != customer)
    reports = (*others, (fact.known_at, customer))
    if len(reports) < rules.customers:
        return replace(incident, reports=reports)
    _declare(doing, what, len(reports), reports[0][0])
    return replace(incident, reports=(), declared_at=fact.known_at, joined=len(reports))


def _declare(doing: Doing, what: IncidentReported, customers: int, since: Instant) -> None:
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
    plan = doing.ruled(escalation_of(doing.policy, EscalationInputs(REASON, what.problem, _WORST)))
    if plan is not None:
        act_by = None if plan.act_within is None else Instant(doing.now + plan.act_within)
        doing.escalate(plan.owner, plan.authority, REASON, act_by)


def over(doing: Doing, incident: Incident) -> None:
    """Say how many it was in the end."""
    if incident.declared_at is not None:
        doing.note(f"the incident is over: {incident.joined} customers in all")

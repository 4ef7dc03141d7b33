"""Case events, profiles, remedy outcomes and operator decisions."""

from decimal import Decimal
from typing import Any

import pytest

from app.clock import from_iso
from app.facts import (
    Alias,
    AliasBound,
    AliasKind,
    CaseAssigned,
    CaseClosed,
    CaseOpened,
    CasePriorityChanged,
    CaseReopened,
    CaseResolved,
    CaseWaiting,
    ContactAttempted,
    CustomerErased,
    CustomerMerged,
    EvidenceAttached,
    FactWaiting,
    HoldAudioPlayed,
    Identities,
    MessageReceived,
    MessageSent,
    Money,
    OperatorDecided,
    Party,
    Profile,
    ProfileStated,
    PromiseMade,
    RemedyReported,
    SatisfactionAnswered,
    Subject,
    What,
    offer_key,
)
from app.ids import CaseId, CustomerId, Desk, JourneyId, RemedyId
from app.outputs import DeadLetterReason
from app.topics import Topic
from tests.support.intake_records import admit, entries, example, facts, letter

CASE = Subject(None, None, None, CaseId("case:77"))

SAID: list[tuple[Topic, str, What]] = [
    (Topic.CASE_EVENTS, "case_opened", CaseOpened("late delivery", "email", 2, True, Desk("parcels"))),
    (Topic.CASE_EVENTS, "message_received", MessageReceived("email")),
    (Topic.CASE_EVENTS, "message_sent", MessageSent("email", automatic=True, by=Party.CARRIER)),
    (Topic.CASE_EVENTS, "case_assigned", CaseAssigned(Desk("parcels"), "agent-4")),
    (Topic.CASE_EVENTS, "case_handed_over", CaseAssigned(Desk("returns"), "agent-5")),
    (Topic.CASE_EVENTS, "case_priority_changed", CasePriorityChanged(1)),
    (
        Topic.CASE_EVENTS,
        "case_promise_made",
        PromiseMade("called_back", from_iso("2026-07-10T15:00:00Z"), Party.MERCHANT, "asked for a call"),
    ),
    (Topic.CASE_EVENTS, "case_waiting", CaseWaiting(Party.CARRIER)),
    (Topic.CASE_EVENTS, "hold_started", HoldAudioPlayed("started")),
    (Topic.CASE_EVENTS, "hold_audio_played", HoldAudioPlayed("played", "upgrade-ad")),
    (Topic.CASE_EVENTS, "hold_ended", HoldAudioPlayed("ended")),
    (Topic.CASE_EVENTS, "contact_attempted", ContactAttempted("tracking_link", Party.CARRIER)),
    (Topic.CASE_EVENTS, "evidence_attached", EvidenceAttached("vault/2026/07/abc")),
    (Topic.CASE_EVENTS, "case_resolved", CaseResolved()),
    (Topic.CASE_EVENTS, "case_closed", CaseClosed()),
    (Topic.CASE_EVENTS, "case_reopened", CaseReopened()),
    (Topic.CASE_EVENTS, "satisfaction_answered", SatisfactionAnswered(2, 5)),
    (
        Topic.REMEDY_OUTCOMES,
        "remedy_reported",
        RemedyReported("granted", "refund", RemedyId("5f0c"), Money(Decimal("20.00"), "EUR"), "paid"),
    ),
    (
        Topic.REMEDY_OUTCOMES,
        "given_by_hand",
        RemedyReported("granted", "store_credit", None, Money(Decimal("10.00"), "EUR"), "long wait"),
    ),
    (
        Topic.OPERATOR_DECISIONS,
        "operator_decided",
        OperatorDecided("release", "kim", "cx_lead", "settled on the phone", "p-1"),
    ),
]


@pytest.mark.parametrize(("topic", "event", "what"), SAID, ids=[event for _, event, _ in SAID])
def test_an_event_says_one_thing(topic: Topic, event: str, what: What) -> None:
    (found,) = facts(admit(topic, event, example(topic, event, "good-full")))
    assert found.what == what


def test_a_decision_about_an_incident_goes_to_the_register_under_its_name() -> None:
    topic, event = Topic.OPERATOR_DECISIONS, "operator_decided"
    outputs = admit(topic, event, example(topic, event, "good-incident"))
    name = "incident:house/understocked/P-1"
    assert [(output.topic, output.key) for output in outputs] == [(Topic.REGISTER_LOG, name.encode())]
    (found,) = facts(outputs)
    reason = "the lamp comes back on Friday, all are told so"
    assert found.what == OperatorDecided("act", "kim", "incident_lead", reason, incident=name)
    assert found.subject == Subject()


def test_a_decision_about_an_offer_goes_to_the_register_under_the_offers_key() -> None:
    topic, event = Topic.OPERATOR_DECISIONS, "operator_decided"
    outputs = admit(topic, event, example(topic, event, "good-offer"))
    assert [(output.topic, output.key) for output in outputs] == [(Topic.REGISTER_LOG, offer_key("TRADE-IN-20"))]
    (found,) = facts(outputs)
    reason = "the advertisement is put right by noon"
    assert found.what == OperatorDecided("act", "lee", "campaign_lead", reason, offer="TRADE-IN-20")
    assert found.subject == Subject()


def waiting(event: str, payload: dict[str, Any]) -> FactWaiting:
    (entry,) = entries(admit(Topic.CASE_EVENTS, event, payload))
    assert isinstance(entry, FactWaiting)
    return entry


def test_a_profile_is_taken_whole_and_binds_every_identity() -> None:
    outputs = admit(Topic.CUSTOMERS, "profile_stated", example(Topic.CUSTOMERS, "profile_stated", "good-full"))
    (found,) = facts(outputs)
    identities = Identities("kim@example.org", "+49 40 123456", "L-1", "Z-9", "MK-1")
    assert found.what == ProfileStated(
        Profile(
            lifetime_value=Decimal("2300.00"),
            currency="EUR",
            churn_risk=Decimal("0.35"),
            advocacy=Decimal("0.9"),
            customer_since=from_iso("1986-05-01T00:00:00Z"),
            first_time=False,
            locale="de-DE",
            time_zone="Europe/Berlin",
            country="DE",
            account="A-3",
            account_role="buyer",
            identities=identities,
        )
    )
    bound = [entry for entry in entries(outputs) if isinstance(entry, AliasBound)]
    assert {(one.alias.kind, one.alias.value) for one in bound} == {
        (AliasKind.HELPDESK, "Z-9"),
        (AliasKind.LOYALTY, "L-1"),
        (AliasKind.EMAIL, "kim@example.org"),
        (AliasKind.PHONE, "4940123456"),
    }
    assert {one.subject for one in bound} == {Subject(CustomerId("C-1"))}


def test_what_a_profile_does_not_say_is_unknown_and_never_zero() -> None:
    minimal = example(Topic.CUSTOMERS, "profile_stated", "good-minimal")
    (found,) = facts(admit(Topic.CUSTOMERS, "profile_stated", minimal))
    assert found.what == ProfileStated(Profile())


@pytest.mark.parametrize(
    ("requester", "alias"),
    [
        ({"helpdesk_id": "Z-9", "email": "kim@example.org"}, Alias(AliasKind.HELPDESK, "Z-9")),
        ({"email": " Kim@Example.ORG", "phone": "+49 40 123456"}, Alias(AliasKind.EMAIL, "kim@example.org")),
        ({"phone": "0049 (40) 123-456"}, Alias(AliasKind.PHONE, "4940123456")),
        ({}, Alias(AliasKind.CASE, "77")),
        (None, Alias(AliasKind.CASE, "77")),
    ],
)
def test_a_case_without_its_customer_is_found_by_the_surest_identity(
    requester: dict[str, str] | None, alias: Alias
) -> None:
    payload = {**example(Topic.CASE_EVENTS, "message_received", "good-minimal"), "requester": requester}
    entry = waiting("message_received", payload)
    assert entry.alias == alias
    assert entry.fact.subject == CASE


def test_a_case_opened_by_a_known_customer_binds_the_case() -> None:
    outputs = admit(Topic.CASE_EVENTS, "case_opened", example(Topic.CASE_EVENTS, "case_opened", "good-full"))
    (bound,) = entries(outputs)
    assert isinstance(bound, AliasBound)
    assert bound.alias == Alias(AliasKind.CASE, "77")
    assert bound.subject == Subject(CustomerId("C-1"), JourneyId("order:1001"), None, CaseId("case:77"))


def test_a_case_opened_without_its_customer_is_found_by_its_journey_and_not_by_itself() -> None:
    payload = {**example(Topic.CASE_EVENTS, "case_opened", "good-minimal"), "journey_id": "1001"}
    del payload["customer_id"]
    assert waiting("case_opened", payload).alias == Alias(AliasKind.ORDER, "1001")


def test_repeats_of_a_message_share_its_id() -> None:
    payload = example(Topic.CASE_EVENTS, "message_received", "good-full")
    assert waiting("message_received", payload).fact.id == "case-events/message_received:of=message:M-1"


def test_a_contact_about_a_journey_waits_under_it() -> None:
    payload = example(Topic.CASE_EVENTS, "contact_attempted", "good-minimal")
    assert waiting("contact_attempted", payload).alias == Alias(AliasKind.ORDER, "1001")


def test_an_outcome_about_nobody_is_refused() -> None:
    payload = example(Topic.REMEDY_OUTCOMES, "remedy_reported", "good-minimal")
    del payload["customer_id"]
    assert letter(admit(Topic.REMEDY_OUTCOMES, "remedy_reported", payload)).field == "customer_id"


@pytest.mark.parametrize("outcome", ["granted", "failed", "redeemed", "refused"])
def test_every_outcome_of_a_remedy_is_taken(outcome: str) -> None:
    payload = {**example(Topic.REMEDY_OUTCOMES, "remedy_reported", "good-full"), "outcome": outcome}
    (found,) = facts(admit(Topic.REMEDY_OUTCOMES, "remedy_reported", payload))
    assert isinstance(found.what, RemedyReported)
    assert found.what.outcome == outcome


def test_a_merge_names_both_and_an_erasure_whom_to_forget() -> None:
    (merged,) = facts(
        admit(Topic.CUSTOMERS, "customer_merged", example(Topic.CUSTOMERS, "customer_merged", "good-full"))
    )
    assert isinstance(merged.what, CustomerMerged)
    assert merged.what.into != merged.subject.customer
    (erased,) = facts(
        admit(Topic.CUSTOMERS, "customer_erased", example(Topic.CUSTOMERS, "customer_erased", "good-full"))
    )
    assert erased.what == CustomerErased()


@pytest.mark.parametrize("event", ["customer_merged", "customer_erased"])
def test_whom_it_is_about_must_be_named(event: str) -> None:
    wrong = {**example(Topic.CUSTOMERS, event, "good-full"), "customer_id": ""}
    assert letter(admit(Topic.CUSTOMERS, event, wrong)).reason is DeadLetterReason.INVALID_FIELD

"""`case-events`: what the helpdesk and telephony say."""

from collections.abc import Callable
from typing import Final

from app.facts import (
    Alias,
    CaseAssigned,
    CaseClosed,
    CaseOpened,
    CasePriorityChanged,
    CaseReopened,
    CaseResolved,
    CaseWaiting,
    ContactAttempted,
    EvidenceAttached,
    HoldAudioPlayed,
    Identities,
    MessageReceived,
    MessageSent,
    PromiseMade,
    SatisfactionAnswered,
    Subject,
    What,
)
from app.ids import CustomerId
from app.intake.checks import invalid
from app.intake.reading import (
    Fields,
    Read,
    Reading,
    case_alias,
    case_id,
    identity_aliases,
    journey_alias,
    journey_id,
    one,
    optional_journey,
)

Say = Callable[[Fields], What]


def _opened(fields: Fields) -> CaseOpened:
    return CaseOpened(fields["topic"], fields["channel"], fields["priority"], fields["complaint"], fields["desk"])


def _promised(fields: Fields) -> PromiseMade:
    return PromiseMade(fields["milestone"], fields["due"], fields["by"], fields["reason"])


def _answered(fields: Fields) -> SatisfactionAnswered:
    if fields["score"] > fields["scale"]:
        raise invalid("must not be above the scale", "score")
    return SatisfactionAnswered(fields["score"], fields["scale"])


_SAY: Final[dict[str, Say]] = {
    "case_opened": _opened,
    "message_received": lambda fields: MessageReceived(fields["channel"]),
    "message_sent": lambda fields: MessageSent(fields["channel"], fields["automatic"], fields["by"]),
    "case_assigned": lambda fields: CaseAssigned(fields["desk"], fields["owner"]),
    "case_handed_over": lambda fields: CaseAssigned(fields["desk"], fields["owner"]),
    "case_priority_changed": lambda fields: CasePriorityChanged(fields["priority"]),
    "case_promise_made": _promised,
    "case_waiting": lambda fields: CaseWaiting(fields["waiting_for"]),
    "hold_started": lambda _: HoldAudioPlayed("started"),
    "hold_audio_played": lambda fields: HoldAudioPlayed("played", fields["asset"]),
    "hold_ended": lambda _: HoldAudioPlayed("ended"),
    "contact_attempted": lambda fields: ContactAttempted(fields["means"], fields["to"]),
    "evidence_attached": lambda fields: EvidenceAttached(fields["reference"]),
    "case_resolved": lambda _: CaseResolved(),
    "case_closed": lambda _: CaseClosed(),
    "case_reopened": lambda _: CaseReopened(),
    "satisfaction_answered": _answered,
}


def _reader(event: str, say: Say) -> Read:
    opens = event == "case_opened"

    def read(fields: Fields) -> Reading:
        journey = optional_journey(fields) if "journey_id" in fields else None
        customer, case = fields["customer_id"], fields["case_id"]
        subject = Subject(
            customer=None if customer is None else CustomerId(customer),
            journey=None if journey is None else journey_id(*journey),
            case=case_id(case),
        )
        alias = _alias(fields, journey, None if opens else case)
        message = fields.get("message_id")
        return one(fields, subject, alias, say(fields), None if message is None else f"message:{message}")

    return read


READ: Final[dict[str, Read]] = {event: _reader(event, say) for event, say in _SAY.items()}


def _alias(fields: Fields, journey: tuple[str, str] | None, case: str | None) -> Alias | None:
    """Return the surest way to the customer: who turned to us, else the journey, else the case once it is known.

    A case's opening cannot be found by its own case: nothing else would ever bind it.
    """
    if (requester := fields["requester"]) is not None and (found := identity_aliases(Identities(**requester))):
        return found[0]
    if journey is not None:
        return journey_alias(*journey)
    return None if case is None else case_alias(case)

"""The closed words that a policy's tables and lists may use; any other is an error when the policy is loaded."""

from typing import Final

from app.facts import Party
from app.outputs import ALL

MESSAGE_CLASSES: Final = frozenset(
    {"promotion", "loyalty_invitation", "survey", "upsell", "review_request", "replenishment", ALL}
)
CHANNELS: Final = frozenset({"email", "sms", "push", "web", "phone", "post", ALL})
RECIPIENTS: Final = frozenset(
    {"customer", "retailer", "carrier", "merchant", "desk", "support_staff", "campaign_planner"}
)
OCCASIONS: Final = frozenset({"opened", "progress", "resolved", "recovered", "withdrawn", "promise_revised"})
NOTICES_SAY: Final = frozenset({"status", "explanation"})
REMEDY_OCCASIONS: Final = frozenset({"opened", "resolved", "never"})
ESCALATION_REASONS: Final = frozenset(
    {
        "notices_exhausted",
        "severe",
        "hold_age",
        "remedy_failed",
        "remedy_unsettled",
        "reopened",
        "repeated_failure",
        "owner_silent",
        "ping_pong",
        "budget_refused",
        "needs_approval",
        "offer_terms_gap",
        "mass_incident",
        "handed_on",
    }
)
INCIDENT_CAUSES: Final = frozenset({"product", "carrier", "depot", "location"})
BUDGET_PERIODS: Final = frozenset({"day", "month", "year"})
BUDGET_REFUSALS: Final = frozenset({"approval", "apology"})
ACTIONS: Final = frozenset({"hold", "release", "approve", "refuse", "write_off", "close", "quarantine", "act"})
SCOPES: Final = frozenset({"journey", "consignment", "case"})
PARTIES: Final = frozenset(party.value for party in Party)
MOVEMENT: Final = "movement"
"""In an expectation: any scan that shows the parcel moving."""
REDELIVERED: Final = "redelivered"
"""In `resolved_by`: whatever ends a journey well, reached after the problem began."""
OTHERWISE: Final = "otherwise"
"""In promises and failures of a kind: every word that is not listed."""
NOTHING: Final = "nothing"
"""In a perk's `instead`: when it cannot be had, it is left out."""
ORDINARY: Final = "ordinary"
"""The season outside all seasons."""
SEVERITIES: Final = range(1, 5)
"""1 minor, 2 serious enough to hold selling, 3 severe, 4 critical."""

"""What happens in a customer's contact with the service desk."""

from msgspec import Struct

from app.facts.values import Party
from app.ids import Desk


class CaseOpened(Struct, frozen=True, tag="case_opened", omit_defaults=True, gc=False):
    """A customer's contact with the service desk began. `complaint`: something went wrong in the customer's words."""

    topic: str
    channel: str
    priority: int | None = None
    complaint: bool = False
    desk: Desk | None = None


class MessageReceived(Struct, frozen=True, tag="message_received", gc=False):
    """The customer wrote or called about a case."""

    channel: str


class MessageSent(Struct, frozen=True, tag="message_sent", omit_defaults=True, gc=False):
    """Somebody answered the customer (`by`). `automatic`: no person did, so nobody has replied yet."""

    channel: str
    automatic: bool = False
    by: Party = Party.MERCHANT


class CaseAssigned(Struct, frozen=True, tag="case_assigned", omit_defaults=True, gc=False):
    """A case is now with this desk; a hand-over when another desk had it. `owner` is an agent's opaque id."""

    desk: Desk
    owner: str | None = None


class CasePriorityChanged(Struct, frozen=True, tag="case_priority_changed", gc=False):
    """The desk set a priority, 1 the most urgent."""

    priority: int


class CaseWaiting(Struct, frozen=True, tag="case_waiting", gc=False):
    """The case waits for somebody outside the desk; not an answer to the customer. NOBODY: it waits no longer."""

    waiting_for: Party


class HoldAudioPlayed(Struct, frozen=True, tag="hold_audio_played", omit_defaults=True, gc=False):
    """What the caller heard while on hold: `state` is started, played or ended, `asset` the audio's id."""

    state: str
    asset: str | None = None


class ContactAttempted(Struct, frozen=True, tag="contact_attempted", omit_defaults=True, gc=False):
    """The customer spent effort: a tracking look-up, form, chat, call or an unanswered call (`means`)."""

    means: str
    to: Party = Party.MERCHANT


class EvidenceAttached(Struct, frozen=True, tag="evidence_attached", gc=False):
    """A screenshot or document, kept by reference."""

    reference: str


class CaseResolved(Struct, frozen=True, tag="case_resolved", gc=False):
    """The desk says that the case is solved. Solved is not recovered."""


class CaseClosed(Struct, frozen=True, tag="case_closed", gc=False):
    """The desk closed the case."""


class CaseReopened(Struct, frozen=True, tag="case_reopened", gc=False):
    """A solved or closed case is open again."""


class SatisfactionAnswered(Struct, frozen=True, tag="satisfaction_answered", omit_defaults=True, gc=False):
    """A survey's answer, from 1 (worst) to `scale`."""

    score: int
    scale: int = 5

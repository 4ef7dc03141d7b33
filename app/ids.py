"""Ids as types, and the one way to make new ones: deterministically, from what they name."""

from hashlib import sha1
from typing import Final, NewType
from uuid import UUID

CustomerId = NewType("CustomerId", str)
JourneyId = NewType("JourneyId", str)
"""Kind and the shop's own id: `order:1001`, `reservation:R-7`."""
ConsignmentId = NewType("ConsignmentId", str)
CaseId = NewType("CaseId", str)
"""`case:` and the helpdesk's own id."""
ProblemId = NewType("ProblemId", str)
RemedyId = NewType("RemedyId", str)
OutputId = NewType("OutputId", str)
FactId = NewType("FactId", str)
"""The natural key of a fact: the same event, however often delivered, has the same one."""
PolicyVersion = NewType("PolicyVersion", str)
"""Content address of a policy folder: the first 16 hex digits of its SHA-256."""
Desk = NewType("Desk", str)
LineId = NewType("LineId", str)
"""An order line within its order."""

_NAMESPACE: Final = UUID("6f1c8f0e-5d7b-5b0a-9a53-1f4b0c6d2e11").bytes
_BETWEEN: Final = "\x1f"
_VARIANT: Final = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}
"""The digit that RFC 9562 has in place of each: its first two bits are one and zero."""


def name_based(*parts: str) -> str:
    """Return a UUIDv5 (RFC 9562) of the parts; the same parts always give the same id."""
    # what uuid.uuid5 does, without its object: several ids are made for every event
    digits = sha1(_NAMESPACE + _BETWEEN.join(parts).encode(), usedforsecurity=False).hexdigest()
    variant = _VARIANT[digits[16]]
    return f"{digits[:8]}-{digits[8:12]}-5{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:32]}"


def output_id(
    customer: CustomerId,
    cause: str,
    kind: str,
    recipient: str = "",
    about: ProblemId | CaseId | ConsignmentId | str = "",
    ordinal: int = 0,
) -> OutputId:
    """Return the id of an output: the same cause gives the same id, live or in replay (decision 0004)."""
    return OutputId(name_based("output", customer, cause, kind, recipient, about, str(ordinal)))

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


def name_based(*parts: str | int) -> str:
    """Return a UUIDv5 (RFC 9562) of the parts; the same parts always give the same id."""
    text = "\x1f".join(map(str, parts))
    # what uuid.uuid5 does, without its object: several ids are made for every event
    digest = bytearray(sha1(_NAMESPACE + text.encode(), usedforsecurity=False).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    digits = digest.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"

"""Customers by what other systems call them, without keeping what that is: only keyed hashes stay in memory."""

import re
import secrets
from collections.abc import Iterator
from hashlib import blake2b
from typing import Final

from msgspec.structs import asdict

from app.facts import Identities
from app.ids import CustomerId

KINDS: Final = tuple(Identities.__struct_fields__)
"""email, phone, loyalty_number, helpdesk_id, marketing_id."""

_NOT_DIALLED: Final = re.compile(r"[^0-9+]")
_DIGEST: Final = 16

Hashed = bytes


class Directory:
    """Keyed hash of an identity → customer. The key lives as long as the process and is nowhere else."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._customers: dict[Hashed, CustomerId] = {}
        self._hashes: dict[CustomerId, tuple[Hashed, ...]] = {}

    def put(self, customer: CustomerId, identities: Identities | None) -> None:
        """Know a customer by these identities, and by no others any longer."""
        self.forget(customer)
        hashes = () if identities is None else tuple(self._hashes_of(identities))
        if hashes:
            self._hashes[customer] = hashes
            self._customers |= dict.fromkeys(hashes, customer)

    def forget(self, customer: CustomerId) -> None:
        """Know a customer by nothing any longer."""
        for hashed in self._hashes.pop(customer, ()):
            if self._customers.get(hashed) == customer:
                del self._customers[hashed]

    def find(self, kind: str, value: str) -> CustomerId | None:
        """Return the customer whom another system knows by this; KeyError for an unknown kind."""
        if kind not in KINDS:
            raise KeyError(kind)
        return self._customers.get(self._hash(kind, value))

    def _hashes_of(self, identities: Identities) -> Iterator[Hashed]:
        for kind, value in asdict(identities).items():
            if value:
                yield self._hash(kind, value)

    def _hash(self, kind: str, value: str) -> Hashed:
        return blake2b(f"{kind}\0{_normal(kind, value)}".encode(), digest_size=_DIGEST, key=self._key).digest()


def _normal(kind: str, value: str) -> str:
    """Return one form of what may be written in several: letters' case in e-mails, spaces in phone numbers."""
    plain = value.strip()
    if kind == "email":
        return plain.casefold()
    return _NOT_DIALLED.sub("", plain) if kind == "phone" else plain

"""What stays of an erasure: a line in the log, under a keyed hash that leads nobody back to the person.

With the key and a customer's id anybody may show later that this one was erased, and when; without the key the hash
says nothing, for ids can be guessed and an unkeyed hash of a guess compared.
"""

import hmac
from typing import Final

import structlog
from pydantic import SecretStr

from app.clock import to_iso
from app.ids import CustomerId
from app.outputs import Decision

_log = structlog.get_logger("makegood.erasures")

ERASED: Final = "customer_erased"
"""What a decision's cause says when a customer had to be forgotten."""


def hashed(customer: CustomerId, key: SecretStr) -> str:
    """Return the keyed hash (HMAC-SHA-256) of a customer's id, in hex."""
    return hmac.digest(key.get_secret_value().encode(), customer.encode(), "sha256").hex()


class Erasures:
    """Tells the log of each erasure once it is committed. Without a key it tells that there was one, not whose."""

    def __init__(self, key: SecretStr | None) -> None:
        self._key = key if key is not None and key.get_secret_value() else None

    def committed(self, decision: Decision) -> None:
        """Tell of a committed decision if it is an erasure."""
        if decision.cause.what == ERASED:
            who = "unknown: set MAKEGOOD_ERASURE_KEY" if self._key is None else hashed(decision.customer, self._key)
            _log.info("customer_erased", who=who, at=to_iso(decision.at))

"""Our own webhook to anyone: each ledger as JSON, signed as Standard Webhooks say, under the suppression's id."""

import json
from collections.abc import Mapping, Sequence

from app.adapters.signatures import require_standard, standard_signature
from app.clock import to_iso
from app.settings import SignedWebhookSettings
from app.sinks.pace import Time
from app.sinks.talking import Request, Transport, checked
from app.sinks.wanted import Wanted


class SignedWebhook:
    """Implements `courier.Vendor`. A receiver's 2xx is the confirmation: there is nothing to read back."""

    name = "webhook"
    most = 1
    reads = False

    def __init__(self, settings: SignedWebhookSettings, send: Transport, time: Time) -> None:
        assert settings.url is not None
        assert settings.secret is not None
        self._url = settings.url
        self._secret = settings.secret.get_secret_value()
        require_standard(self._secret, "MAKEGOOD_HOLD_WEBHOOK_SECRET")
        self._send = send
        self._time = time

    async def write(self, batch: Sequence[Wanted]) -> Mapping[str, str]:
        """Post each; a repeat has the same webhook-id, so that the receiver can drop it."""
        for each in batch:
            body = json.dumps(_content(each)).encode()
            name, stamp = each.suppression or f"forgotten-{each.customer}", str(int(self._time.wall()))
            headers = {
                "Content-Type": "application/json",
                "webhook-id": name,
                "webhook-timestamp": stamp,
                "webhook-signature": standard_signature(name, stamp, body, self._secret),
            }
            checked(await self._send(Request("POST", self._url, headers, body)))
        return {}

    async def read(self, persons: Sequence[str]) -> Mapping[str, bool]:
        """Return nothing: there is nobody to ask."""
        del persons
        return {}


def _content(each: Wanted) -> dict[str, object]:
    return {
        "type": "hold" if each.held else "release",
        "customer": each.customer,
        "address": each.person,
        "classes": each.classes,
        "channels": each.channels,
        "reasons": each.reasons,
        "since": None if each.since is None else to_iso(each.since),
        "ramp_until": None if each.ramp_until is None else to_iso(each.ramp_until),
    }

"""Proof that a webhook comes from whom it says: an HMAC over the raw body, compared in constant time.

Shopify, AfterShip and EasyPost sign the body alone: a repeat cannot be told from a replay, and is dropped later by its
event id. Zendesk and our own scheme sign the time as well, so an old message is refused.
"""

import base64
import hmac
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from typing import Final, NamedTuple

from app.clock import SECOND, Instant, Millis, from_datetime
from app.errors import MakegoodError, SetupError

REPLAY_WINDOW: Final = Millis(300 * SECOND)
"""How far a signed time may be from ours, both ways. Standard Webhooks and most vendors' libraries take 5 minutes."""

STANDARD: Final = "standard"
"""The published Standard Webhooks scheme: `webhook-id`, `webhook-timestamp`, `webhook-signature`."""


class BadSignature(MakegoodError):  # noqa: N818 - it is what was found, as InvalidRecord is
    """The message is not proved to be the sender's; says which header is missing or wrong, never what it should be."""


class Scheme(NamedTuple):
    """How a sender signs: the digest is in `header` after `prefix`, as `encoding` (base64 or hex).

    With `timestamp_header` the signed text is `template` with {timestamp} and {body} put in; without, the body alone.
    """

    header: str
    encoding: str
    prefix: str = ""
    timestamp_header: str | None = None
    template: str = "{timestamp}{body}"


SHOPIFY: Final = Scheme("X-Shopify-Hmac-Sha256", "base64")
AFTERSHIP: Final = Scheme("aftership-hmac-sha256", "base64")
EASYPOST: Final = Scheme("X-Hmac-Signature", "hex", "hmac-sha256-hex=")
ZENDESK: Final = Scheme(
    "X-Zendesk-Webhook-Signature", "base64", timestamp_header="X-Zendesk-Webhook-Signature-Timestamp"
)


def check(scheme: Scheme, headers: Mapping[str, str], body: bytes, secret: str, now: Instant) -> None:
    """Return when the message is genuine and fresh; BadSignature otherwise. `headers` must ignore case."""
    given = headers.get(scheme.header)
    if given is None:
        raise BadSignature(f"no header {scheme.header}")
    signed = body
    if scheme.timestamp_header is not None:
        stamp = headers.get(scheme.timestamp_header)
        if stamp is None:
            raise BadSignature(f"no header {scheme.timestamp_header}")
        _fresh(scheme.timestamp_header, stamp, now)
        before, _, rest = scheme.template.partition("{body}")
        around = (before.replace("{timestamp}", stamp), rest.replace("{timestamp}", stamp))
        signed = _bytes(around[0]) + body + _bytes(around[1])
    expected = scheme.prefix + _written(hmac.digest(_key(secret), signed, "sha256"), scheme.encoding)
    if not hmac.compare_digest(expected.encode(), _bytes(given.strip())):
        raise BadSignature(f"{scheme.header} does not fit the body: check the secret on both sides")


def check_standard(headers: Mapping[str, str], body: bytes, secret: str, now: Instant) -> None:
    """Return when a message of the Standard Webhooks scheme is genuine and fresh; BadSignature otherwise."""
    identity, stamp, given = (headers.get(f"webhook-{part}") for part in ("id", "timestamp", "signature"))
    if identity is None or stamp is None or given is None:
        raise BadSignature("needs the headers webhook-id, webhook-timestamp and webhook-signature")
    _fresh("webhook-timestamp", stamp, now)
    expected = standard_signature(identity, stamp, body, secret).encode()
    # a sender who rotates its key signs with both: any one that fits is enough
    if not any([hmac.compare_digest(expected, _bytes(one)) for one in given.split()]):  # noqa: C419 - constant time
        raise BadSignature("webhook-signature does not fit the body: check the secret on both sides")


def require_standard(secret: str, setting: str) -> None:
    """Return when a Standard Webhooks secret can be used; SetupError names the setting it is in, never the secret."""
    try:
        key = _standard_key(secret)
    except ValueError:
        key = b""
    if not key:
        raise SetupError(f"{setting}: after whsec_ comes the secret in base64, and it must not be empty")


def standard_signature(identity: str, stamp: str, body: bytes, secret: str) -> str:
    """Return `v1,<base64>` over id, time in seconds and body; the secret is `whsec_` and base64, or plain text."""
    signed = _bytes(f"{identity}.{stamp}.") + body
    return "v1," + _written(hmac.digest(_standard_key(secret), signed, "sha256"), "base64")


def _bytes(header: str) -> bytes:
    """Return a header's text as bytes; one that held bytes that are no text fits nothing, and is no error of ours."""
    return header.encode(errors="surrogatepass")


def _standard_key(secret: str) -> bytes:
    if secret.startswith("whsec_"):
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    return secret.encode()


def _key(secret: str) -> bytes:
    # EasyPost's own libraries normalise the secret this way; plain ASCII is unchanged by it
    return unicodedata.normalize("NFKD", secret).encode()


def _written(digest: bytes, encoding: str) -> str:
    return digest.hex() if encoding == "hex" else base64.b64encode(digest).decode()


def _fresh(header: str, stamp: str, now: Instant) -> None:
    """Refuse a time outside the window; it is seconds since 1970 or ISO 8601."""
    try:
        at = Instant(int(stamp) * SECOND) if stamp.isdecimal() else from_datetime(datetime.fromisoformat(stamp))
    except (ValueError, OverflowError):
        raise BadSignature(f"{header} is neither seconds since 1970 nor ISO 8601 with an offset") from None
    if abs(now - at) > REPLAY_WINDOW:
        raise BadSignature(f"{header} is more than {REPLAY_WINDOW // SECOND} s from our time: replayed, or a clock off")

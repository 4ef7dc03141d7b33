"""What proves a webhook: known answers computed by hand of the scheme, and every way to be wrong."""

import base64
import hashlib
import hmac
from dataclasses import dataclass, field

import pytest
from multidict import CIMultiDict

from app.adapters import signatures
from app.adapters.signatures import (
    BadSignature,
    Scheme,
    check,
    check_standard,
    require_standard,
    standard_signature,
)
from app.clock import SECOND, Instant, from_iso
from app.errors import SetupError

BODY = b'{"a": 1}'
SECRET = "s3cret"
NOW = from_iso("2026-04-18T09:00:00Z")


def digest(signed: bytes, secret: str = SECRET) -> bytes:
    return hmac.new(secret.encode(), signed, hashlib.sha256).digest()


@dataclass
class Signed:
    scheme: Scheme
    headers: dict[str, str] = field(default_factory=dict)


STAMP = "2026-04-18T09:00:00Z"
GOOD = {
    "shopify": Signed(signatures.SHOPIFY, {"X-Shopify-Hmac-Sha256": base64.b64encode(digest(BODY)).decode()}),
    "aftership": Signed(signatures.AFTERSHIP, {"aftership-hmac-sha256": base64.b64encode(digest(BODY)).decode()}),
    "easypost": Signed(signatures.EASYPOST, {"X-Hmac-Signature": "hmac-sha256-hex=" + digest(BODY).hex()}),
    "zendesk": Signed(
        signatures.ZENDESK,
        {
            "X-Zendesk-Webhook-Signature": base64.b64encode(digest(STAMP.encode() + BODY)).decode(),
            "X-Zendesk-Webhook-Signature-Timestamp": STAMP,
        },
    ),
}


@pytest.mark.parametrize("vendor", GOOD)
def test_a_genuine_message_is_let_in(vendor: str) -> None:
    check(GOOD[vendor].scheme, CIMultiDict(GOOD[vendor].headers), BODY, SECRET, NOW)


@pytest.mark.parametrize("vendor", GOOD)
def test_another_body_another_secret_and_no_header_are_refused_without_saying_what_would_fit(vendor: str) -> None:
    scheme, headers = GOOD[vendor].scheme, CIMultiDict(GOOD[vendor].headers)
    for body, secret, given in ((BODY + b" ", SECRET, headers), (BODY, "other", headers), (BODY, SECRET, {})):
        with pytest.raises(BadSignature) as refused:
            check(scheme, given, body, secret, NOW)
        assert headers[scheme.header] not in str(refused.value)


@pytest.mark.parametrize("vendor", GOOD)
def test_a_header_that_is_no_ascii_is_refused(vendor: str) -> None:
    scheme = GOOD[vendor].scheme
    with pytest.raises(BadSignature):
        check(scheme, CIMultiDict({**GOOD[vendor].headers, scheme.header: "ünsigned"}), BODY, SECRET, NOW)


@pytest.mark.parametrize("late", [-301, 301])
def test_a_signed_time_outside_the_window_is_a_replay(late: int) -> None:
    zendesk = GOOD["zendesk"]
    check(zendesk.scheme, CIMultiDict(zendesk.headers), BODY, SECRET, Instant(NOW + 300 * SECOND))
    with pytest.raises(BadSignature, match="replayed"):
        check(zendesk.scheme, CIMultiDict(zendesk.headers), BODY, SECRET, Instant(NOW + late * SECOND))


def test_a_time_that_is_none_is_refused() -> None:
    headers = {**GOOD["zendesk"].headers, "X-Zendesk-Webhook-Signature-Timestamp": "noon"}
    with pytest.raises(BadSignature, match="neither seconds since 1970 nor ISO 8601"):
        check(signatures.ZENDESK, CIMultiDict(headers), BODY, SECRET, NOW)


def test_standard_webhooks_agree_with_the_published_example() -> None:
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    signature = standard_signature("msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", b'{"test": 2432232314}', secret)
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_standard_webhooks_let_in_any_of_several_signatures_and_refuse_old_ones() -> None:
    stamp = str(NOW // SECOND)
    good = standard_signature("m1", stamp, BODY, SECRET)
    headers = CIMultiDict({"webhook-id": "m1", "webhook-timestamp": stamp, "webhook-signature": f"v1,AAAA {good} v2,x"})
    check_standard(headers, BODY, SECRET, NOW)
    with pytest.raises(BadSignature, match="does not fit"):
        check_standard(headers, BODY, "other", NOW)
    with pytest.raises(BadSignature, match="replayed"):
        check_standard(headers, BODY, SECRET, Instant(NOW + 301 * SECOND))
    with pytest.raises(BadSignature, match="needs the headers"):
        check_standard(CIMultiDict({"webhook-id": "m1"}), BODY, SECRET, NOW)


@pytest.mark.parametrize("secret", ["whsec_", "whsec_not base64!", "", "whsec_abc"])
def test_a_secret_that_could_prove_nothing_stops_the_start_and_is_not_repeated(secret: str) -> None:
    with pytest.raises(SetupError, match="MAKEGOOD_X: after whsec_ comes the secret in base64") as told:
        require_standard(secret, "MAKEGOOD_X")
    assert "not base64!" not in str(told.value)

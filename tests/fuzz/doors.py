"""Targets: webhooks and their proofs, mappings, policies, timelines and questions; what comes from outside Kafka."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, Final

import msgspec
from multidict import CIMultiDict

from app.adapters import signatures
from app.adapters.declared import load
from app.adapters.event import Encoder
from app.adapters.foreign import parsed
from app.adapters.signatures import BadSignature
from app.decide import compile_policy, load_folder
from app.errors import InvalidRecord, PolicyError
from app.facts import Identities
from app.ids import CustomerId, OutputId
from app.outputs import ALL, HoldEntry, Scope, Suppression
from app.replay.events import load as load_timeline
from app.settings import ROOT
from app.web.api import _decoded
from app.web.asking import BadQuestion, Defaults, answer
from app.web.contract import Batch
from app.web.freshness import Freshness
from app.web.gate import WhenStale
from app.web.ledgers import Ledgers
from app.wire.catalog import bundled
from app.wire.codec import bundled_codec
from tests.fuzz.mutation import MARK, NASTY_TEXTS, damaged, reshaped, retyped
from tests.fuzz.target import ACCEPTED
from tests.properties.test_webhooks_survive import FIXTURES, said
from tests.support.webhooks import FOLDER, NOW, raw

_ENCODER: Final = Encoder(bundled_codec())
_CODEC: Final = bundled_codec()


def webhooks(rng: Random) -> str:
    """A proved webhook becomes events that Kafka takes, or a refusal that repeats nothing of it."""
    fixture = rng.choice(FIXTURES)
    body = raw(fixture)
    if rng.random() < 0.3:
        body = damaged(rng, body, _bodies())
    else:
        body = json.dumps(reshaped(rng, json.loads(body), _parsed()), default=str).encode()
    try:
        records = _ENCODER.records(said(fixture, parsed(body)), NOW)
    except InvalidRecord as error:
        assert error.detail
        assert MARK not in error.detail, "a refusal repeats what was sent"
        return str(error.reason)
    for record in records:
        assert _CODEC.decode(record.value or b"").schema.topic is record.topic
    return ACCEPTED


@cache
def _bodies() -> list[bytes]:
    return [raw(fixture) for fixture in FIXTURES]


@cache
def _parsed() -> list[Any]:
    return [json.loads(body) for body in _bodies()]


_SECRET: Final = "s3cret"
_SCHEMES: Final = (signatures.SHOPIFY, signatures.AFTERSHIP, signatures.EASYPOST, signatures.ZENDESK)


def proofs(rng: Random) -> str:
    """A signature that is not the sender's is refused, whatever the bytes of the headers; the sender's is not."""
    body = rng.choice(_bodies())
    stamp = str(NOW // 1000)
    genuine = rng.random() < 0.2
    if rng.random() < 0.25:
        signed = signatures.standard_signature("id", stamp, body, _SECRET)
        headers = CIMultiDict({"webhook-id": "id", "webhook-timestamp": stamp, "webhook-signature": signed})
        return _proved(rng, headers, genuine, lambda given: signatures.check_standard(given, body, _SECRET, NOW))
    scheme = rng.choice(_SCHEMES)
    text = (stamp.encode() if scheme.timestamp_header else b"") + body
    digest = hmac.new(_SECRET.encode(), text, hashlib.sha256).digest()
    written = digest.hex() if scheme.encoding == "hex" else base64.b64encode(digest).decode()
    headers = CIMultiDict({scheme.header: scheme.prefix + written})
    if scheme.timestamp_header:
        headers[scheme.timestamp_header] = stamp
    return _proved(rng, headers, genuine, lambda given: signatures.check(scheme, given, body, _SECRET, NOW))


def _proved(rng: Random, headers: CIMultiDict[str], genuine: bool, check: Any) -> str:
    given = CIMultiDict(headers)
    if not genuine:
        name = rng.choice(list(headers))
        broken = rng.choice(
            (rng.choice(NASTY_TEXTS), damaged(rng, headers[name].encode()).decode(errors="surrogateescape"))
        )
        given[name] = broken
        if rng.random() < 0.2:
            del given[name]
    try:
        check(given)
    except BadSignature as error:
        assert not genuine, f"the sender's own signature was refused: {error}"
        assert _SECRET not in str(error)
        return "bad signature"
    same = {name: text.split() for name, text in given.items()} == {
        name: text.split() for name, text in headers.items()
    }
    assert same or _fits(given, headers), "a signature that does not fit was let in"
    return ACCEPTED


def _fits(given: Mapping[str, str], headers: Mapping[str, str]) -> bool:
    """Several signatures may stand in one header of the standard scheme: one of them must be the sender's."""
    return all(set(text.split()) & set(given.get(name, "").split()) for name, text in headers.items())


class Mappings:
    """Declared mappings, damaged: each is used, or refused with its line."""

    def __init__(self) -> None:
        self._folder = TemporaryDirectory()
        self._file = Path(self._folder.name) / "mapping.yaml"
        self._text = (FOLDER / "declared" / "warehouse.yaml").read_text(encoding="utf-8")

    def case(self, rng: Random) -> str:
        """One damaged mapping."""
        if rng.random() < 0.2:
            self._file.write_bytes(damaged(rng, self._text.encode()))
        else:
            self._file.write_text(retyped(rng, self._text), encoding="utf-8")
        try:
            load(self._file, bundled())
        except PolicyError as error:
            assert "mapping.yaml:" in str(error), f"no place in {error}"
            return "refused"
        return ACCEPTED


@cache
def _policies() -> list[dict[str, bytes]]:
    return [
        load_folder(folder) for folder in sorted((ROOT / "policies").iterdir()) if (folder / "policy.yaml").exists()
    ]


def policies(rng: Random) -> str:
    """A policy folder with one file damaged is compiled, or refused with the file's name and a reason."""
    files = dict(rng.choice(_policies()))
    name = rng.choice(sorted(files))
    way = rng.random()
    if way < 0.2:
        files[name] = damaged(rng, files[name])
    elif way < 0.25:
        del files[name]
    elif way < 0.3:
        files[rng.choice(("tables/another.json", "x/y.yaml", "brands/.yaml", "../policy.yaml"))] = files[name]
    elif name.endswith(".json"):
        files[name] = json.dumps(reshaped(rng, json.loads(files[name])), default=str).encode()
    else:
        files[name] = retyped(rng, files[name].decode()).encode(errors="surrogatepass")
    try:
        compile_policy(files)
    except PolicyError as error:
        assert str(error)
        return "refused"
    return ACCEPTED


class Timelines:
    """Timelines as JSON lines, damaged: every line is an event or is told with its number."""

    def __init__(self) -> None:
        self._folder = TemporaryDirectory()
        self._file = Path(self._folder.name) / "events.jsonl"

    def case(self, rng: Random) -> str:
        """One damaged timeline of three lines."""
        lines = [_line(rng) for _ in range(3)]
        self._file.write_bytes(b"\n".join(lines))
        timeline = load_timeline(self._file)
        counted = sum(bool(line.strip()) for line in b"\n".join(lines).split(b"\n"))
        assert timeline.total + len(timeline.malformed) == counted, "a line was swallowed"
        assert len(list(timeline.events())) == timeline.total
        assert all(row.reason and row.line for row in timeline.malformed)
        return "refused" if timeline.malformed else ACCEPTED


def _line(rng: Random) -> bytes:
    payload = {"occurred_at": "2026-07-10T09:00:00Z", "customer_id": "C-1", "order_id": "1001"}
    whole = {
        "topic": "orders",
        "key": "1001",
        "known_at": "2026-07-10T09:00:00Z",
        "value": {"event": "order_placed", "payload": payload},
    }
    if rng.random() < 0.3:
        return damaged(rng, json.dumps(whole).encode())
    return json.dumps(reshaped(rng, whole), default=str).encode()


@cache
def _held() -> Ledgers:
    ledgers = Ledgers()
    hold = HoldEntry(Scope((ALL,)), "late_delivery", "p", NOW, "made good")
    known = Identities(email="a@b.c")
    ann = CustomerId("ann")
    ledgers.put(0, ann, Suppression(OutputId("1"), NOW, ann, suppressed=True, holds=(hold,), identities=known))
    return ledgers


_READ: Final = msgspec.json.Decoder(Batch)
_BATCH: Final = {
    "class": "upsell",
    "questions": [{"class": "promotion", "channel": "email", "customer": "ann"}, {"email": "a@b.c"}],
}


def questions(rng: Random) -> str:
    """A question to the gate is answered, or refused with its place; the held customer is never let go."""
    body = json.dumps(reshaped(rng, _BATCH), default=str).encode()
    if rng.random() < 0.3:
        body = damaged(rng, body)
    try:
        batch = _decoded(_READ, body)
        defaults = Defaults(batch.message_class, batch.channel)
        for question in batch.questions:
            told = answer(_held(), question, defaults, Freshness(NOW, NOW, 1_000), WhenStale())
            assert not (told.allowed and (question.customer == "ann" or question.email == "a@b.c"))
    except BadQuestion as error:
        assert str(error)
        return "refused"
    return ACCEPTED

"""Against a real registry: what we register, what we write with it and what we read of others."""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace

import pytest

from app.clock import from_iso
from app.emit.records import Emit
from app.errors import InvalidRecord, SetupError
from app.intake.stage import Intake
from app.settings import ROOT
from app.shell.registry import RegistryClient
from app.stage import LogRecord
from app.topics import Topic
from app.wire.catalog import EventSchema, JsonSchema, bundled, parse
from app.wire.codec import Codec, bundled_codec
from app.wire.payload import encode_event
from tests.support.examples import example
from tests.support.registry import running_registry
from tests.support.saying import held

NOW = from_iso("2026-07-10T09:00:01Z")
PLACED = {"occurred_at": "2026-07-10T09:00:00Z", "customer_id": "C-1", "order_id": "1001"}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_registry(tmp_path_factory.mktemp("registry")) as base:
        yield base


def changed(schema: EventSchema, field: JsonSchema) -> EventSchema:
    declared = deepcopy(schema.declared)
    declared["fields"].append(field)
    return replace(schema, declared=declared, parsed=parse(declared, "test"))


def test_every_schema_is_registered_once_and_held_to_backward_compatibility(url: str) -> None:
    schemas = bundled().all()
    first, again = RegistryClient(url), RegistryClient(url)
    first.register(schemas)
    again.register(schemas)
    assert [first.id_of(schema) for schema in schemas] == [again.id_of(schema) for schema in schemas]
    assert len({first.id_of(schema) for schema in schemas}) == len(schemas)
    assert {first.compatibility(schema) for schema in schemas[:3]} == {"BACKWARD"}


def test_a_record_written_with_the_registry_has_confluents_form_and_is_admitted(url: str) -> None:
    client = RegistryClient(url)
    codec = Codec(bundled(), client)
    schema = codec.catalog.event(Topic.ORDERS, "order_placed")
    value = encode_event(Topic.ORDERS, "order_placed", PLACED, codec=codec)
    assert value[:5] == b"\x00" + client.id_of(schema).to_bytes(4, "big")
    reader = Intake(Codec(bundled(), RegistryClient(url)))
    outputs = reader.admit(LogRecord(None, value, NOW, Topic.ORDERS, 0, 0))
    assert [output.topic for output in outputs] == [Topic.JOURNEY_LOG, Topic.DIRECTORY]


def test_a_newer_senders_record_is_read_without_the_field_we_do_not_know(url: str) -> None:
    ours = bundled().event(Topic.ORDERS, "order_placed")
    newer = changed(ours, {"name": "gift_wrap", "type": ["null", "string"], "default": None, "doc": "Paper."})
    client = RegistryClient(url)
    client.register([ours])
    sender = RegistryClient(url)
    sender.register([newer])
    assert sender.id_of(newer) != client.id_of(ours)
    plain = bundled_codec().decode(encode_event(Topic.ORDERS, "order_placed", PLACED)).payload
    value = Codec(bundled(), sender).encode(newer, {**plain, "gift_wrap": "red"})
    assert Codec(bundled(), client).decode(value).payload == plain


def test_the_registry_refuses_a_change_that_old_records_do_not_fit(url: str) -> None:
    ours = bundled().event(Topic.ORDERS, "refunded")
    client = RegistryClient(url)
    client.register([ours])
    broken = changed(ours, {"name": "iban", "type": "string", "doc": "No default."})
    with pytest.raises(SetupError, match=r"refused POST .*makegood\.orders\.v1\.Refunded/versions with 409"):
        client.register([broken])


def test_an_id_that_the_registry_does_not_know_is_an_unknown_schema(url: str) -> None:
    codec = Codec(bundled(), RegistryClient(url))
    with pytest.raises(InvalidRecord) as refused:
        codec.decode(b"\x00" + (4_000_000).to_bytes(4, "big") + b"\x02")
    assert refused.value.reason == "unknown_schema"


def test_records_without_a_registry_are_still_read_when_there_is_one(url: str) -> None:
    value = encode_event(Topic.ORDERS, "order_placed", PLACED)
    assert Codec(bundled(), RegistryClient(url)).decode(value).payload["order_id"] == "1001"


def test_the_example_consumer_reads_what_is_written_with_a_registry_and_without(url: str) -> None:
    values = example("hold_list").Values(ROOT / "schemas", url)
    client = RegistryClient(url)
    client.register(bundled().all())
    ledger = held("ann")
    for codec in (Codec(bundled(), client), bundled_codec()):
        value = Emit(codec).record(ledger).value
        assert value is not None
        read = values.read(value)
        assert (read["customer"], read["holds"][0]["reason"]) == ("ann", "late_delivery")
    with pytest.raises(ValueError, match="unknown schema c3010000000000000000: give SCHEMAS or REGISTRY"):
        values.read(b"\xc3\x01" + bytes(8) + b"rest")


def test_a_registry_that_is_away_stops_the_worker_instead_of_refusing_records() -> None:
    client = RegistryClient("http://127.0.0.1:1/apis/ccompat/v7")
    with pytest.raises(SetupError, match="does not answer"):
        Codec(bundled(), client).decode(b"\x00\x00\x00\x00\x01\x02")


def test_a_wrong_url_is_named() -> None:
    with pytest.raises(SetupError, match="MAKEGOOD_SCHEMA_REGISTRY_URL"):
        RegistryClient("file:///etc/passwd")

"""The schemas as a contract: documented, exemplified, released, compatible, and honest about personal data."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import avro.schema
import pytest

from app.errors import SetupError
from app.intake.stage import Intake
from app.topics import INPUTS, OUTPUTS, Topic
from app.wire.catalog import EventSchema, bundled, full_name, load, stripped
from app.wire.codec import Codec
from app.wire.compatibility import problems, release, unreadable
from app.wire.payload import to_avro
from tests.support.intake_records import example

ALL = bundled().all()
EVENT = pytest.mark.parametrize("schema", ALL, ids=lambda schema: schema.label)


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A copy of the schemas and their document, to be changed."""
    shutil.copytree(bundled().folder, tmp_path / "schemas")
    (tmp_path / "docs").mkdir()
    shutil.copy(bundled().folder.parent / "docs/events.md", tmp_path / "docs")
    return tmp_path / "schemas"


def edit(file: Path, change: Any) -> None:
    declared = json.loads(file.read_text())
    change(declared)
    file.write_text(json.dumps(declared))


def test_nothing_stands_in_the_way_of_these_schemas() -> None:
    assert problems(bundled()) == []


def test_every_input_and_output_topic_has_schemas() -> None:
    assert {schema.topic for schema in ALL} == {*INPUTS, *OUTPUTS}


@EVENT
def test_the_fingerprint_is_the_one_that_apaches_own_library_computes(schema: EventSchema) -> None:
    # stripped first: it leaves attributes' braces around primitives, which the specification's form does not have
    official = avro.schema.parse(json.dumps(stripped(schema.declared))).fingerprint("CRC-64-AVRO")
    assert schema.fingerprint == official


@EVENT
def test_good_examples_keep_their_bytes_and_their_meaning(schema: EventSchema) -> None:
    codec = Codec(bundled())
    for name in ("good-minimal", "good-full"):
        payload = to_avro(schema, example(schema.topic, schema.event, name))
        decoded = codec.decode(codec.encode(schema, payload))
        assert decoded.schema is schema
        assert decoded.payload == payload


@EVENT
def test_records_of_every_release_are_read_today(schema: EventSchema) -> None:
    for copy in bundled().releases[schema.label]:
        assert unreadable(schema, copy) == []
        payload = to_avro(copy, example(schema.topic, schema.event, "good-full"))
        written = Codec(bundled()).encode(copy, payload)
        assert Codec(bundled()).decode(written).schema is schema


def test_a_new_field_with_a_default_reads_what_was_released_before_it(copied: Path) -> None:
    file = copied / "orders/refunded.v1.avsc"
    field = {"name": "method", "type": "string", "default": "original", "doc": "How the money went back."}
    edit(file, lambda declared: declared["fields"].append(field))
    newer, older = load(copied), bundled()
    old = older.event(Topic.ORDERS, "refunded")
    written = Codec(older).encode(old, to_avro(old, example(Topic.ORDERS, "refunded", "good-full")))
    assert Codec(newer).decode(written).payload["method"] == "original"
    assert "orders/refunded.v1: not released in this form: run `makegood schemas release`" in problems(newer)
    before = max(int(path.name) for path in (copied / "released").glob("[0-9]*"))
    folder = release(newer)
    assert folder == copied / f"released/{before + 1}"
    assert [path.name for path in (folder / "orders").iterdir()] == ["refunded.v1.avsc"]
    assert release(load(copied)) is None


def test_a_new_field_without_a_default_is_refused_with_the_way_out(copied: Path) -> None:
    edit(
        copied / "orders/refunded.v1.avsc",
        lambda declared: declared["fields"].append({"name": "iban", "type": "string", "doc": "Where to."}),
    )
    (problem,) = [text for text in problems(load(copied)) if "cannot read" in text]
    assert problem.startswith("orders/refunded.v1: cannot read what released/1/orders/refunded.v1.avsc wrote")
    assert problem.endswith("give new fields a default, or make refunded.v2.avsc")


def test_a_word_that_an_enum_does_not_know_yet_reads_as_its_default(copied: Path) -> None:
    def add_symbol(declared: Any) -> None:
        (by,) = [field["type"] for field in declared["fields"] if field["name"] == "by"]
        by["symbols"].append("robot")

    edit(copied / "orders/served.v1.avsc", add_symbol)
    newer = load(copied).event(Topic.ORDERS, "served")
    payload = to_avro(newer, {**example(Topic.ORDERS, "served", "good-minimal"), "by": "robot"})
    # our own catalogue knows the newer writer as a released form, and reads it with its older schema
    target = bundled().event(Topic.ORDERS, "served")
    older = Codec(bundled())
    with_writer = Codec(bundled(), _OneSchema(newer.declared))
    value = with_writer.encode(newer, payload)
    assert with_writer.decode(value).schema is target
    assert with_writer.decode(value).payload["by"] == "unknown"
    assert older.catalog is bundled()


class _OneSchema:
    """A registry that holds one schema, to stand for a sender that is ahead of us."""

    def __init__(self, declared: Any) -> None:
        self._declared = declared

    def id_of(self, _: EventSchema) -> int:
        return 1

    def writer(self, _: int) -> Any:
        return self._declared


@pytest.mark.parametrize(
    ("removed", "told"),
    [
        ("released/1/orders/refunded.v1.avsc", "not released in this form: run `makegood schemas release`"),
        ("examples/orders/refunded/good-*", "write schemas/examples/orders/refunded/good-<name>.json"),
        ("examples/orders/refunded/bad-*", "write schemas/examples/orders/refunded/bad-<name>.json"),
        ("orders/refunded.v1.avsc", "released before and gone now"),
        ("../docs/events.md", "run `makegood schemas doc`"),
    ],
)
def test_what_is_missing_is_told_with_what_mends_it(copied: Path, removed: str, told: str) -> None:
    for file in [path for path in copied.glob(removed) if path.is_file()] or [copied / removed]:
        file.unlink()
    assert any(told in problem for problem in problems(load(copied)))


def test_a_field_without_a_doc_is_named(copied: Path) -> None:
    def forget(declared: Any) -> None:
        (value,) = [field for field in declared["fields"] if field["name"] == "value"]
        del value["type"][1]["fields"][0]["doc"]

    edit(copied / "orders/order_placed.v1.avsc", forget)
    assert 'orders/order_placed.v1: the field value.amount has no "doc": say what it means' in problems(load(copied))


def test_an_event_that_nothing_reads_stops_the_start(copied: Path) -> None:
    new = json.loads((copied / "orders/served.v1.avsc").read_text())
    new["name"] = "Teleported"
    (copied / "orders/teleported.v1.avsc").write_text(json.dumps(new))
    with pytest.raises(SetupError, match=r"no function reads orders/teleported\.v1: add it to READ"):
        Intake(Codec(load(copied)))


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("Refunded.avsc", "{}", r"name it <event>\.v<major>\.avsc"),
        ("refunded.v1.avsc", "{", "not JSON"),
        ("refunded.v1.avsc", '{"type": "recrd", "name": "X"}', "not an Avro schema"),
        ("refunded.v1.avsc", '{"type": "record", "name": "X", "fields": []}', r"must hold the record .*\.Refunded"),
    ],
)
def test_a_file_that_is_no_schema_is_named(tmp_path: Path, name: str, content: str, told: str) -> None:
    (tmp_path / "orders").mkdir()
    (tmp_path / "orders" / name).write_text(content)
    with pytest.raises(SetupError, match=told):
        load(tmp_path)


def test_a_folder_without_schemas_says_which_setting_to_mend(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="MAKEGOOD_SCHEMA_DIR"):
        load(tmp_path / "nowhere")


def test_records_are_named_after_topic_version_and_event() -> None:
    assert full_name(Topic.TRACKING_SCANS, "parcel_scanned", 2) == "makegood.tracking_scans.v2.ParcelScanned"


_PERSONAL = {
    "email": "email",
    "phone": "phone",
    "loyalty_number": "loyalty_number",
    "helpdesk_id": "helpdesk_id",
    "marketing_id": "marketing_id",
    "customer_id": "pseudonym",
    "into_customer_id": "pseudonym",
    "customer": "pseudonym",
    "operator": "agent",
    "agent": "agent",
}
_TELLTALE = ("mail", "phone", "address", "birth", "surname", "first_name", "customer", "agent", "operator")
_HARMLESS = {"customer_since"}


@EVENT
def test_personal_data_is_marked_in_its_type(schema: EventSchema) -> None:
    for name, type_ in _fields(schema.declared):
        suspicious = any(word in name for word in _TELLTALE) and name not in _HARMLESS
        assert name in _PERSONAL or not suspicious, f"{name} looks personal: mark it and add it here"
        if name in _PERSONAL:
            assert _pii(type_) == _PERSONAL[name], name


def test_dead_letters_and_notices_are_marked_for_what_they_quote() -> None:
    quoted = {
        (schema.event, name): _pii(type_)
        for schema in ALL
        for name, type_ in _fields(schema.declared)
        if schema.topic in {Topic.DEAD_LETTERS, Topic.NOTICES, Topic.BRIEFINGS}
    }
    assert quoted["dead_letter", "key"] == quoted["dead_letter", "value"] == "raw"
    assert quoted["notice", "text"] == quoted["notice", "fields"] == quoted["briefing", "summary"] == "text"


def _fields(node: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(node, list):
        for item in node:
            yield from _fields(item)
    elif isinstance(node, dict):
        for field in node.get("fields", []):
            yield field["name"], field["type"]
            yield from _fields(field["type"])
        yield from _fields(node.get("items"))


def _pii(node: Any) -> str | None:
    if isinstance(node, list):
        return next((kind for item in node if (kind := _pii(item)) is not None), None)
    if not isinstance(node, dict):
        return None
    kind = node.get("pii")
    return kind if isinstance(kind, str) else _pii(node.get("values"))

"""Our own reader of Avro reads what fastavro reads, and leaves to it whatever it cannot."""

from io import BytesIO
from typing import Any

import pytest
from fastavro import schemaless_reader, schemaless_writer
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import InvalidRecord
from app.wire.catalog import EventSchema, bundled, parse
from app.wire.codec import SINGLE_OBJECT, bundled_codec
from app.wire.reading import compile_reader, read_whole

SCHEMAS = bundled().all()
CODEC = bundled_codec()
LONG = st.integers(min_value=-(2**63), max_value=2**63 - 1)
MODERATE = st.integers(min_value=-(2**62), max_value=2**62 - 1)
"""Numbers of at most nine bytes, which our own reader takes itself."""
PLAIN: dict[str, st.SearchStrategy[Any]] = {
    "null": st.none(),
    "boolean": st.booleans(),
    "int": st.integers(min_value=-(2**31), max_value=2**31 - 1),
    "long": MODERATE,
    "string": st.text(max_size=80),
    "bytes": st.binary(max_size=80),
}


def values(node: Any, names: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
    """Return what a schema node may hold, as fastavro has it."""
    if isinstance(node, list):
        return st.one_of([values(branch, names) for branch in node])
    if isinstance(node, str):
        return names[node] if node in names else PLAIN[node]
    kind = node["type"]
    if kind == "record":
        fields = {field["name"]: values(field["type"], names) for field in node["fields"]}
        names[node["name"]] = st.fixed_dictionaries(fields)
        return names[node["name"]]
    if kind == "enum":
        names[node["name"]] = st.sampled_from(node["symbols"])
        return names[node["name"]]
    if kind == "array":
        return st.lists(values(node["items"], names), max_size=3)
    if kind == "map":
        return st.dictionaries(st.text(max_size=5), values(node["values"], names), max_size=3)
    return values(kind, names)


PAYLOADS = {schema.fullname: values(schema.parsed, {}) for schema in SCHEMAS}


def written(parsed: Any, payload: Any) -> bytes:
    stream = BytesIO()
    schemaless_writer(stream, parsed, payload)
    return stream.getvalue()


def by_fastavro(schema: EventSchema, body: bytes) -> Any:
    """Return what fastavro reads, or what it says of bytes it cannot read, as intake has always told it."""
    stream = BytesIO(body)
    try:
        payload = schemaless_reader(stream, schema.parsed, None)
    except Exception as error:  # noqa: BLE001 - it has no closed list of what corrupt bytes raise
        return f"the bytes do not fit the schema {schema.label} they name ({type(error).__name__})"
    left = len(body) - stream.tell()
    return f"{left} bytes left over after a record of {schema.label}" if left else payload


def by_codec(schema: EventSchema, body: bytes) -> Any:
    try:
        return CODEC.decode(SINGLE_OBJECT + schema.fingerprint + body).payload
    except InvalidRecord as error:
        return error.detail


@st.composite
def damaged(draw: st.DrawFn) -> tuple[EventSchema, bytes]:
    """Return a record some bytes of which were changed, taken out or put in."""
    schema = draw(st.sampled_from(SCHEMAS))
    body = written(schema.parsed, draw(PAYLOADS[schema.fullname]))
    for _ in range(draw(st.integers(min_value=1, max_value=3))):
        begin = draw(st.integers(min_value=0, max_value=len(body)))
        end = draw(st.sampled_from([begin, begin + 1, begin + 2, len(body)]))
        body = body[:begin] + draw(st.binary(max_size=3)) + body[end:]
    return schema, body


@given(data=st.data())
@settings(max_examples=300)
def test_every_record_of_ours_is_read_without_fastavro_and_as_it_reads_it(data: st.DataObject) -> None:
    schema = data.draw(st.sampled_from(SCHEMAS))
    payload = data.draw(PAYLOADS[schema.fullname])
    reader = compile_reader(schema.parsed)
    assert reader is not None
    body = written(schema.parsed, payload)
    found = read_whole(reader, b"before" + body, len(b"before"))
    assert found is not None
    assert found == payload
    assert list(found) == list(by_fastavro(schema, body))


@given(case=damaged())
@settings(max_examples=1_000)
def test_damaged_bytes_are_read_or_refused_as_fastavro_does(case: tuple[EventSchema, bytes]) -> None:
    schema, body = case
    assert by_codec(schema, body) == by_fastavro(schema, body)


@given(number=LONG)
def test_a_number_of_any_length_is_read(number: int) -> None:
    schema = next(schema for schema in SCHEMAS if schema.event == "campaign_planned")
    payload = by_codec(schema, written(schema.parsed, PLANNED | {"send_at": number}))
    assert payload["send_at"] == number


PLANNED: dict[str, Any] = {
    "event_id": None,
    "occurred_at": 0,
    "campaign_id": "c",
    "message_class": "m",
    "channels": [],
    "send_at": 0,
    "products": [],
    "offer_id": None,
    "brand": None,
}

ODD = {
    "a record cut short": b"\x06ab",
    "a text of negative length": b"\x01",
    "a text that is not UTF-8": b"\x04\xc3\x28",
    "half of a surrogate pair": b"\x06\xed\xa0\x80",
    "bytes left over": b"\x02a\x00",
}


@pytest.mark.parametrize("body", ODD.values(), ids=ODD)
def test_what_is_not_a_text_is_left_to_fastavro(body: bytes) -> None:
    assert reader_of("string", body) is None


@pytest.mark.parametrize(
    ("avro_type", "body"),
    [
        ("boolean", b"\x02"),
        (["null", "string"], b"\x04"),
        (["null", "string"], b"\x01"),
        ({"type": "enum", "name": "E", "symbols": ["a", "b"]}, b"\x04"),
        ({"type": "enum", "name": "E", "symbols": ["a", "b"]}, b"\x01"),
        ({"type": "array", "items": "long"}, b"\x01\x02\x02\x00"),
        ({"type": "map", "values": "long"}, b"\x01\x06\x02a\x02\x00"),
        ("long", b"\xff" * 9 + b"\x01"),
        ("long", b"\x80" * 20),
    ],
)
def test_an_unusual_value_is_left_to_fastavro(avro_type: object, body: bytes) -> None:
    assert reader_of(avro_type, body) is None


def test_a_list_in_several_blocks_is_one_list() -> None:
    assert reader_of({"type": "array", "items": "long"}, b"\x04\x02\x04\x02\x06\x00") == {"value": [1, 2, 3]}


def test_a_number_written_longer_than_it_must_be_is_read() -> None:
    assert reader_of("long", b"\x82\x80\x00") == {"value": 1}


def test_null_may_stand_last_in_a_union() -> None:
    assert reader_of(["long", "null"], b"\x00\x02") == {"value": 1}
    assert reader_of(["long", "null"], b"\x02") == {"value": None}


@pytest.mark.parametrize("avro_type", ["double", "null", ["null", "long", "string"], ["long"]])
def test_what_no_schema_of_ours_holds_is_left_to_fastavro_altogether(avro_type: object) -> None:
    assert compile_reader(holder(avro_type)) is None


def holder(avro_type: object) -> Any:
    return parse({"type": "record", "name": "Holder", "fields": [{"name": "value", "type": avro_type}]}, "a test")


def reader_of(avro_type: object, body: bytes) -> Any:
    reader = compile_reader(holder(avro_type))
    assert reader is not None
    return read_whole(reader, body, 0)

"""What is written from structs is, byte for byte, what fastavro writes from the same values."""

from decimal import Decimal

import pytest
from librt.strings import BytesWriter
from msgspec import Struct

from app.emit.records import Emit
from app.outputs import DeadLetter, Output
from app.wire.codec import bundled_codec
from app.wire.writing import compile_writer
from tests.unit.emit.test_records import SAID

CODEC = bundled_codec()
EACH = pytest.mark.parametrize(
    "output", [one for said in SAID.values() for one in said if not isinstance(one, DeadLetter)]
)


class Holder(Struct):
    value: object


class Swapped(Struct):
    first: bool
    second: int


class Straight(Struct):
    second: int
    first: bool


def written(avro_type: object, value: object) -> bytes:
    writer = compile_writer({"type": "record", "name": "Holder", "fields": [{"name": "value", "type": avro_type}]})
    out = BytesWriter()
    writer.write(out, Holder(value))
    return out.getvalue()


@EACH
def test_an_output_has_the_bytes_that_fastavro_gives_its_payload(output: Output) -> None:
    value = Emit(CODEC).record(output).value
    assert value is not None
    decoded = CODEC.decode(value)
    assert CODEC.encode(decoded.schema, decoded.payload) == value


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (0, "00"),
        (-1, "01"),
        (1, "02"),
        (63, "7e"),
        (-64, "7f"),
        (64, "8001"),
        (8192, "808001"),
        (-(2**61), "ff" * 8 + "3f"),
        (2**61, "80" * 8 + "40"),
        (2**63 - 1, "fe" + "ff" * 8 + "01"),
    ],
)
def test_whole_numbers_are_zigzag_varints(number: int, expected: str) -> None:
    assert written("long", number).hex() == expected


def test_the_lowest_long_takes_ten_bytes() -> None:
    assert written("long", -(2**63)).hex() == "ff" * 9 + "01"


@pytest.mark.parametrize("length", [0, 63, 64, 200])
def test_a_text_has_its_length_in_bytes_before_it(length: int) -> None:
    assert written("string", "é" * length) == written("long", 2 * length) + ("é" * length).encode()


def test_a_decimal_is_plain_text() -> None:
    assert written("string", Decimal("1E+2")) == b"\x06100"


def test_null_may_stand_first_or_last_in_a_union() -> None:
    assert written(["null", "boolean"], None) == b"\x00"
    assert written(["null", "boolean"], True) == b"\x02\x01"
    assert written(["boolean", "null"], None) == b"\x02"
    assert written(["boolean", "null"], False) == b"\x00\x00"


def test_a_struct_may_have_its_fields_in_another_order_than_the_schema() -> None:
    writer = compile_writer(
        {
            "type": "record",
            "name": "Pair",
            "fields": [{"name": "second", "type": "long"}, {"name": "first", "type": "boolean"}],
        }
    )
    out = BytesWriter()
    writer.write(out, Swapped(first=True, second=2))
    writer.write(out, Straight(second=2, first=True))
    writer.write(out, Swapped(first=True, second=2))
    assert out.getvalue() == b"\x04\x01" * 3


def test_a_value_of_another_type_is_not_written() -> None:
    with pytest.raises(TypeError):
        written("long", "12")

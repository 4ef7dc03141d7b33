"""The example payloads: good ones are admitted, bad ones are refused for exactly their reason and field."""

import json
from pathlib import Path

import pytest

from app.errors import InvalidRecord
from app.topics import INPUTS, Topic
from app.wire.catalog import EXAMPLES, bundled
from app.wire.payload import encode_event
from tests.support.intake_records import INTAKE, facts, letter, record

FILES = sorted((bundled().folder / EXAMPLES).rglob("*.json"))
INPUT_FILES = [file for file in FILES if Topic(file.parts[-3]) in INPUTS]


def place(file: Path) -> tuple[Topic, str]:
    return Topic(file.parts[-3]), file.parts[-2]


def named(file: Path) -> str:
    return "/".join(file.parts[-3:])


@pytest.mark.parametrize("file", [one for one in INPUT_FILES if one.name.startswith("good-")], ids=named)
def test_a_good_example_becomes_facts(file: Path) -> None:
    topic, event = place(file)
    outputs = INTAKE.admit(record(topic, encode_event(topic, event, json.loads(file.read_text()))))
    assert facts(outputs)


@pytest.mark.parametrize("file", [one for one in FILES if one.name.startswith("bad-")], ids=named)
def test_a_bad_example_is_refused_for_its_reason_and_field(file: Path) -> None:
    topic, event = place(file)
    content = json.loads(file.read_text())
    try:
        value = encode_event(topic, event, content["payload"])
    except InvalidRecord as error:
        found = {"reason": error.reason, "field": error.field}
    else:
        refused = letter(INTAKE.admit(record(topic, value)))
        found = {"reason": refused.reason.value, "field": refused.field}
        assert refused.value == value
    assert found == content["expect"]


def test_every_example_belongs_to_an_event() -> None:
    assert {place(file) for file in FILES} == set(bundled().events)

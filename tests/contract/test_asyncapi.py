"""docs/asyncapi.yaml against the official schema of AsyncAPI 3.0.0 (tests/fixtures/asyncapi), and against the code."""

import copy
import json
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from typing import Any, Final

import fastavro
import pytest
import yaml
from jsonschema import Draft7Validator

from app.settings import ROOT
from app.topics import INPUTS, OUTPUTS, Topic, declarations
from app.wire.asyncapi import asyncapi_document
from app.wire.catalog import bundled
from app.wire.compatibility import ASYNCAPI_DOCUMENT
from app.wire.payload import to_avro

OFFICIAL: Final = ROOT / "tests/fixtures/asyncapi/asyncapi-3.0.0.schema.json"


@cache
def document() -> Any:
    return yaml.load((ROOT / ASYNCAPI_DOCUMENT).read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)


@cache
def validator() -> Draft7Validator:
    return Draft7Validator(json.loads(OFFICIAL.read_text(encoding="utf-8")))


def test_the_document_says_what_schemas_and_topics_say_now() -> None:
    written = (ROOT / ASYNCAPI_DOCUMENT).read_text(encoding="utf-8")
    assert written == asyncapi_document(bundled(), version("makegood")), "run `makegood schemas doc`"


def test_the_document_is_valid_asyncapi() -> None:
    found = [f"{list(error.absolute_path)}: {error.message[:200]}" for error in validator().iter_errors(document())]
    assert found == []


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        (("operations", "receive.orders", "action"), "read"),
        (("channels", "orders", "bindings", "kafka", "bindingVersion"), "9.9.9"),
        (("components", "messages", "orders.order_placed.v1", "payload", "schema", "fields"), "none"),
        (("info", "title"), None),
    ],
)
def test_a_document_with_a_mistake_is_not_valid(path: tuple[str, ...], wrong: object) -> None:
    broken = copy.deepcopy(document())
    at = broken
    for name in path[:-1]:
        at = at[name]
    at[path[-1]] = wrong
    assert not validator().is_valid(broken)


def test_every_topic_is_a_channel_with_its_declared_retention() -> None:
    channels = document()["channels"]
    assert list(channels) == [declared.topic.value for declared in declarations()]
    for declared in declarations():
        said = channels[declared.topic]["bindings"]["kafka"]["topicConfiguration"]
        config = declared.config()
        assert said["cleanup.policy"] == [config["cleanup.policy"]]
        assert {name: str(value) for name, value in said.items() if name != "cleanup.policy"}.items() <= config.items()


def test_every_event_is_a_message_of_the_operation_of_its_topic() -> None:
    for topic in (*INPUTS, *OUTPUTS):
        operation = document()["operations"][f"{'receive' if topic in INPUTS else 'send'}.{topic}"]
        messages = [_at(reference["$ref"]) for reference in operation["messages"]]
        assert {message["name"] for message in map(_resolved, messages)} == {
            schema.fullname for schema in bundled().all() if schema.topic is topic
        }


def test_each_payload_is_a_schema_of_its_own_that_its_example_can_be_written_with() -> None:
    for label, message in document()["components"]["messages"].items():
        topic, event, _ = label.rsplit(".", 2)
        schema = bundled().event(Topic(topic), event)
        assert message["x-fingerprint"] == schema.fingerprint.hex()
        (example,) = message["examples"]
        parsed = fastavro.parse_schema(copy.deepcopy(message["payload"]["schema"]))
        fastavro.validation.validate(to_avro(schema, example["payload"]), parsed, raise_errors=True)


def test_no_reference_leads_nowhere() -> None:
    references = list(_references(document()))
    assert references
    for reference in references:
        _at(reference)


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


def _resolved(node: Any) -> Any:
    return _resolved(_at(node["$ref"])) if "$ref" in node else node


def _at(reference: str) -> Any:
    at = document()
    for name in reference.removeprefix("#/").split("/"):
        at = at[name]
    return at

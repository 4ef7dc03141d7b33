"""examples/javascript/hold-list.mjs as a marketing team runs it: real broker, real registry, the gate at hand."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from app.emit.records import Emit
from app.outputs import Scope
from app.settings import ROOT, KafkaSettings, WorkerSettings
from app.shell.registry import RegistryClient
from app.shell.topics_admin import apply_topics, delete_namespace
from app.web.access import Role
from app.wire.catalog import bundled
from app.wire.codec import Codec
from tests.support.registry import running_registry
from tests.support.saying import held, say
from tests.support.talking import talking
from tests.support.told_site import TOKENS, empty_site, served, tell

PROGRAM: Final = str(ROOT / "examples/javascript/hold-list.mjs")


@pytest.fixture
def environment(kafka_settings: KafkaSettings, topic_prefix: str) -> Iterator[dict[str, str]]:
    worker = WorkerSettings(topic_prefix=topic_prefix)
    asyncio.run(apply_topics(kafka_settings, worker))
    yield {
        "PATH": os.environ["PATH"],
        "KAFKA_BOOTSTRAP": kafka_settings.bootstrap,
        "TOPIC": f"{topic_prefix}suppressions",
        "GROUP": f"{topic_prefix}hold-list",
        "SCHEMAS": str(ROOT / "schemas"),
        "TOKEN": TOKENS[Role.GATE],
    }
    asyncio.run(delete_namespace(kafka_settings, topic_prefix))


def test_a_sender_keeps_the_list_and_asks_the_gate_for_what_the_list_does_not_forbid(
    node: str, environment: dict[str, str], kafka_settings: KafkaSettings, topic_prefix: str, tmp_path: Path
) -> None:
    site = empty_site()
    tell(site, [held("cleo")])
    asyncio.run(say(kafka_settings, topic_prefix, held("ann", Scope(("promotion",), ("email",))), held("bob")))
    asyncio.run(say(kafka_settings, topic_prefix, held("aborted"), abort=True))
    with served(site) as gate, talking([node, PROGRAM], tmp_path, {**environment, "GATE": gate}) as program:
        program.until("caught up")
        assert "ann: held" in program.said
        assert "bob: held" in program.said
        program.tell("ann promotion email")
        program.until("no: held because of late_delivery until made good")
        program.tell("ann promotion sms")
        program.until("yes: free")
        program.tell("bob recovery email")
        program.until("yes: never_held")
        program.tell("cleo promotion email")
        program.until("no: hold\n")
        asyncio.run(say(kafka_settings, topic_prefix, forget="ann"))
        program.until("ann: free")
        program.tell("ann promotion email")
        program.until("yes: free", 2)
    assert "aborted" not in program.said


def test_what_is_written_with_a_registry_is_read_beside_what_was_written_before_it(
    node: str, environment: dict[str, str], kafka_settings: KafkaSettings, topic_prefix: str, tmp_path: Path
) -> None:
    asyncio.run(say(kafka_settings, topic_prefix, held("before")))
    with running_registry(tmp_path) as url:
        client = RegistryClient(url, topic_prefix)
        client.register(bundled().all())
        asyncio.run(say(kafka_settings, topic_prefix, held("after"), emit=Emit(Codec(bundled(), client))))
        environment |= {"REGISTRY": url, "GATE": "http://127.0.0.1:9"}
        with talking([node, PROGRAM], tmp_path, environment) as program:
            program.until("caught up")
            program.tell("before promotion email")
            program.tell("after promotion email")
            program.until("no: held because of late_delivery", 2)
            program.tell("nobody promotion email")
            program.until(": wait")
            program.tell("nobody transactional email")
            program.until(": send")

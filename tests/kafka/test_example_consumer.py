"""examples/python/hold_list.py as a marketing team runs it: beside a real broker, with the gate at hand."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from app.outputs import Scope
from app.settings import ROOT, KafkaSettings, WorkerSettings
from app.shell.topics_admin import apply_topics, delete_namespace
from app.web.access import Role
from tests.support.saying import held, say
from tests.support.talking import Talking, talking
from tests.support.told_site import TOKENS, empty_site, served, tell

PROGRAM: Final = str(ROOT / "examples/python/hold_list.py")
HELD_ANN: Final = held("ann", Scope(("promotion",), ("email",)))


@pytest.fixture
def environment(kafka_settings: KafkaSettings, topic_prefix: str, tmp_path: Path) -> Iterator[dict[str, str]]:
    worker = WorkerSettings(topic_prefix=topic_prefix)
    asyncio.run(apply_topics(kafka_settings, worker))
    yield {
        "PATH": os.environ["PATH"],
        "KAFKA_BOOTSTRAP": kafka_settings.bootstrap,
        "TOPIC": f"{topic_prefix}suppressions",
        "SCHEMAS": str(ROOT / "schemas"),
        "HOLDS": str(tmp_path / "holds.db"),
        "TOKEN": TOKENS[Role.GATE],
        "PYTHONUNBUFFERED": "1",
    }
    asyncio.run(delete_namespace(kafka_settings, topic_prefix))


@contextmanager
def following(environment: dict[str, str], folder: Path) -> Iterator[Talking]:
    with talking([sys.executable, PROGRAM, "follow"], folder, environment) as program:
        yield program


def ask(environment: dict[str, str], *question: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, PROGRAM, "ask", *question], env=environment, capture_output=True, text=True, check=False
    )
    assert not done.stderr, done.stderr
    return done.returncode, done.stdout.strip()


def test_a_sender_keeps_the_list_and_asks_the_gate_for_what_the_list_does_not_forbid(
    environment: dict[str, str], kafka_settings: KafkaSettings, topic_prefix: str, tmp_path: Path
) -> None:
    site = empty_site()
    tell(site, [held("cleo")])
    asyncio.run(say(kafka_settings, topic_prefix, HELD_ANN, held("bob")))
    asyncio.run(say(kafka_settings, topic_prefix, held("aborted"), abort=True))
    with served(site) as gate, following(environment, tmp_path) as program:
        environment = {**environment, "GATE": gate}
        program.until("bob: held")
        program.until("ann: held")
        assert ask(environment, "ann", "promotion", "email") == (3, "no: held because of late_delivery until made good")
        assert ask(environment, "ann", "promotion", "sms") == (0, "yes: free")
        assert ask(environment, "bob", "recovery", "email") == (0, "yes: never_held")
        assert ask(environment, "cleo", "promotion", "email") == (3, "no: hold")
        asyncio.run(say(kafka_settings, topic_prefix, forget="ann"))
        program.until("ann: free")
        assert ask(environment, "ann", "promotion", "email") == (0, "yes: free")
    assert "aborted" not in program.said


def test_the_list_goes_on_where_it_stopped_and_marketing_waits_while_no_gate_answers(
    environment: dict[str, str], kafka_settings: KafkaSettings, topic_prefix: str, tmp_path: Path
) -> None:
    environment["GATE"] = "http://127.0.0.1:9"
    asyncio.run(say(kafka_settings, topic_prefix, HELD_ANN))
    with following(environment, tmp_path) as program:
        program.until("ann: held")
    asyncio.run(say(kafka_settings, topic_prefix, held("bob")))
    with following(environment, tmp_path) as program:
        program.until("bob: held")
        assert "ann" not in program.said
    assert ask(environment, "ann", "promotion", "email")[0] == 3
    code, said = ask(environment, "nobody", "promotion", "email")
    assert (code, said.rpartition(" ")[2]) == (4, "wait")
    code, said = ask(environment, "nobody", "transactional", "email")
    assert (code, said.rpartition(" ")[2]) == (0, "send")

"""`makegood explain` against a real broker."""

import asyncio
import json
import secrets
from collections.abc import Iterator

import pytest
from aiokafka import AIOKafkaProducer
from click.testing import CliRunner, Result

from app.cli import cli
from app.emit.records import Emit
from app.outputs import Cause, Output
from app.settings import KafkaSettings, WorkerSettings
from app.shell.kafka_client import client_options
from app.shell.topics_admin import apply_topics, delete_namespace
from app.wire.codec import bundled_codec
from tests.support.explained_customer import ANN, DUE, decision, outputs

ABORTED = decision("aborted", DUE, Cause("deadline", "never", "never said", None, DUE))


async def _fill(kafka: KafkaSettings, prefix: str) -> None:
    await apply_topics(kafka, WorkerSettings(topic_prefix=prefix))
    producer = AIOKafkaProducer(**client_options(kafka), transactional_id=f"{prefix}test")
    await producer.start()
    try:
        async with producer.transaction():
            await _say(producer, prefix, outputs())
        await producer.begin_transaction()
        await _say(producer, prefix, [ABORTED])
        await producer.flush()
        await producer.abort_transaction()
    finally:
        await producer.stop()


async def _say(producer: AIOKafkaProducer, prefix: str, said: list[Output]) -> None:
    emit = Emit(bundled_codec())
    records = [emit.record(output) for output in said]
    records.append(emit.tombstone(ANN))
    for record in records:
        await producer.send(prefix + record.topic, record.value, key=record.key)


@pytest.fixture(scope="module")
def live(kafka_settings: KafkaSettings) -> Iterator[dict[str, str]]:
    prefix = f"explain-{secrets.token_hex(4)}-"
    asyncio.run(_fill(kafka_settings, prefix))
    yield {"KAFKA_BOOTSTRAP": kafka_settings.bootstrap, "MAKEGOOD_TOPIC_PREFIX": prefix}
    asyncio.run(delete_namespace(kafka_settings, prefix))


def explain(live: dict[str, str], *args: str) -> Result:
    return CliRunner().invoke(cli, ["explain", *args], env=live)


def test_a_customer_is_explained_from_what_was_committed(live: dict[str, str]) -> None:
    result = explain(live, "ann")
    assert result.exit_code == 0, result.output
    assert result.output.startswith("ann: 3 steps; marketing is not held")
    assert "deadline: delivered promised (order:1001)" in result.output
    assert "store_credit of 20.00 EUR; costs 18.50 EUR (marketing)" in result.output
    assert "never said" not in result.output


def test_json_has_the_form_of_a_replays_files(live: dict[str, str]) -> None:
    steps = [json.loads(line) for line in explain(live, "ann", "--json").output.splitlines()]
    assert [step["decision"]["id"] for step in steps] == ["placed", "breach", "recovery"]
    assert steps[1]["decision"]["at"] == "2026-07-13T00:00:00.000Z"
    assert steps[2]["said"][1]["gestures"][0]["cost"] == {"amount": "18.50", "currency": "EUR"}


def test_an_unknown_customer_is_a_clear_message_and_exit_code_1(live: dict[str, str]) -> None:
    result = explain(live, "nobody")
    assert result.exit_code == 1
    assert "nothing is on record of customer 'nobody' in the cluster's topics" in result.output

"""`makegood dead-letters` against a real broker."""

import asyncio
import json
from collections.abc import Iterator

import pytest
from aiokafka import AIOKafkaProducer
from click.testing import CliRunner, Result
from msgspec.structs import replace

from app.cli import cli
from app.clock import Instant
from app.dead_letters import REDRIVEN, REDRIVEN_FROM
from app.emit.records import Emit
from app.ids import OutputId, name_based
from app.outputs import DeadLetter, DeadLetterReason
from app.settings import KafkaSettings, WorkerSettings
from app.shell.kafka_client import client_options
from app.shell.topic_reader import read_topic
from app.shell.topics_admin import apply_topics, delete_namespace
from app.stage import LogRecord
from app.topics import Topic
from app.wire.codec import bundled_codec

VALUE = b"\xc3\x01 something that nobody could read"


def _letter(number: int, reason: DeadLetterReason, topic: str = "orders") -> DeadLetter:
    at = Instant(1_783_000_000_000 + number)
    letter_id = OutputId(name_based("letter", str(number)))
    return DeadLetter(letter_id, at, reason, "it is wrong", None, topic, 0, number, b"ann", VALUE, at)


BAD = [_letter(1, DeadLetterReason.UNDECODABLE), _letter(2, DeadLetterReason.UNDECODABLE)]
LOST = _letter(3, DeadLetterReason.UNRESOLVED, "tracking-scans")
ABORTED = _letter(4, DeadLetterReason.UNRESOLVED)


class Place:
    """A namespace with some dead letters in it, and the command line pointed at it."""

    def __init__(self, kafka: KafkaSettings, prefix: str) -> None:
        self.kafka = kafka
        self.worker = WorkerSettings(topic_prefix=prefix)

    def run(self, *args: str) -> Result:
        return CliRunner().invoke(cli, ["dead-letters", *args])

    def records(self, topic: Topic) -> list[LogRecord]:
        async def read() -> list[LogRecord]:
            return [record async for record in read_topic(self.kafka, self.worker, topic)]

        return asyncio.run(read())

    async def fill(self) -> None:
        await apply_topics(self.kafka, self.worker)
        producer = AIOKafkaProducer(**client_options(self.kafka), transactional_id=f"{self.worker.topic_prefix}test")
        await producer.start()
        try:
            async with producer.transaction():
                await self._write(producer, *BAD, LOST)
            await producer.begin_transaction()
            await self._write(producer, ABORTED)
            await producer.flush()
            await producer.abort_transaction()
        finally:
            await producer.stop()

    async def refuse_what_stands(self, value: bytes) -> DeadLetter:
        """Write a record to `orders`, and a letter that names its place and does not hold it, as the journey does."""
        producer = AIOKafkaProducer(**client_options(self.kafka))
        await producer.start()
        try:
            await producer.send_and_wait(self.worker.topic_prefix + Topic.ORDERS, b"another", key=b"ann")
            there = await producer.send_and_wait(self.worker.topic_prefix + Topic.ORDERS, value, key=b"ann")
            bare = _letter(9, DeadLetterReason.UNKNOWN_KIND)
            bare = replace(bare, partition=there.partition, offset=there.offset, key=None, value=None)
            bare = replace(bare, timestamp=Instant(there.timestamp))
            gone = replace(bare, id=OutputId(name_based("letter", "gone")), offset=there.offset + 50)
            await self._write(producer, bare, gone)
        finally:
            await producer.stop()
        return bare

    async def _write(self, producer: AIOKafkaProducer, *letters: DeadLetter) -> None:
        emit = Emit(bundled_codec())
        for letter in letters:
            record = emit.record(letter)
            await producer.send(self.worker.topic_prefix + record.topic, record.value, key=record.key)


@pytest.fixture
def place(kafka_settings: KafkaSettings, topic_prefix: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setenv("KAFKA_BOOTSTRAP", kafka_settings.bootstrap)
    monkeypatch.setenv("MAKEGOOD_TOPIC_PREFIX", topic_prefix)
    place = Place(kafka_settings, topic_prefix)
    asyncio.run(place.fill())
    yield place
    asyncio.run(delete_namespace(kafka_settings, topic_prefix))


def test_committed_letters_are_listed_and_those_of_an_aborted_transaction_are_not(place: Place) -> None:
    result = place.run("list")
    assert result.exit_code == 0, result.output
    assert all(letter.id in result.output for letter in (*BAD, LOST))
    assert ABORTED.id not in result.output
    assert "3 dead letters, 2 undecodable, 1 unresolved" in result.output
    only = place.run("list", "--reason", "unresolved", "--json")
    assert [json.loads(line)["id"] for line in only.output.splitlines()] == [LOST.id]


def test_one_letter_is_shown_by_the_beginning_of_its_id_and_its_bytes_only_when_asked(place: Place) -> None:
    shown = place.run("show", LOST.id[:10])
    assert shown.exit_code == 0, shown.output
    assert "tracking-scans/0@3" in shown.output
    assert VALUE.hex(" ") not in shown.output
    assert VALUE.hex(" ") in place.run("show", LOST.id, "--bytes").output
    unknown = place.run("show", "no-such-id")
    assert unknown.exit_code == 1
    assert "no dead letter begins with 'no-such-id'" in unknown.output


def test_redriving_writes_the_original_records_to_their_topics_with_their_origin(place: Place) -> None:
    dry = place.run("redrive", "--reason", "undecodable", "--dry-run")
    assert "2 records would be redriven to orders" in dry.output
    assert place.records(Topic.ORDERS) == []

    result = place.run("redrive", "--reason", "undecodable")
    assert result.exit_code == 0, result.output
    assert "2 records redriven to orders" in result.output
    written = place.records(Topic.ORDERS)
    assert [(record.key, record.value) for record in written] == [(b"ann", VALUE), (b"ann", VALUE)]
    assert [dict(record.headers) for record in written] == [
        {REDRIVEN: letter.id.encode(), REDRIVEN_FROM: f"orders/0@{letter.offset}".encode()} for letter in BAD
    ]
    assert place.records(Topic.TRACKING_SCANS) == []


def test_redriving_one_letter_by_id_leaves_the_others(place: Place) -> None:
    assert "1 records redriven to tracking-scans" in place.run("redrive", LOST.id).output
    assert len(place.records(Topic.TRACKING_SCANS)) == 1
    assert place.records(Topic.ORDERS) == []


def test_a_record_that_its_letter_does_not_hold_is_redriven_from_where_it_stands(place: Place) -> None:
    bare = asyncio.run(place.refuse_what_stands(VALUE))
    result = place.run("redrive", "--reason", "unknown_kind")
    assert result.exit_code == 0, result.output
    assert "1 records redriven to orders" in result.output
    assert "its origin keeps them no longer" in result.output
    (again,) = [record for record in place.records(Topic.ORDERS) if record.headers]
    assert (again.key, again.value) == (b"ann", VALUE)
    assert dict(again.headers)[REDRIVEN] == bare.id.encode()


def test_redriving_everything_must_be_asked_for_by_reason(place: Place) -> None:
    result = place.run("redrive")
    assert result.exit_code == 2
    assert "name dead letters by id, or --reason" in result.output


def test_topics_that_are_not_there_are_named(kafka_settings: KafkaSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP", kafka_settings.bootstrap)
    monkeypatch.setenv("MAKEGOOD_TOPIC_PREFIX", "nowhere-")
    result = CliRunner().invoke(cli, ["dead-letters", "list"])
    assert result.exit_code == 2
    assert "no topic nowhere-dead-letters" in result.output
    assert "makegood topics apply" in result.output

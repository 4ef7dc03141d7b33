"""`makegood read`: what stands on an output topic now, one JSON object a line."""

import asyncio
from collections.abc import AsyncIterator

import click

from app.clock import to_iso
from app.replay import form
from app.settings import KafkaSettings, WorkerSettings
from app.shell.kafka_client import wait_for_broker
from app.shell.output_reader import codec_of
from app.shell.topic_reader import read_topic
from app.stage import LogRecord
from app.topics import OUTPUTS, Topic

_PATIENCE_SECONDS = 30.0


@click.command("read")
@click.argument("topic", type=click.Choice([topic.value for topic in OUTPUTS]))
@click.option("--key", help="Only records with this key: the customer's id (the letter's own on dead-letters).")
def command(topic: str, key: str | None) -> None:
    """Print what was committed to TOPIC until now, one JSON object a line: key, where, when, value (docs/events.md).

    A value of null is a tombstone. Personal data is printed as it stands on the topic. A program that reads for ever is
    in examples/.

    \b
    Examples:
      makegood read suppressions
      makegood read remedies --key ann | jq .value.gestures
    """
    asyncio.run(_print(Topic(topic), None if key is None else key.encode()))


async def _print(topic: Topic, key: bytes | None) -> None:
    kafka, worker = KafkaSettings(), WorkerSettings()
    codec = codec_of(worker)
    await wait_for_broker(kafka, limit=_PATIENCE_SECONDS)
    records: AsyncIterator[LogRecord] = read_topic(kafka, worker, topic, key=key)
    async for record in records:
        if key is not None and record.key != key:
            continue
        row = {
            "key": None if record.key is None else record.key.decode(errors="replace"),
            "partition": record.partition,
            "offset": record.offset,
            "at": to_iso(record.timestamp),
            "value": None if record.value is None else form.shown(codec, record.value),
        }
        click.echo(form.line(row), nl=False)

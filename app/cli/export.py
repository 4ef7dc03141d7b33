"""`makegood export CUSTOMER`: all that is held about one customer, as JSON."""

import asyncio
import json
from typing import Final

import click

from app.cli._progress import counted
from app.clock import to_iso
from app.export import Gathering, names_of, plain
from app.ids import CustomerId
from app.settings import KafkaSettings, WorkerSettings
from app.shell.kafka_client import wait_for_broker
from app.shell.output_reader import codec_of
from app.shell.safe_clock import wall_clock
from app.shell.topic_reader import read_topic
from app.topics import Topic

_PATIENCE_SECONDS: Final = 30.0


@click.command("export")
@click.argument("customer")
@click.option("--out", type=click.File("w", encoding="utf-8", lazy=True), default="-", help="A file; standard output.")
def command(customer: str, out: click.utils.LazyFile) -> None:
    """Write all that is held about a customer, from every topic: what they may ask a company for.

    CUSTOMER is the shop's own id, as in the events' customer_id. It is found by every name that leads to the customer:
    orders, parcels, cases, e-mail, phone. Exit code 1 when nothing is held.

    \b
    Example:
      makegood export ann --out ann.json
    """
    found = asyncio.run(_export(CustomerId(customer), KafkaSettings(), WorkerSettings()))
    if not found["topics"]:
        raise click.ClickException(f"nothing is held about customer {customer!r}: check the id")
    json.dump(found, out, indent=2, sort_keys=True, ensure_ascii=False)
    out.write("\n")


async def _export(customer: CustomerId, kafka: KafkaSettings, worker: WorkerSettings) -> dict[str, object]:
    await wait_for_broker(kafka, limit=_PATIENCE_SECONDS)
    codec, names = codec_of(worker), names_of(customer, await _state(customer, kafka, worker))
    topics: dict[str, object] = {}
    for topic in Topic:
        gathering = Gathering(topic, names, codec)
        async for record in counted(read_topic(kafka, worker, topic), topic):
            gathering.take(record)
        if theirs := list(gathering.found()):
            topics[topic] = theirs
    return {
        "customer": customer,
        "exported_at": to_iso(wall_clock()),
        "known_by": plain(names.aliases),
        "topics": topics,
    }


async def _state(customer: CustomerId, kafka: KafkaSettings, worker: WorkerSettings) -> bytes | None:
    """Return their state as stored: it says by which other names the records may know them."""
    newest, key = None, customer.encode()
    async for record in read_topic(kafka, worker, Topic.JOURNEY_CHANGELOG, key=key):
        if record.key == key:
            newest = record.value
    return newest

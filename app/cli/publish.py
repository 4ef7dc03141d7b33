"""`makegood publish`: write an event of one's own to an input topic."""

import asyncio
import json
import sys

import click

from app.cli._json import json_option, say
from app.errors import InvalidRecord, SetupError
from app.settings import KafkaSettings, WorkerSettings
from app.shell.output_reader import codec_of
from app.shell.publisher import write
from app.stage import OutRecord
from app.topics import INPUTS, Topic
from app.wire.catalog import bundled
from app.wire.payload import encode_event
from app.wire.record_keys import own_key

_EXAMPLE = """\b
Example:
  makegood publish orders order_placed '{"order_id": "1001", "customer_id": "ann",
    "brand": "harbour_audio", "occurred_at": "2026-07-10T10:00:00+01:00", "lines": []}'
"""


def _events(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Complete the events of the topic that was given."""
    del param
    return [
        schema.event
        for schema in bundled().all()
        if schema.topic == ctx.params.get("topic") and schema.event.startswith(incomplete)
    ]


@click.command("publish", epilog=_EXAMPLE)
@click.argument("topic", type=click.Choice([topic.value for topic in INPUTS]))
@click.argument("event", shell_complete=_events)
@click.argument("payload", default="-")
@click.option("--key", help="record key; the order of records with one key is kept (default: the event's own id)")
@json_option
def command(topic: str, event: str, payload: str, key: str | None, *, in_json: bool) -> None:
    """Write EVENT (see docs/events.md) with PAYLOAD, a JSON object or `-` for one from standard input."""
    worker, kafka = WorkerSettings(), KafkaSettings()
    fields = _parsed(sys.stdin.read() if payload == "-" else payload)
    try:
        value = encode_event(Topic(topic), event, fields, codec=codec_of(worker))
    except InvalidRecord as error:
        raise SetupError(f"not published: {f'{error.field} ' if error.field else ''}{error.detail}") from error
    record = OutRecord(Topic(topic), (key or own_key(fields)).encode(), value)
    for place in asyncio.run(write(kafka, worker, [record])):
        if in_json:
            say({"event": event} | place._asdict())
            continue
        print(f"published {event} to {place.topic}, partition {place.partition}, offset {place.first_offset}")


def _parsed(text: str) -> dict[str, object]:
    try:
        fields = json.loads(text)
    except json.JSONDecodeError as error:
        message = f"the payload is not JSON: {error.msg} at line {error.lineno}, column {error.colno}"
        raise SetupError(message) from error
    if not isinstance(fields, dict):
        raise SetupError("the payload must be a JSON object with the event's fields")
    return fields

"""`makegood webhooks`: receive other systems' webhooks, and check a mapping before it is used."""

import json
from pathlib import Path

import click

from app import logs
from app.adapters import applying
from app.adapters.declared import load
from app.adapters.event import Encoder
from app.adapters.foreign import parsed
from app.cli._json import json_option, say
from app.cli._stopping import until_stopped
from app.errors import InvalidRecord, SetupError
from app.settings import KafkaSettings, WebhookSettings, WorkerSettings
from app.shell.output_reader import codec_of
from app.shell.safe_clock import wall_clock
from app.web.webhook_server import serve


@click.group("webhooks")
def command() -> None:
    """Take in what Shopify, AfterShip, EasyPost, Zendesk and others post (docs/adapters.md)."""


@command.command("serve")
def serve_() -> None:
    """Receive webhooks at /v1/webhooks/SOURCE until stopped. A source is open once it has a secret.

    \b
    Example:
      MAKEGOOD_WEBHOOK_SHOPIFY_SECRET=... makegood webhooks serve
    """
    settings, worker, kafka = WebhookSettings(), WorkerSettings(), KafkaSettings()
    logs.configure(worker.log_format, worker.log_level)
    until_stopped(serve(settings, kafka, worker, tell=click.echo))


@command.command()
@click.argument("mapping", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--body", type=click.File("rb"), help="A body to try it on: shows the events it comes to.")
@json_option
def check(mapping: Path, body: click.utils.LazyFile | None, *, in_json: bool) -> None:
    """Check MAPPING, a YAML file; each mistake is named with its line.

    \b
    Example:
      makegood webhooks check warehouse.yaml --body example.json
    """
    codec = codec_of(WorkerSettings())
    declared = load(mapping, codec.catalog)
    if in_json:
        say({"mapping": mapping, "sound": True, "source": declared.source, "events": len(declared.rules)})
    else:
        click.echo(f"{mapping}: good; {len(declared.rules)} events from source {declared.source}")
    if body is None:
        return
    try:
        events = applying.events(declared, parsed(body.read()))
        Encoder(codec).records(events, wall_clock())
    except InvalidRecord as error:
        raise SetupError(f"the body would be refused with 422: {error}") from error
    for event in events:
        # in the order in which one reads it, not sorted
        click.echo(json.dumps({"topic": event.topic, "event": event.event, "payload": event.payload}, default=str))

"""`makegood mirror`: copy everything to another, empty cluster, so that workers there go on where these stopped."""

import asyncio

import click

from app.cli._json import json_option, say
from app.settings import KafkaSettings, WorkerSettings
from app.shell.mirroring import mirror


@click.command("mirror")
@click.option("--to", "bootstrap", required=True, metavar="HOST:PORT", help="The cluster to copy to.")
@json_option
def command(bootstrap: str, *, in_json: bool) -> None:
    """Copy all topics and the group's place in them to another cluster; stop the workers first.

    Security settings (KAFKA_SECURITY_PROTOCOL and the others) hold for both clusters. Workers started there go on where
    these stopped: same state, and nothing is said again (docs/operations/backup.md).

    \b
    Example:
      makegood mirror --to 10.0.0.7:9092
    """
    here = KafkaSettings()
    there = here.model_copy(update={"bootstrap": bootstrap})
    for topic, records in asyncio.run(mirror(here, there, WorkerSettings())).items():
        if in_json:
            say({"topic": topic, "records": records})
        else:
            click.echo(f"{topic}: {records} records")

"""`makegood sinks`: carry holds into marketing tools."""

import click

from app import logs
from app.cli._stopping import until_stopped
from app.settings import KafkaSettings, SinkSettings, WorkerSettings
from app.shell.sink_worker import run_sinks
from app.sinks.chosen import TOOLS


@click.command("sinks")
@click.argument("tools", nargs=-1, type=click.Choice(TOOLS))
def command(tools: tuple[str, ...]) -> None:
    """Carry holds and releases into TOOLS, or all that have a key, until stopped.

    Tools: braze, klaviyo, customerio, iterable, sfmc, webhook. docs/adapters.md says how to set each up.

    \b
    Example:
      MAKEGOOD_BRAZE_KEY=... makegood sinks braze
    """
    worker = WorkerSettings()
    logs.configure(worker.log_format, worker.log_level)
    until_stopped(run_sinks(SinkSettings(), KafkaSettings(), worker, tools))

"""`makegood explain CUSTOMER`: everything that was decided about a customer, and why."""

import asyncio
from collections.abc import Iterable
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from app.cli._progress import counted
from app.clock import to_iso
from app.emit.records import Emit
from app.explain import Entry, Explanation, Step, entries, explanation, standing
from app.ids import CustomerId
from app.outputs import Output
from app.replay import form
from app.replay.read_back import outputs_of
from app.settings import KafkaSettings, WorkerSettings
from app.shell.output_reader import read_outputs
from app.topics import Topic
from app.wire.catalog import load
from app.wire.codec import Codec

_LIVE = "live"
_TOPICS = (
    Topic.DECISIONS,
    Topic.SUPPRESSIONS,
    Topic.REMEDIES,
    Topic.NOTICES,
    Topic.ESCALATIONS,
    Topic.BRIEFINGS,
)
_WIDTH_OF_FILES = 120
_STYLES = {"rule": "cyan", "hold": "red", "release": "green", "remedy": "magenta", "cause": "dim", "policy": "dim"}


@click.command("explain")
@click.argument("customer")
@click.option(
    "--from",
    "source",
    default=_LIVE,
    show_default=True,
    metavar="live|DIR",
    help="The cluster's topics, or the --out folder of a replay.",
)
@click.option("--json", "in_json", is_flag=True, help="One JSON object a line: a decision and what it led to.")
def command(customer: str, source: str, *, in_json: bool) -> None:
    """Print a customer's timeline: events, deadlines, problems, holds, remedies, and the rules behind each decision.

    CUSTOMER is the shop's own id, as in the events' customer_id. Exit code 1 when nothing is on record.

    \b
    Examples:
      makegood explain ann
      makegood explain C-1001 --from .run/stories
      makegood explain ann --json | tail -1
    """
    name = CustomerId(customer)
    worker = WorkerSettings()
    told = explanation(name, _live(name, worker) if source == _LIVE else _replayed(name, worker, Path(source)))
    if told is None:
        where = "the cluster's topics" if source == _LIVE else source
        raise click.ClickException(f"nothing is on record of customer {customer!r} in {where}: check the id")
    if in_json:
        _print_json(told, Codec(load(worker.schema_dir)))
    else:
        _print_text(told)


def _live(customer: CustomerId, worker: WorkerSettings) -> Iterable[Output]:
    async def read() -> list[Output]:
        kafka, key = KafkaSettings(), customer.encode()
        return [
            output
            for topic in _TOPICS
            async for output in counted(read_outputs(kafka, worker, topic, key=key), f"of {customer}: {topic}")
        ]

    return asyncio.run(read())


def _replayed(customer: CustomerId, worker: WorkerSettings, folder: Path) -> Iterable[Output]:
    return outputs_of(folder, customer, Codec(load(worker.schema_dir)))


def _print_json(told: Explanation, codec: Codec) -> None:
    emit = Emit(codec)
    for step in told.steps:
        click.echo(form.line(_row(step, emit, codec)), nl=False)


def _row(step: Step, emit: Emit, codec: Codec) -> dict[str, object]:
    def shown(output: Output) -> object:
        return form.shown(codec, emit.record(output).value or b"")

    return {
        "decision": None if step.decision is None else shown(step.decision),
        "said": [shown(one) for one in step.said],
    }


def _print_text(told: Explanation) -> None:
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _WIDTH_OF_FILES
    console.print(Text(f"{told.customer}: {len(told.steps)} steps; {standing(told)}"))
    for entry in entries(told):
        console.print()
        console.print(Text.assemble((to_iso(entry.at), "bold"), "  ", (entry.title, "bold")))
        console.print(_table(entry))


def _table(entry: Entry) -> Table:
    """Return an entry's lines in two columns; texts are never read as markup."""
    table = Table.grid(padding=(0, 2))
    table.add_column(min_width=10)
    table.add_column(overflow="fold")
    for label, text in entry.lines:
        table.add_row(Text(f"  {label}", _STYLES.get(label, "")), Text(text))
    return table

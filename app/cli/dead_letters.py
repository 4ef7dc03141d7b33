"""`makegood dead-letters list | show | redrive`: what was refused, why, and sending it again once it is mended."""

import asyncio
import json
from collections.abc import Iterable, Sequence

import click

from app.cli._json import say
from app.cli._progress import counted
from app.dead_letters import (
    Original,
    Place,
    as_json,
    chosen,
    description,
    left_there,
    listing,
    newest_last,
    origin,
    redrive,
)
from app.outputs import DeadLetter, DeadLetterReason
from app.settings import KafkaSettings, WorkerSettings
from app.shell.kafka_client import client_options
from app.shell.output_reader import read_outputs
from app.shell.topic_reader import read_places
from app.shell.writers import LogWriter
from app.stage import OutRecord
from app.topics import Topic

_reason = click.option(
    "--reason", type=click.Choice([str(reason) for reason in DeadLetterReason]), help="Only those of this reason."
)
_json = click.option("--json", "in_json", is_flag=True, help="One JSON object a line.")


@click.group("dead-letters")
def command() -> None:
    """Look at input that was refused, and send it again once its cause is mended."""


@command.command("list")
@_reason
@_json
def list_(reason: str | None, *, in_json: bool) -> None:
    """List dead letters, the newest last: id, time, reason, origin, field, detail. Never the record's content.

    \b
    Example:
      makegood dead-letters list --reason unresolved
    """
    letters = chosen(_all_letters(), (), _as_reason(reason))
    for line in _json_lines(letters) if in_json else listing(letters):
        click.echo(line)


@command.command()
@click.argument("letter_id")
@click.option("--bytes", "with_bytes", is_flag=True, help="The first bytes of key and value too; may be personal data.")
@_json
def show(letter_id: str, *, with_bytes: bool, in_json: bool) -> None:
    """Show one dead letter; the beginning of its id is enough.

    \b
    Example:
      makegood dead-letters show 1b07996d
    """
    (letter,) = _one_each(_all_letters(), [letter_id])
    if in_json:
        click.echo(json.dumps(as_json(letter, with_bytes=with_bytes), sort_keys=True))
        return
    for line in description(letter, with_bytes=with_bytes):
        click.echo(line)


@command.command("redrive")
@click.argument("letter_ids", nargs=-1)
@_reason
@click.option("--dry-run", is_flag=True, help="Only say what would be written.")
@_json
def redrive_(letter_ids: tuple[str, ...], reason: str | None, *, dry_run: bool, in_json: bool) -> None:
    """Write refused records to their input topics again, as they were.

    Name dead letters by id (its beginning is enough), or all of one --reason. A record redriven twice counts once if
    its event has an id of its own.

    \b
    Examples:
      makegood dead-letters redrive --reason unresolved --dry-run
      makegood dead-letters redrive 1b07996d
    """
    if not letter_ids and reason is None:
        raise click.UsageError("name dead letters by id, or --reason to redrive all of one reason")
    letters = _all_letters()
    named = _one_each(letters, letter_ids) if letter_ids else letters
    wanted = chosen(named, (), _as_reason(reason))
    plan = redrive(wanted, asyncio.run(_originals(left_there(wanted))))
    if in_json:
        if not dry_run:
            asyncio.run(_write(plan.records))
        for letter, why_not in plan.refused:
            say({"id": letter.id, "origin": origin(letter), "redriven": False, "why": why_not})
        for topic in sorted({record.topic for record in plan.records}):
            number = sum(record.topic is topic for record in plan.records)
            say({"topic": topic, "records": number, "redriven": not dry_run})
        return
    for letter, why_not in plan.refused:
        click.echo(f"not redriven: {letter.id} from {origin(letter)}: {why_not}")
    if not dry_run:
        asyncio.run(_write(plan.records))
    for line in _summary(plan.records, dry_run=dry_run):
        click.echo(line)


def _all_letters() -> list[DeadLetter]:
    return newest_last(asyncio.run(_read(KafkaSettings(), WorkerSettings())))


async def _read(kafka: KafkaSettings, worker: WorkerSettings) -> list[DeadLetter]:
    said = counted(read_outputs(kafka, worker, Topic.DEAD_LETTERS), Topic.DEAD_LETTERS)
    return [letter async for letter in said if isinstance(letter, DeadLetter)]


async def _originals(places: Sequence[Place]) -> dict[Place, Original]:
    """Return what still stands at these places of the input topics."""
    found: dict[Place, Original] = {}
    for topic in sorted({topic for topic, _, _ in places}):
        wanted = {(partition, offset) for name, partition, offset in places if name == topic}
        async for record in read_places(KafkaSettings(), WorkerSettings(), Topic(topic), wanted):
            found[topic, record.partition, record.offset] = Original(record.key, record.value, record.timestamp)
    return found


async def _write(records: Sequence[OutRecord]) -> None:
    prefix = WorkerSettings().topic_prefix
    writer = LogWriter(client_options(KafkaSettings()), lambda topic: prefix + topic)
    await writer.start()
    try:
        await asyncio.gather(*await writer.send(records))
    finally:
        await writer.stop()


def _one_each(letters: Sequence[DeadLetter], prefixes: Iterable[str]) -> list[DeadLetter]:
    """Return the one letter that each prefix means."""
    found = []
    for prefix in prefixes:
        meant = chosen(letters, [prefix], None)
        if len(meant) != 1:
            many = f"{len(meant)} dead letters begin" if meant else "no dead letter begins"
            raise click.ClickException(f"{many} with {prefix!r}: see `makegood dead-letters list`")
        found += meant
    return found


def _as_reason(reason: str | None) -> DeadLetterReason | None:
    return None if reason is None else DeadLetterReason(reason)


def _json_lines(letters: Iterable[DeadLetter]) -> Iterable[str]:
    return (json.dumps(as_json(letter), sort_keys=True) for letter in letters)


def _summary(records: Sequence[OutRecord], *, dry_run: bool) -> Iterable[str]:
    verb = "would be redriven" if dry_run else "redriven"
    for topic in sorted({record.topic for record in records}):
        yield f"{sum(record.topic is topic for record in records)} records {verb} to {topic}"
    if not records:
        yield f"0 records {verb}"

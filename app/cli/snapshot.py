"""`makegood snapshot`: the states as they are now, and what followed, as files that can be replayed."""

import asyncio
from pathlib import Path
from typing import Final

import click

from app.cli._json import json_option, say
from app.clock import DAY, after, from_iso, to_iso
from app.replay.snapshot.folder import Snapshot, Window
from app.replay.snapshot.taking import Told, take, take_window
from app.settings import KafkaSettings, WorkerSettings
from app.topics import Topic, declarations

_LONGEST: Final = 365 * DAY
_FOLDER: Final = click.Path(path_type=Path, file_okay=False)


@click.group("snapshot")
def command() -> None:
    """Keep the states and what followed, to replay what live decided, or would have under another policy.

    The logs are kept for days; what is older stands in the states alone. A snapshot of them, and the window of the logs
    that follows it, are all that a replay needs (docs/operations/backup.md).

    \b
    Example:
      makegood snapshot take monday
      makegood snapshot window monday
      makegood replay snapshot --data monday --out what-was-said
      makegood replay snapshot --data monday --policy my-policy --out what-would-have-been
    """


@command.command("take")
@click.argument("folder", type=_FOLDER)
@json_option
def _take(folder: Path, *, in_json: bool) -> None:
    """Write the states of directory, journeys and register to a new FOLDER, with their places in the logs.

    Workers may be at it meanwhile. The files hold personal data: only their owner may read them, and they must go when
    the line that is printed says so.

    \b
    Example:
      makegood snapshot take monday
    """
    worker = WorkerSettings()
    taken = asyncio.run(take(KafkaSettings(), worker, folder, _told(in_json=in_json)))
    _delete_by(taken, worker, folder, in_json=in_json)


@command.command("window")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False, exists=True))
@json_option
def _window(folder: Path, *, in_json: bool) -> None:
    """Add to the snapshot in FOLDER what its logs hold since, up to now; again, and the window grows.

    The logs must still reach back to the snapshot, or to the end of its window: take it at least as often as they are
    kept (MAKEGOOD_RETENTION_DAYS, 7 days).

    \b
    Example:
      makegood snapshot window monday
    """
    taken = asyncio.run(take_window(KafkaSettings(), WorkerSettings(), folder, _told(in_json=in_json)))
    _until(taken, folder, in_json=in_json)


def _told(*, in_json: bool) -> Told:
    def tell(name: str, records: int) -> None:
        if in_json:
            say({"file": name, "records": records})
        else:
            click.echo(f"{name}: {records} records")

    return tell


def _delete_by(taken: Snapshot, worker: WorkerSettings, folder: Path, *, in_json: bool) -> None:
    kept = worker.retention_days.get(Topic.JOURNEY_LOG)
    declared = next(each for each in declarations() if each.topic is Topic.JOURNEY_LOG)
    length = min(declared.retention.keep_ms if kept is None else kept * DAY, _LONGEST)
    by = to_iso(after(from_iso(taken.taken_at), length))
    if in_json:
        say({"folder": folder, "taken_at": taken.taken_at, "delete_by": by})
    else:
        click.echo(f"{folder} holds personal data: delete it by {by}, when the journey log of now is gone, too")


def _until(taken: Window, folder: Path, *, in_json: bool) -> None:
    if in_json:
        say({"folder": folder, "taken_at": taken.taken_at})
    else:
        click.echo(f"next: makegood replay snapshot --data {folder} --out RESULTS")

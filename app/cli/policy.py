"""`makegood policy check | show | version | activate`: a policy folder, before and when it decides."""

import asyncio
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from textwrap import TextWrapper
from typing import Final

import click

from app.cli._json import json_option, say
from app.decide.folder import load_folder, version_of
from app.decide.loading import compile_policy
from app.decide.policy import Policy
from app.decide.reading.flaws import flaws
from app.decide.reading.owners import powerless_owners
from app.decide.reading.unresolved import never_resolved
from app.decide.showing import ShownRow, columns, shown, what_can_be_shown
from app.errors import PolicyError
from app.settings import KafkaSettings, WorkerSettings
from app.shell.policy_activation import activate as write_activation

_REFUSED: Final = 2
_WIDTH: Final = 120


@click.group("policy")
def command() -> None:
    """Check, read, name and activate a policy folder.

    DIR is a folder with a policy.yaml; without it, that of MAKEGOOD_POLICY_DIR.
    """


_folder = click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path))


@command.command("check")
@_folder
@json_option
def check(folder: Path | None, *, in_json: bool) -> None:
    """Say all that is wrong with a policy, by file and line; exit code 2 when there is anything.

    Unknown words, rows that can never be reached, cases without a row, contradictions, amounts above the cap, half
    answers, times that are none. A note says who is asked to act without the right to, and what nothing resolves.

    \b
    Examples:
      makegood policy check my-policy
      makegood policy check my-policy --json | grep '"sound": false'
    """
    where = folder or WorkerSettings().policy_dir
    try:
        files = load_folder(where)
        policy = _meant(files)
    except PolicyError as error:
        found = list(_located(where, str(error)))
        if in_json:
            say({"folder": where, "sound": False, "problems": found})
        else:
            click.echo("\n".join(found), err=True)
        raise SystemExit(_REFUSED) from error
    said = (*powerless_owners(files, policy), *never_resolved(files, policy))
    notes = [note for each in said for note in _located(where, each)]
    if in_json:
        sound = {"folder": where, "sound": True, "problems": [], "notes": notes}
        say({**sound, "name": policy.name, "version": policy.version})
        return
    rows = len(policy.problems), len(policy.kinds), len(policy.brands)
    click.echo(f"{where}: sound. {policy.name}, version {policy.version}")
    click.echo("  {} problem types, {} journey kinds, {} brands".format(*rows))
    click.echo(f"  {policy.words}")
    for note in notes:
        click.echo(f"note: {note}", err=True)


def _meant(files: Mapping[str, bytes]) -> Policy:
    """Return the policy; PolicyError when it is unsound, or says what cannot be meant."""
    policy = compile_policy(files)
    if found := "\n".join(flaws(files, policy)):
        raise PolicyError(found)
    return policy


@command.command("version")
@_folder
@json_option
def version(folder: Path | None, *, in_json: bool) -> None:
    """Print the content address of a policy folder: every decision names the version that decided.

    \b
    Example, to see what a version in a decision was:
      makegood policy version my-policy
    """
    where = folder or WorkerSettings().policy_dir
    found = version_of(load_folder(where))
    if in_json:
        say({"folder": where, "version": found})
    else:
        click.echo(found)


@command.command("show")
@click.argument("what", required=False)
@click.option("--policy", "folder", type=click.Path(path_type=Path), help="The policy folder.")
@json_option
def show(what: str | None, folder: Path | None, *, in_json: bool) -> None:
    """Print a part of the policy: a decision table by name, or kinds, problems, calendars, bands, brands, policy.

    Without WHAT, list what there is. A folder that extends another is shown as the two come to. After a table's rows
    stands what a row can ask for, and what it can answer.

    \b
    Examples:
      makegood policy show
      makegood policy show remedies
      makegood policy show holds --json
    """
    files = load_folder(folder or WorkerSettings().policy_dir)
    known = what_can_be_shown(files)
    if what is None:
        click.echo("\n".join(known))
    elif what not in known:
        msg = f"there is no `{what}` in this policy; there are {', '.join(known)}"
        raise PolicyError(msg)
    elif isinstance(found := shown(files, what), str):
        if in_json:
            say({"part": what, "text": found})
        else:
            click.echo(found, nl=False)
    elif in_json:
        for number, row in enumerate(found, 1):
            say({"table": what, "row": number} | row._asdict())
    else:
        click.echo(f"{what}: the first row that matches decides")
        click.echo("\n".join(_row(number, row) for number, row in enumerate(found, 1)))
        with suppress(PolicyError):
            click.echo(_columns(columns(files, what)))


def _row(number: int, row: ShownRow) -> str:
    width = min(shutil.get_terminal_size((_WIDTH, 0)).columns, _WIDTH)
    wrap = TextWrapper(width, subsequent_indent=" " * 10, break_long_words=False)
    wrap.initial_indent = "    when  "
    when = wrap.fill(row.when)
    wrap.initial_indent = "    then  "
    why = f"  ({row.why})" if row.why else ""
    return f"{number:>2}. {row.name}{why}\n{when}\n{wrap.fill(row.then)}"


def _columns(known: Mapping[str, Sequence[str]]) -> str:
    """Return what a row can ask and answer, for whoever wants to add one; `policy check` says what is unsound."""
    lines = [f"{field.replace('_', ' ')}: {', '.join(words)}" for field, words in known.items()]
    width = min(shutil.get_terminal_size((_WIDTH, 0)).columns, _WIDTH)
    wrap = TextWrapper(width, initial_indent="    ", subsequent_indent=" " * 10, break_long_words=False)
    return "\na row may ask for\n" + "\n".join(wrap.fill(line) for line in lines)


def _located(folder: Path, errors: str) -> Iterator[str]:
    """Put the folder before each file name: an error above a folder stands in the one it extends, beside it."""
    for line in errors.splitlines():
        file = line.partition(":")[0]
        beside = folder.parent / file
        own = (folder / file).exists() or not beside.exists()
        placed = Path(file).exists() or Path(file).is_absolute() or Path(file).is_relative_to(folder)
        yield line if placed else f"{folder if own else folder.parent}/{line}"


@command.command("activate")
@_folder
@json_option
def activate(folder: Path | None, *, in_json: bool) -> None:
    """Let a policy decide from now on: a record in every partition of the journey log.

    Facts before it were decided by the policy before it. Needs the topics (`makegood topics apply`).

    \b
    Example, checked first and tried on history:
      makegood policy check my-policy
      makegood replay events --data timeline.jsonl --policy my-policy --out tried --offline
      makegood policy activate my-policy
    """
    worker = WorkerSettings()
    files = load_folder(folder or worker.policy_dir)
    policy = _meant(files)
    for place in asyncio.run(write_activation(KafkaSettings(), worker, policy.version, files)):
        if in_json:
            say({"policy": policy.name, "version": policy.version} | place._asdict())
            continue
        print(f"{policy.name} {policy.version} decides on {place.topic}/{place.partition} from {place.first_offset}")

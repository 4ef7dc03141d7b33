"""`makegood web`: the send-time gate and the command centre, and the tokens that let people and programs in."""

import asyncio
import logging
import signal

import click
import uvloop

from app import logs
from app.cli._json import json_option, say
from app.settings import KafkaSettings, WebSettings, WorkerSettings
from app.web.access import Role, access_from, add_line, line_of, new_token
from app.web.server import run

_ROLES = click.Choice([role.value for role in Role])


@click.group("web", invoke_without_command=True)
@click.option(
    "--log-in-as",
    "roles",
    type=_ROLES,
    multiple=True,
    help="Print a link that logs in once with this role (may be given several times).",
)
@click.pass_context
def command(ctx: click.Context, roles: tuple[str, ...]) -> None:
    """Serve the send-time gate and the command centre.

    It follows the outputs from their beginning, as committed, and writes nothing. Nobody is let in without a token:
    make one with `makegood web token new gate`, or use --log-in-as on your own machine. The OpenAPI document is at
    /openapi.json.

    \b
    Example, on your own machine:
      makegood web --log-in-as auditor
    """
    if ctx.invoked_subcommand is not None:
        return
    worker = WorkerSettings()
    logs.configure(worker.log_format, worker.log_level)
    # the client repeats each moment without a broker many times a second; we say it ourselves, and the gate shows it
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    uvloop.run(_until_interrupted([Role(role) for role in roles], worker))


async def _until_interrupted(roles: list[Role], worker: WorkerSettings) -> None:
    running = asyncio.ensure_future(run(WebSettings(), worker, KafkaSettings(), log_in_as=roles, tell=click.echo))
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, running.cancel)
    try:
        await running
    except asyncio.CancelledError:
        click.echo("stopped")
    except BaseExceptionGroup as group:
        raise _first(group) from group


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return what went wrong first: a set-up that can be mended becomes one line."""
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error


@command.group("token")
def token() -> None:
    """Tokens: make them, list whose they are."""


@token.command("new")
@click.argument("role", type=_ROLES)
@click.option("--name", default="", help="Whose it is, for the list; the role if absent.")
@json_option
def new(role: str, name: str, *, in_json: bool) -> None:
    """Make a token with a ROLE and print it, once: only its hash is kept (in MAKEGOOD_SITE_TOKENS_FILE).

    gate: ask whether a message may go. operator: boards, customers, lists. auditor: also the words that were said and
    what the rules read. A running `makegood web` takes it in within a second.

    \b
    Example:
      TOKEN=$(makegood web token new gate --name "mail tool")
    """
    made = new_token()
    file = WebSettings().tokens_file
    add_line(file, line_of(made, [Role(role)], name or role))
    if in_json:
        say({"token": made, "role": role, "name": name or role, "hash_kept_in": file})
        return
    click.echo(made)
    click.echo(f"kept as a hash in {file}", err=True)


@token.command("list")
@json_option
def list_(*, in_json: bool) -> None:
    """Print whose tokens are let in, and with which roles; take a line out of the file to end one.

    \b
    Example:
      makegood web token list
    """
    for bearer in access_from(WebSettings().tokens_file).bearers():
        if in_json:
            say({"name": bearer.name, "roles": sorted(bearer.roles)})
        else:
            click.echo(f"{','.join(sorted(bearer.roles)):<20} {bearer.name}")

"""The command line: every module of this folder with a `command` is a command of that name.

A module is imported when its command is asked for, so that a quick command does not wait for a slow one's imports.
"""

import pkgutil
from importlib import import_module
from typing import IO, Any, Final

import click
from pydantic import ValidationError
from pydantic_settings import BaseSettings, SettingsError

from app.errors import MakegoodError

_EPILOG: Final = """\b
First steps:
  makegood broker start      a Kafka broker on this machine (or set KAFKA_BOOTSTRAP)
  makegood topics apply      create the topics
  makegood settings          every setting, its value and what it is for
`makegood COMMAND --help` shows examples of each; `makegood completion bash` completes them.

\b
Exit codes:
  0    done; or the answer is yes
  1    the answer is no (nothing on record, something found), or a process failed while it ran
  2    cannot be done as asked: one line says what to mend
  143  stopped by SIGTERM while a replay played
"""


_KAFKAS_ERRORS: Final = "aiokafka.errors"


class OneLine(click.ClickException):
    """An error a user can mend: one line on stderr, no traceback."""

    def __init__(self, message: str, exit_code: int = 2) -> None:
        super().__init__(message)
        self.exit_code = exit_code

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the line."""
        click.echo(f"makegood: {self.format_message()}", file=file, err=file is None)


class CommandFolder(click.Group):
    """A group whose commands are the modules of this package, found by listing it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the command names: module names with dashes, in the order of the alphabet."""
        del ctx
        return sorted(found.name.replace("_", "-") for found in pkgutil.iter_modules(__path__) if found.name[0] != "_")

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command's module and return its `command`; None for an unknown name."""
        if cmd_name not in self.list_commands(ctx):
            return None
        found = import_module(f"{__name__}.{cmd_name.replace('-', '_')}").command
        if not isinstance(found, click.Command):
            raise TypeError(f"app.cli.{cmd_name}.command is not a click command")
        return found

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; what a user can mend becomes one line."""
        try:
            return super().invoke(ctx)
        except MakegoodError as error:
            raise OneLine(str(error)) from error
        except click.ClickException as error:
            if type(error) is click.ClickException:
                raise OneLine(error.message, error.exit_code) from error
            raise
        except ValidationError as error:
            raise OneLine(_wrong_settings(error)) from error
        except OSError as error:
            if error.filename is None:
                raise
            raise OneLine(f"{error.filename}: {error.strerror}: check the path and who may use it") from error
        except SettingsError as error:
            # a list or mapping that is no JSON; its text names the field and not the value
            raise OneLine(f"wrong setting, {error}: write it as JSON (see `makegood settings`)") from None
        except Exception as error:
            # the edge: what the cluster refuses is for the user to mend; anything else is a bug and shows all of itself
            if type(error).__module__ != _KAFKAS_ERRORS:
                raise
            raise OneLine(
                f"Kafka refuses ({error}): check KAFKA_BOOTSTRAP, the topics (`makegood topics show`), and who may do "
                "this (`makegood topics acls --dry-run`)"
            ) from error


@click.group(cls=CommandFolder, epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="makegood")
def cli() -> None:
    """Real-time service recovery on Kafka.

    Makegood follows each customer's orders, parcels and cases, sees what breaks, holds marketing to that customer,
    makes good, and lets marketing resume when the customer has recovered.
    """


def _wrong_settings(error: ValidationError) -> str:
    """Name each wrong setting by its environment variable; never its value, it may be a secret."""
    groups = {group.__name__: str(group.model_config.get("env_prefix", "")) for group in BaseSettings.__subclasses__()}
    prefix = groups.get(error.title, "")
    told = (
        f"{''.join(f'{prefix}{str(part).upper()}: ' for part in problem['loc'][:1])}"
        f"{problem['msg'].removeprefix('Value error, ')}"
        for problem in error.errors(include_url=False, include_input=False)
    )
    return "wrong setting, " + "; ".join(told) + " (see `makegood settings`)"

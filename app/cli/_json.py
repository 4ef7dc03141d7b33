"""`--json`: what a command says, for programs: one JSON object a line, keys sorted."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

import click

Handling = TypeVar("Handling", bound=Callable[..., Any])


def json_option(handler: Handling) -> Handling:
    """Give a command `--json`, as the argument `in_json`."""
    return _OPTION(handler)


def say(row: Mapping[str, object]) -> None:
    """Print one object as a line."""
    click.echo(json.dumps(row, sort_keys=True, default=str, ensure_ascii=False))


_OPTION: Final = click.option("--json", "in_json", is_flag=True, help="One JSON object a line.")

"""`makegood erased CUSTOMER`: the keyed hash under which the workers' log names an erased customer."""

import click

from app.cli._json import json_option, say
from app.errors import SetupError
from app.ids import CustomerId
from app.settings import WorkerSettings
from app.shell.erasures import hashed


@click.command("erased")
@click.argument("customer")
@json_option
def command(customer: str, *, in_json: bool) -> None:
    """Print what to look for in the workers' log to show that CUSTOMER was erased, and when.

    The log holds nothing else of them: `customer_erased who=HASH`.

    \b
    Example:
      grep "$(makegood erased C-1001)" worker.log
    """
    key = WorkerSettings().erasure_key
    if key is None or not key.get_secret_value():
        raise SetupError("set MAKEGOOD_ERASURE_KEY to the key that the workers have: the hash is made with it")
    who = hashed(CustomerId(customer), key)
    if in_json:
        say({"customer": customer, "who": who})
    else:
        click.echo(who)

"""`makegood broker start | stop | status`: the embedded Kafka broker."""

import signal
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Final

import click

from app.broker import Broker
from app.cli._json import json_option, say
from app.settings import ROOT

_DEFAULT_DATA: Final = ROOT / ".run" / "kafka"
_DEFAULT_PORT: Final = 9092
_WATCH_SECONDS: Final = 0.5
_ENDED_ON_REQUEST: Final = (0, 128 + signal.SIGTERM)

_data = click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    default=_DEFAULT_DATA,
    help="Folder of the broker's data, kept between runs.  [default: .run/kafka]",
)


@click.group("broker")
def command() -> None:
    """Start, stop or look at the embedded Kafka broker (one node, loopback only)."""


@command.command()
@_data
@click.option(
    "--port", default=_DEFAULT_PORT, show_default=True, type=click.IntRange(0, 65_535), help="0 takes a free one."
)
@click.option("--detach", is_flag=True, help="Return once it serves and leave it running.")
@json_option
def start(data: Path, port: int, *, detach: bool, in_json: bool) -> None:
    """Start the broker; it runs until Ctrl-C, or until `makegood broker stop` with --detach.

    \b
    Example, for a trial beside another broker:
      makegood broker start --detach --port 0 --data /tmp/trial
    """
    broker = Broker.start(data, port, detached=detach)
    if in_json:
        say({"bootstrap": broker.bootstrap, "process": broker.pid, "data": broker.data_dir})
    else:
        click.echo(f"Kafka serves on {broker.bootstrap} (process {broker.pid}, data in {broker.data_dir})")
        if broker.port != _DEFAULT_PORT:
            click.echo(f"Point the other commands at it: export KAFKA_BOOTSTRAP={broker.bootstrap}")
    if not detach:
        _stay(broker, click.echo if not in_json else _nothing)


@command.command()
@_data
@json_option
def stop(data: Path, *, in_json: bool) -> None:
    """Stop the broker that uses the data folder; its data stays.

    \b
    Example:
      makegood broker stop
    """
    broker = Broker.running_on(data)
    if broker is not None:
        broker.stop()
    if in_json:
        said = {} if broker is None else {"bootstrap": broker.bootstrap, "process": broker.pid}
        say({"stopped": broker is not None, "data": data} | said)
    elif broker is None:
        click.echo(f"no broker runs on {data}")
    else:
        click.echo(f"stopped the broker on {broker.bootstrap} (process {broker.pid})")


@command.command()
@_data
@json_option
def status(data: Path, *, in_json: bool) -> None:
    """Tell whether a broker runs on the data folder and answers; exit code 1 if not.

    \b
    Example:
      makegood broker status --json
    """
    broker = Broker.running_on(data)
    if broker is None:
        if in_json:
            say({"running": False, "serving": False, "data": data})
        else:
            click.echo(f"no broker runs on {data}: start one with `makegood broker start`")
        raise SystemExit(1)
    serving = broker.is_serving()
    if in_json:
        say({"running": True, "serving": serving, "data": data, "bootstrap": broker.bootstrap, "process": broker.pid})
        raise SystemExit(0 if serving else 1)
    click.echo(f"process {broker.pid} on {broker.bootstrap} {'serves' if serving else 'runs but does not answer'}")
    raise SystemExit(0 if serving else 1)


def _nothing(_: str) -> None:
    """Say nothing: who reads JSON has been told."""


def _stay(broker: Broker, tell: Callable[[str], None]) -> None:
    """Watch the broker until Ctrl-C or SIGTERM, then stop it; SetupError when it ends by itself."""
    asked: list[int] = []

    def ask(number: int, _frame: FrameType | None) -> None:
        asked.append(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ask)
    tell("Ctrl-C stops it.")
    while not asked:
        time.sleep(_WATCH_SECONDS)
        if broker.exit_code in _ENDED_ON_REQUEST:
            tell("the broker was stopped from elsewhere")
            return
        broker.require_alive()
    broker.stop()
    tell("stopped the broker")

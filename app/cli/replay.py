"""`makegood replay`: play recorded data through Makegood and write what comes out as files."""

import asyncio
import logging
import signal
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from app.cli._json import json_option
from app.cli._json import say as say_json
from app.clock import Instant, from_iso
from app.errors import SetupError
from app.replay.offline import play_offline
from app.replay.on_kafka import embedded_broker, play_on_kafka
from app.replay.recording import MALFORMED
from app.replay.run import SOURCES, Play, Told, load, replay
from app.replay.session import Session
from app.replay.snapshot import run as snapshots
from app.replay.source import Malformed
from app.settings import KafkaSettings
from app.wire.codec import bundled_codec

_SHOWN_MALFORMED: Final = 20
_EPILOG: Final = """\b
Sources:
  stories    the bundled scenarios
  olist      a marketplace's recorded orders (CSV files, local times of America/Sao_Paulo, BRL)
  incidents  a service desk's recorded incidents (CSV file, UTC)
  events     JSON lines {"topic", "key", "known_at", "value": {"event", "payload"}} (docs/replay.md)
  snapshot   states and logs of live, kept by `makegood snapshot` (always in this process; without --until)
"""

Result = TypeVar("Result")


class _Time(click.ParamType):
    name = "TIME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Instant:
        try:
            return from_iso(str(value))
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is not ISO 8601 with an offset, such as 2018-03-01T00:00:00Z", param, ctx)


@click.command("replay", epilog=_EPILOG)
@click.argument("source", type=click.Choice((*SOURCES, snapshots.NAME)))
@click.option("--data", type=click.Path(path_type=Path), help="Folder (or file, for events) of the source's data.")
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="Folder for the results.")
@click.option("--bootstrap", metavar="HOST:PORT", envvar="KAFKA_BOOTSTRAP", help="Play on this Kafka cluster.")
@click.option("--offline", is_flag=True, help="Play in this process, without Kafka; the results are the same.")
@click.option("--policy", type=click.Path(path_type=Path, file_okay=False), help="Policy folder [default: by source].")
@click.option("--until", type=_Time(), help="Stop (or let the clock go on) at this time [default: the last event].")
@click.option("--workers", type=click.IntRange(1, 16), default=1, show_default=True, help="Worker processes.")
@click.option("--keep", is_flag=True, help="Leave the replay's topics on the cluster.")
@json_option
def command(
    source: str,
    data: Path | None,
    out: Path,
    bootstrap: str | None,
    policy: Path | None,
    until: Instant | None,
    workers: int,
    *,
    offline: bool,
    keep: bool,
    in_json: bool,
) -> None:
    """Play SOURCE through Makegood, under its recorded times, and write what comes out to --out.

    Without --bootstrap or --offline the embedded broker is started, and stopped at the end. On Kafka everything happens
    in topics of the replay's own, which are deleted at the end.

    \b
    Examples:
      makegood replay stories --out tried --offline
      makegood replay events --data timeline.jsonl --policy my-policy --out tried --offline
      makegood replay snapshot --data monday --policy my-policy --out tried
    """
    # the Kafka client warns of each attempt it repeats by itself; what it cannot do is raised
    logging.getLogger("aiokafka").setLevel(logging.ERROR)
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    if source == snapshots.NAME:
        _say(_snapshot(console, data, out, policy), out, in_json=in_json)
        return
    timeline = load(source, data)
    with (
        _progress(console, source, timeline.total) as (told, say),
        _where(bootstrap, say, workers, offline=offline, keep=keep) as play,
    ):
        summary = _run(replay(timeline, out, play, told, policy=policy, until=until))
    _say(summary, out, in_json=in_json)


def _snapshot(console: Console, data: Path | None, out: Path, policy: Path | None) -> Mapping[str, Any]:
    """Replay a snapshot; SetupError for an option that says something about another kind of replay."""
    context = click.get_current_context()
    for option in ("bootstrap", "until", "workers", "keep"):
        if context.get_parameter_source(option) is click.core.ParameterSource.COMMANDLINE:
            raise SetupError(f"a snapshot is played in this process to the end of its window: leave out --{option}")
    if data is None:
        raise SetupError("snapshot: where is it? Give the folder that `makegood snapshot take` wrote with --data")
    opened = snapshots.open_with_window(data)
    with _progress(console, snapshots.NAME, snapshots.length_of(opened)) as (told, _):
        return snapshots.replay_snapshot(opened, out, told.advance, policy=policy)


def _say(summary: Mapping[str, Any], out: Path, *, in_json: bool) -> None:
    if in_json:
        say_json(dict(summary) | {"out": out})
    else:
        _tell(summary, out)


@contextmanager
def _where(
    bootstrap: str | None, say: Callable[[str], None], workers: int, *, offline: bool, keep: bool
) -> Iterator[Play]:
    """Yield how to play: in memory, on the given cluster, or on the embedded broker."""
    if offline:
        context = click.get_current_context()
        if context.get_parameter_source("bootstrap") is click.core.ParameterSource.COMMANDLINE:
            raise SetupError("--offline plays without Kafka: leave out --bootstrap, or --offline")
        yield lambda session: play_offline(session, bundled_codec())
    elif bootstrap:
        yield _on(KafkaSettings(bootstrap=bootstrap), say, workers, keep=keep)
    else:
        with embedded_broker(say) as kafka:
            yield _on(kafka, say, workers, keep=keep)


def _on(kafka: KafkaSettings, say: Callable[[str], None], workers: int, *, keep: bool) -> Play:
    def play(session: Session) -> Awaitable[Mapping[bytes, bytes]]:
        return play_on_kafka(session, kafka, workers=workers, keep=keep, tell=say)

    return play


@contextmanager
def _progress(console: Console, source: str, total: int) -> Iterator[tuple[Told, Callable[[str], None]]]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(f"replaying {source}", total=total)
        shown = 0

        def malformed(row: Malformed) -> None:
            nonlocal shown
            shown += 1
            if shown <= _SHOWN_MALFORMED:
                bar.console.print(f"{row.file}:{row.line}: {row.reason}", markup=False)
            elif shown == _SHOWN_MALFORMED + 1:
                bar.console.print(f"more malformed rows: they are all in {MALFORMED}", markup=False)

        def say(what: str) -> None:
            bar.console.print(what, markup=False)

        yield Told(malformed, lambda count: bar.advance(task, count)), say


def _run(work: Awaitable[Result]) -> Result:
    """Run to the end; Ctrl-C and SIGTERM let it clean up first."""

    async def stoppable() -> Result:
        running = asyncio.ensure_future(work)
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running.cancel)
        return await running

    try:
        return asyncio.run(stoppable())
    except asyncio.CancelledError:
        raise SystemExit(128 + signal.SIGTERM) from None


def _tell(summary: Mapping[str, Any], out: Path) -> None:
    events, outputs = summary["events"]["total"], summary["outputs"]
    print(f"{events} events from {summary['first_event']} to {summary['last_event']}, policy {summary['policy']}")
    print(", ".join(f"{count} {topic}" for topic, count in outputs.items()))
    if summary["malformed"]:
        print(f"{sum(summary['malformed'].values())} malformed rows: {out / MALFORMED}")
    print(f"results in {out}; next: makegood explain CUSTOMER --from {out}")

"""`makegood demo`: the whole system on this machine, the stories played through it, then open for live events."""

import asyncio
import json
import logging
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import click

from app import logs
from app.broker import Broker
from app.cli._demo_web import DemoWeb
from app.clock import to_datetime
from app.decide import compile_policy, load_folder
from app.emit.records import decode_output
from app.narration import in_words
from app.outputs import DeadLetter, Output
from app.replay import story_events
from app.replay.on_kafka import namespace
from app.replay.player import play
from app.replay.run import Told, replay
from app.replay.session import Session
from app.replay.shifting import ending_by
from app.replay.source import Malformed
from app.replay.stories import bundled
from app.replay.workers import Workers, environment_of
from app.settings import KafkaSettings, WorkerSettings
from app.shell.output_tail import follow_outputs
from app.shell.policy_activation import activate
from app.shell.safe_clock import wall_clock
from app.shell.topics_admin import apply_topics, delete_namespace
from app.stage import OutRecord

_PORT: Final = 9092
_EVENTS_A_TICK: Final = 1
_GIVES_WAY: Final = 10
"""The nice value of the worker: measured to keep the gate under 5 ms on two cores (docs/performance.md, "The gate")."""
_HOW_TO: Final = """
Everything is up and stays up; Ctrl-C stops all of it.

  why was that decided?      makegood explain C-1001 --from {out}
  publish an order late      makegood publish orders order_placed '{order}'
  ... and see why            makegood explain ann
  what was refused?          makegood dead-letters list
  metrics of the worker      http://{web}/metrics
  Kafka                      {bootstrap}

(`makegood` is .venv/bin/makegood.) From here on, what is said is shown as it is committed:
"""


@click.command("demo")
@click.option("--once", is_flag=True, help="Stop when the stories have been played.")
def command(*, once: bool) -> None:
    """Bring up broker and worker, play the bundled stories, and stay up for live events (`make run`).

    KAFKA_BOOTSTRAP names another cluster; without it the embedded broker is started, on port 9092.

    \b
    Example, to see the stories and stop:
      makegood demo --once
    """
    logs.configure(level="WARNING")
    logging.getLogger("aiokafka").setLevel(logging.ERROR)
    with _kafka() as kafka:
        asyncio.run(_until_interrupted(kafka, once=once))
    click.echo("all is stopped")


@contextmanager
def _kafka() -> Iterator[KafkaSettings]:
    if os.environ.get("KAFKA_BOOTSTRAP"):
        yield KafkaSettings()
        return
    data = WorkerSettings().state_dir / "kafka"
    if (running := Broker.running_on(data)) is not None:
        click.echo(f"using the broker that runs on {running.bootstrap}")
        yield KafkaSettings(bootstrap=running.bootstrap)
        return
    click.echo("starting Kafka ...")
    with Broker.start(data, _PORT) as broker:
        yield KafkaSettings(bootstrap=broker.bootstrap)


async def _until_interrupted(kafka: KafkaSettings, *, once: bool) -> None:
    running = asyncio.ensure_future(_demo(kafka, once=once))
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, running.cancel)
    try:
        await running
    except asyncio.CancelledError:
        click.echo("\nstopping ...")


async def _demo(kafka: KafkaSettings, *, once: bool) -> None:
    async with _live(kafka) as (settings, workers), AsyncExitStack() as stack:
        out = settings.state_dir / "stories"
        pages: list[DemoWeb] = []

        async def show_pages(namespace: str) -> None:
            stack.push_async_callback(delete_namespace, kafka, namespace)
            if not once:
                pages.append(stack.enter_context(DemoWeb(kafka, settings, namespace, settings.state_dir / "demo")))
                await pages[0].ready()
                click.echo(f"Watch it in a browser (this link logs in once): {pages[0].link}\n")

        await _stories(kafka, out, show_pages)
        if once:
            return
        click.echo(_how_to(kafka, settings, out))
        async with aclosing(follow_outputs(kafka, settings)) as outputs:
            async for output in outputs:
                await workers.watch()
                pages[0].watch()
                if output is not None:
                    _show(output, {})


@asynccontextmanager
async def _live(kafka: KafkaSettings) -> AsyncIterator[tuple[WorkerSettings, Workers]]:
    """Topics, policy and a worker for live events; the worker stops with us."""
    settings = _beside_the_gate(WorkerSettings())
    await apply_topics(kafka, settings)
    files = load_folder(settings.policy_dir)
    policy = compile_policy(files)
    await activate(kafka, settings, policy.version, files)
    folder = settings.state_dir / "demo"
    folder.mkdir(parents=True, exist_ok=True)
    with Workers(1, environment_of(kafka, settings), folder, click.echo) as workers:
        click.echo(f"Kafka serves on {kafka.bootstrap}; one worker is up under policy {policy.name} {policy.version}")
        yield settings, workers


def _beside_the_gate(settings: WorkerSettings) -> WorkerSettings:
    """Let the worker give way to gate and broker, which share its machine here, unless somebody has set how far."""
    return settings if "nice" in settings.model_fields_set else settings.model_copy(update={"nice": _GIVES_WAY})


async def _stories(kafka: KafkaSettings, out: Path, begun: Callable[[str], Awaitable[None]]) -> None:
    """Play the stories through workers of their own, moved so that they end now, and tell what comes out.

    `begun` is told their topics' prefix before anything is played; the topics are left, so that pages can show them.
    """
    now = wall_clock()
    stories = tuple(ending_by(story, now) for story in bundled())
    timeline = story_events.on_one_timeline(stories)
    for story in stories:
        click.echo(f"\n{story.title}\n  {story.narrative}")
    click.echo("\nPlayed through Kafka, in topics of their own; a day takes a moment.\n")
    zones = {customer: ZoneInfo(story.zone) for story in stories for customer in story.customers}

    async def play_on_kafka(session: Session) -> Mapping[bytes, bytes]:
        async with namespace(kafka, workers=1, keep=True, tell=_unless_kept) as place:
            await begun(place.settings.topic_prefix)
            return await play(session, place.cluster)

    waiting: list[Output] = []

    def said(record: OutRecord) -> None:
        output = decode_output(record.topic, record.value)
        if output is not None:
            waiting.append(output)

    def show(_: int = 0) -> None:
        for output in sorted(waiting, key=lambda output: output.at):
            _show(output, zones)
        waiting.clear()

    def refused(row: Malformed) -> None:
        click.echo(f"{row.file}:{row.line}: {row.reason}")

    await replay(timeline, out, play_on_kafka, Told(refused, show, said), size=_EVENTS_A_TICK)
    show()


def _unless_kept(said: str) -> None:
    """Print what the namespace tells, but not that its topics are kept: they are deleted when the demo stops."""
    if not said.startswith("kept"):
        click.echo(said)


def _show(output: Output, zones: Mapping[str, ZoneInfo]) -> None:
    """Print an output in plain words, at the wall time of its customer's story."""
    words = in_words(output)
    if words is not None:
        zone = None if isinstance(output, DeadLetter) else zones.get(output.customer)
        click.echo(f"{to_datetime(output.at, zone):%a %d %b %H:%M}  {words}")


def _how_to(kafka: KafkaSettings, settings: WorkerSettings, out: Path) -> str:
    """Return where to look next, and an order of one's own whose promise is about to be broken."""
    now = to_datetime(wall_clock()).replace(microsecond=0)
    order = {
        "order_id": f"{now:%H%M%S}",
        "customer_id": "ann",
        "brand": "audio",
        "occurred_at": now.isoformat(),
        "value": {"amount": "49.00", "currency": "GBP"},
        "lines": [{"line_id": "1", "product_id": "P-1", "name": "wall bracket", "quantity": 1, "unit_price": "49.00"}],
        "promises": [{"milestone": "delivered", "due": (now + timedelta(minutes=1)).isoformat()}],
    }
    return _HOW_TO.format(
        out=out.relative_to(Path.cwd()) if out.is_relative_to(Path.cwd()) else out,
        order=json.dumps(order),
        web=f"{settings.web_host}:{settings.web_port}",
        bootstrap=kafka.bootstrap,
    )

"""`makegood topics apply | show`: the topics as declared, on the cluster."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence

import click

from app.settings import KafkaSettings, WorkerSettings
from app.shell.kafka_client import wait_for_broker
from app.shell.topics_admin import (
    Difference,
    LiveTopic,
    WantedTopic,
    apply_topics,
    compare,
    live_topics,
    refuse_other_log_partitions,
    wanted_topics,
)

_PATIENCE_SECONDS = 30.0


@click.group("topics")
def command() -> None:
    """Create Makegood's topics and compare them with the cluster."""


@command.command()
@click.option("--dry-run", is_flag=True, help="Only show what would change.")
def apply(*, dry_run: bool) -> None:
    """Create what is missing and set configurations as declared.

    Applying twice changes nothing. A log with another partition count is refused, with the reason. Partition counts
    and replicas of other topics are shown and left to their owner.
    """
    kafka, worker = KafkaSettings(), WorkerSettings()
    found = asyncio.run(_differences(kafka, worker, dry_run=dry_run))
    for line in _diff(found, wanted_topics(worker)):
        click.echo(line)
    click.echo(_verdict(found, dry_run=dry_run))


@command.command()
def show() -> None:
    """Show every declared topic, and where the cluster differs."""
    kafka, worker = KafkaSettings(), WorkerSettings()
    live = asyncio.run(_live(kafka, worker))
    wanted = wanted_topics(worker)
    for topic in wanted:
        there = live.get(topic.name)
        size = "missing" if there is None else f"{there.partitions} partitions, replication {there.replication}"
        click.echo(f"{topic.name:<24} {size:<28} {topic.config['cleanup.policy']}")
    for line in _diff(compare(wanted, live), wanted):
        click.echo(line)


async def _differences(kafka: KafkaSettings, worker: WorkerSettings, *, dry_run: bool) -> list[Difference]:
    await wait_for_broker(kafka, limit=_PATIENCE_SECONDS)
    if not dry_run:
        return await apply_topics(kafka, worker)
    wanted = wanted_topics(worker)
    found = compare(wanted, await live_topics(kafka, worker))
    refuse_other_log_partitions(wanted, found)
    return found


async def _live(kafka: KafkaSettings, worker: WorkerSettings) -> dict[str, LiveTopic]:
    await wait_for_broker(kafka, limit=_PATIENCE_SECONDS)
    return await live_topics(kafka, worker)


def _diff(found: Iterable[Difference], wanted: Iterable[WantedTopic]) -> Iterator[str]:
    configs = {topic.name: topic.config for topic in wanted}
    for difference in found:
        if difference.kind == "missing":
            yield f"+ {difference.topic}: {difference.wanted}"
            yield from (f"+     {key}={value}" for key, value in sorted(configs[difference.topic].items()))
        elif difference.kind == "config":
            yield f"~ {difference.topic}: {difference.setting}"
            yield f"-     {difference.live}"
            yield f"+     {difference.wanted}"
        else:
            yield f"! {difference.topic}: {difference.kind} {difference.live}, declared {difference.wanted}; left"


def _verdict(found: Sequence[Difference], *, dry_run: bool) -> str:
    changes = sum(difference.mendable for difference in found)
    if changes:
        return f"{changes} change{'s' if changes > 1 else ''} {'would be made (dry run)' if dry_run else 'made'}"
    left = len(found)
    return f"nothing changed; {left} left to the topics' owner" if left else "nothing to change: all is as declared"

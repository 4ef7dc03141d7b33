"""`makegood topics apply | show | acls`: the topics and who may use them, as declared, on the cluster."""

import asyncio
import shlex
from collections.abc import Iterable, Iterator, Sequence

import click

from app.cli._json import json_option, say
from app.rights import ClusterRole
from app.settings import KafkaSettings, WorkerSettings
from app.shell.acls import (
    AclDifference,
    acl_difference,
    apply_acls,
    kafka_acls,
    principals,
    spelt,
    wanted_entries,
)
from app.shell.kafka_client import wait_for_broker
from app.shell.topics_admin import (
    Difference,
    LiveTopic,
    WantedTopic,
    apply_topics,
    compare,
    live_topics,
    refuse_other_log_partitions,
    topic_differences,
    wanted_topics,
)

_PATIENCE_SECONDS = 30.0


@click.group("topics")
def command() -> None:
    """Create Makegood's topics and compare them with the cluster."""


@command.command()
@click.option("--dry-run", is_flag=True, help="Only show what would change.")
@json_option
def apply(*, dry_run: bool, in_json: bool) -> None:
    """Create what is missing and set configurations as declared.

    Applying twice changes nothing. A log with another partition count is refused, with the reason. Partition counts
    and replicas of other topics are shown and left to their owner.

    \b
    Examples:
      makegood topics apply --dry-run
      MAKEGOOD_PARTITIONS=12 MAKEGOOD_REPLICATION=3 makegood topics apply
    """
    kafka, worker = KafkaSettings(), WorkerSettings()
    found = asyncio.run(_differences(kafka, worker, dry_run=dry_run))
    if in_json:
        for difference in found:
            say(difference._asdict() | {"done": difference.mendable and not dry_run})
        return
    for line in _diff(found, wanted_topics(worker)):
        click.echo(line)
    click.echo(_verdict(found, dry_run=dry_run))


@command.command()
@json_option
def show(*, in_json: bool) -> None:
    """Show every declared topic, and where the cluster differs.

    \b
    Example:
      makegood topics show
    """
    kafka, worker = KafkaSettings(), WorkerSettings()
    live = asyncio.run(_live(kafka, worker))
    wanted = wanted_topics(worker)
    if in_json:
        for topic in wanted:
            there = live.get(topic.name)
            say(topic._asdict() | {"live": None if there is None else there._asdict()})
        return
    for topic in wanted:
        there = live.get(topic.name)
        size = "missing" if there is None else f"{there.partitions} partitions, replication {there.replication}"
        click.echo(f"{topic.name:<24} {size:<28} {topic.config['cleanup.policy']}")
    for line in _diff(compare(wanted, live), wanted):
        click.echo(line)


@command.command()
@click.option("--dry-run", is_flag=True, help="Only show what would change.")
@click.option("--print", "printed", is_flag=True, help="Print kafka-acls.sh commands instead; no cluster is asked.")
@click.option("--take-away", is_flag=True, help="Also remove rights of these principals that are not declared.")
@click.option(
    "--principal",
    "named",
    multiple=True,
    metavar="ROLE=PRINCIPAL",
    help="Who has a role, User:APPLICATION-ROLE if absent; may be given once for each role.",
)
@json_option
def acls(named: Sequence[str], *, dry_run: bool, printed: bool, take_away: bool, in_json: bool) -> None:
    """Give each role's principal the rights it needs and no others (docs/security.md).

    Applying twice changes nothing. Rights that the principals have beside these are shown, and left unless
    --take-away.

    \b
    Example, where certificates are the log-in:
      makegood topics acls --principal "worker=User:CN=makegood-worker,O=Shop"
    """
    kafka, worker = KafkaSettings(), WorkerSettings()
    who = principals(worker, _roles(named))
    if printed:
        for entry in wanted_entries(worker, who):
            click.echo(shlex.join(kafka_acls(entry, kafka.bootstrap)))
        return
    found = asyncio.run(_rights(kafka, worker, who, dry_run=dry_run, take_away=take_away))
    if in_json:
        for entry in found.missing:
            say({"right": spelt(entry), "declared": True, "done": not dry_run})
        for entry in found.beside:
            say({"right": spelt(entry), "declared": False, "done": take_away and not dry_run})
        return
    for entry in found.missing:
        click.echo(f"+ {spelt(entry)}")
    for entry in found.beside:
        click.echo(f"{'-' if take_away else '!'} {spelt(entry)}{'' if take_away else ': not declared; left'}")
    click.echo(_acl_verdict(found, dry_run=dry_run, take_away=take_away))


def _roles(named: Iterable[str]) -> dict[ClusterRole, str]:
    """Read ROLE=PRINCIPAL; a principal may itself hold `=`."""
    found: dict[ClusterRole, str] = {}
    for one in named:
        role, _, principal = one.partition("=")
        if role not in list(ClusterRole) or not principal.startswith("User:") or principal == "User:":
            raise click.UsageError(
                f"{one!r} is not ROLE=PRINCIPAL: roles are {', '.join(ClusterRole)}; a principal is User: and a name, "
                'for example "worker=User:CN=makegood-worker,O=Shop"'
            )
        found[ClusterRole(role)] = principal
    return found


async def _rights(
    kafka: KafkaSettings, worker: WorkerSettings, who: dict[ClusterRole, str], *, dry_run: bool, take_away: bool
) -> AclDifference:
    await wait_for_broker(kafka, limit=_PATIENCE_SECONDS)
    if dry_run:
        return await acl_difference(kafka, worker, who)
    return await apply_acls(kafka, worker, who, take_away=take_away)


def _acl_verdict(found: AclDifference, *, dry_run: bool, take_away: bool) -> str:
    changes = len(found.missing) + (len(found.beside) if take_away else 0)
    if changes:
        return f"{changes} right{'s' if changes > 1 else ''} {'would be changed (dry run)' if dry_run else 'changed'}"
    left = len(found.beside)
    return f"nothing changed; {left} not declared and left" if left else "nothing to change: all is as declared"


async def _differences(kafka: KafkaSettings, worker: WorkerSettings, *, dry_run: bool) -> list[Difference]:
    await wait_for_broker(kafka, limit=_PATIENCE_SECONDS)
    if not dry_run:
        return await apply_topics(kafka, worker)
    found = await topic_differences(kafka, worker)
    refuse_other_log_partitions(wanted_topics(worker), found)
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

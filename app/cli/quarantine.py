"""`makegood quarantine`: what stands still, who is parked; park a customer whose record breaks us; let them rejoin."""

import asyncio
import getpass
from time import time_ns
from typing import Final

import click

from app.clock import Instant, to_iso
from app.journey.ledger import QUARANTINE
from app.journey.parked import PARKED, decode_parked
from app.settings import KafkaSettings, WorkerSettings
from app.shell.breaking import BROKE, STOPS_BEFORE_STANDING, decode_break
from app.shell.output_reader import codec_of
from app.shell.publisher import write
from app.shell.topic_reader import read_topic
from app.stage import OutRecord
from app.topics import CHANGELOGS, Topic
from app.wire.payload import encode_event

_LOGS: Final = {
    Topic.DIRECTORY_CHANGELOG: Topic.DIRECTORY,
    Topic.JOURNEY_CHANGELOG: Topic.JOURNEY_LOG,
    Topic.REGISTER_CHANGELOG: Topic.REGISTER_LOG,
}


@click.command("quarantine")
@click.argument("customer", required=False)
@click.option("--release", is_flag=True, help="Let the customer rejoin: what was kept is worked, in its order.")
@click.option("--operator", default=getpass.getuser, show_default="your login name", help="Who decides.")
@click.option("--role", default="operations", show_default=True, help="The role that the policy lets do this.")
@click.option("--reason", default="breaks the worker", show_default=True, help="Why; it stands in the decision record.")
def command(customer: str | None, *, release: bool, operator: str, role: str, reason: str) -> None:
    """Park CUSTOMER; without one, list what stopped workers and who is parked.

    A parked customer is held from everything. What comes about them is kept in order, and worked when you --release
    them, once the bug is mended. The other customers of the partition go on at once.

    \b
    Examples:
      makegood quarantine
      makegood quarantine ann --reason "breaks the worker since noon"
      makegood quarantine ann --release
    """
    if customer is None:
        if release:
            raise click.UsageError("whom? Give the customer to --release")
        for line in asyncio.run(_listing(KafkaSettings(), WorkerSettings())):
            click.echo(line)
        return
    written = asyncio.run(_decide(customer, release=release, operator=operator, role=role, reason=reason))
    click.echo(f"{'released' if release else 'quarantined'} {customer}: {written}; see `makegood explain {customer}`")


async def _decide(customer: str, *, release: bool, operator: str, role: str, reason: str) -> str:
    worker = WorkerSettings()
    payload = {
        "occurred_at": to_iso(Instant(time_ns() // 1_000_000)),
        "customer_id": customer,
        "action": "release" if release else "quarantine",
        "operator": operator,
        "role": role,
        "reason": reason,
        "problem_id": QUARANTINE if release else None,
    }
    value = encode_event(Topic.OPERATOR_DECISIONS, "operator_decided", payload, codec=codec_of(worker))
    (place,) = await write(KafkaSettings(), worker, [OutRecord(Topic.OPERATOR_DECISIONS, customer.encode(), value)])
    return f"{place.topic}, partition {place.partition}, offset {place.first_offset}"


async def _listing(kafka: KafkaSettings, worker: WorkerSettings) -> list[str]:
    broke: dict[tuple[Topic, int], bytes | None] = {}
    parked: dict[bytes, bytes | None] = {}
    for changelog in CHANGELOGS:
        async for record in read_topic(kafka, worker, changelog):
            if record.key == BROKE:
                broke[_LOGS[changelog], record.partition] = record.value
            elif record.key is not None and record.key.startswith(PARKED):
                parked[record.key] = record.value
    lines = [_stopped(*place, value) for place, value in sorted(broke.items()) if value is not None]
    lines += [_kept(key, value) for key, value in sorted(parked.items()) if value is not None]
    return lines or ["nothing stands still, and nobody is parked"]


def _stopped(log: Topic, partition: int, value: bytes) -> str:
    found = decode_break(value)
    # directory keys are aliases, which may be a person's address
    whose = f"customer {found.key.decode(errors='replace')}" if log is Topic.JOURNEY_LOG else "no customer's: mend it"
    stands = "stands still" if found.times >= STOPS_BEFORE_STANDING else "may come by again"
    times = f"stopped a worker {found.times} times ({found.error}), {stands}"
    return f"{log}/{partition} offset {found.offset}: {times}; {whose}"


def _kept(key: bytes, value: bytes) -> str:
    parked = decode_parked(value)
    name = key.removeprefix(PARKED).decode(errors="replace")
    why = f"by {parked.operator} ({parked.reason})"
    return f"customer {name}: parked since {to_iso(parked.at)} {why}, {parked.kept} records kept"

"""`makegood quarantine`: what stands still, who is parked; park a customer whose record breaks us; let them rejoin."""

import asyncio
import getpass
from time import time_ns
from typing import Final, NamedTuple

import click

from app.cli._json import json_option, say
from app.clock import Instant, to_iso
from app.journey.ledger import QUARANTINE
from app.journey.parked import PARKED, Parked, decode_parked
from app.settings import KafkaSettings, WorkerSettings
from app.shell.breaking import BROKE, STOPS_BEFORE_STANDING, Break, decode_break
from app.shell.output_reader import codec_of
from app.shell.publisher import Written, write
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
@click.option("--reason", show_default="breaks the worker; or mended", help="Why; it stands in the decision record.")
@json_option
def command(
    customer: str | None, *, release: bool, operator: str, role: str, reason: str | None, in_json: bool
) -> None:
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
        found = asyncio.run(_listing(KafkaSettings(), WorkerSettings()))
        for one in found:
            if in_json:
                say(one.row())
            else:
                click.echo(one.line())
        if not found and not in_json:
            click.echo("nothing stands still, and nobody is parked")
        return
    reason = reason or ("mended" if release else "breaks the worker")
    place = asyncio.run(_decide(customer, release=release, operator=operator, role=role, reason=reason))
    done = "released" if release else "quarantined"
    if in_json:
        say({"customer": customer, "done": done} | place._asdict())
        return
    written = f"{place.topic}, partition {place.partition}, offset {place.first_offset}"
    click.echo(f"{done} {customer}, if the policy lets {role}: {written}; see `makegood explain {customer}`")


class Standing(NamedTuple):
    """What stopped workers: where it lies, and whose it is (None: no customer's)."""

    log: Topic
    partition: int
    broke: Break
    customer: str | None

    def row(self) -> dict[str, object]:
        """Return it for programs."""
        return {
            "what": "stopped",
            "topic": self.log,
            "partition": self.partition,
            "offset": self.broke.offset,
            "times": self.broke.times,
            "error": self.broke.error,
            "stands_still": self._stands(),
            "customer": self.customer,
        }

    def line(self) -> str:
        """Return it for people."""
        whose = "no customer's: mend it" if self.customer is None else f"customer {self.customer}"
        stands = "stands still" if self._stands() else "may come by again"
        times = f"stopped a worker {self.broke.times} times ({self.broke.error}), {stands}"
        return f"{self.log}/{self.partition} offset {self.broke.offset}: {times}; {whose}"

    def _stands(self) -> bool:
        return self.broke.times >= STOPS_BEFORE_STANDING


class Kept(NamedTuple):
    """A parked customer."""

    customer: str
    parked: Parked

    def row(self) -> dict[str, object]:
        """Return it for programs."""
        by = {"operator": self.parked.operator, "reason": self.parked.reason, "since": to_iso(self.parked.at)}
        return {"what": "parked", "customer": self.customer, "records_kept": self.parked.kept} | by

    def line(self) -> str:
        """Return it for people."""
        why = f"by {self.parked.operator} ({self.parked.reason})"
        return f"customer {self.customer}: parked since {to_iso(self.parked.at)} {why}, {self.parked.kept} records kept"


async def _decide(customer: str, *, release: bool, operator: str, role: str, reason: str) -> Written:
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
    return place


async def _listing(kafka: KafkaSettings, worker: WorkerSettings) -> list[Standing | Kept]:
    broke: dict[tuple[Topic, int], bytes | None] = {}
    parked: dict[bytes, bytes | None] = {}
    for changelog in CHANGELOGS:
        async for record in read_topic(kafka, worker, changelog):
            if record.key == BROKE:
                broke[_LOGS[changelog], record.partition] = record.value
            elif record.key is not None and record.key.startswith(PARKED):
                parked[record.key] = record.value
    stopped = [_stopped(*place, value) for place, value in sorted(broke.items()) if value is not None]
    return [*stopped, *(_kept(key, value) for key, value in sorted(parked.items()) if value is not None)]


def _stopped(log: Topic, partition: int, value: bytes) -> Standing:
    found = decode_break(value)
    # directory keys are aliases, which may be a person's address
    customer = found.key.decode(errors="replace") if log is Topic.JOURNEY_LOG else None
    return Standing(log, partition, found, customer)


def _kept(key: bytes, value: bytes) -> Kept:
    return Kept(key.removeprefix(PARKED).decode(errors="replace"), decode_parked(value))

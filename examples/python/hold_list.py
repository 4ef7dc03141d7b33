"""Keep a local list of who is held, and ask before each send. Copy this file: it needs nothing of Makegood's own code.

    pip install aiokafka fastavro
    python hold_list.py follow                                  # runs beside your sender
    python hold_list.py ask ann promotion email                 # exit code 0: send it; 3: do not; 4: nobody can say

Settings: KAFKA_BOOTSTRAP, TOPIC (suppressions), SCHEMAS (the repository's schemas folder), REGISTRY (a schema
registry's address, where Makegood writes Confluent's format), HOLDS (the list's file), GATE and TOKEN (`makegood web`).
"""

import argparse
import asyncio
import io
import json
import os
import sqlite3
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import fastavro
from aiokafka import AIOKafkaConsumer
from fastavro.schema import fingerprint, parse_schema, to_parsing_canonical_form

ANY = "*"
NEVER_HELD = {"transactional", "recovery"}


class Values:
    """Reads record values in both forms Makegood may write: Avro single-object encoding, and Confluent's."""

    def __init__(self, schemas: Path, registry: str | None) -> None:
        self._registry = registry
        self._writers: dict[bytes, Any] = {}
        self._reader = _parsed(schemas / "suppressions" / "suppression.v1.avsc")
        # released forms too: records written before an update are still on the topic
        for file in (*schemas.glob("suppressions/*.avsc"), *schemas.glob("released/*/suppressions/*.avsc")):
            schema = _parsed(file)
            mark = bytes.fromhex(fingerprint(to_parsing_canonical_form(schema), "CRC-64-AVRO"))
            self._writers[b"\xc3\x01" + mark] = schema

    def read(self, value: bytes) -> dict[str, Any]:
        """Return a value as our newest schema has it; fields added since the writer get their defaults."""
        head = value[:10] if value[:2] == b"\xc3\x01" else value[:5]
        if head not in self._writers and head[:1] == b"\x00" and self._registry:
            with urllib.request.urlopen(
                f"{self._registry}/schemas/ids/{int.from_bytes(head[1:])}", timeout=10
            ) as answer:
                self._writers[head] = parse_schema(_bare(json.loads(json.load(answer)["schema"])))
        if head not in self._writers:
            raise ValueError(f"unknown schema {head.hex()}: give SCHEMAS or REGISTRY as Makegood has them")
        found: dict[str, Any] = fastavro.schemaless_reader(
            io.BytesIO(value[len(head) :]), self._writers[head], self._reader
        )
        return found


def _parsed(file: Path) -> Any:
    return parse_schema(_bare(json.loads(file.read_text(encoding="utf-8"))))


def _bare(node: Any) -> Any:
    """Drop logical types: instants stay milliseconds since 1970."""
    if isinstance(node, list):
        return [_bare(one) for one in node]
    if isinstance(node, dict):
        return {name: _bare(value) for name, value in node.items() if name != "logicalType"}
    return node


class HoldList:
    """Who is held, in a file: the newest record of each customer, and how far each partition has been read."""

    def __init__(self, file: Path) -> None:
        self._db = sqlite3.connect(file)
        self._db.execute("create table if not exists ledgers (customer text primary key, ledger text not null)")
        self._db.execute("create table if not exists places (partition integer primary key, next integer not null)")

    def next_offset(self, partition: int) -> int:
        """Return where to read on."""
        row = self._db.execute("select next from places where partition = ?", (partition,)).fetchone()
        return 0 if row is None else int(row[0])

    def take(self, customer: str, ledger: dict[str, Any] | None, partition: int, offset: int) -> None:
        """Take one record in; None (a tombstone): nothing is known to be held. Record and place go in together."""
        with self._db:
            if ledger is None:
                self._db.execute("delete from ledgers where customer = ?", (customer,))
            else:
                self._db.execute("replace into ledgers values (?, ?)", (customer, json.dumps(ledger)))
            self._db.execute("replace into places values (?, ?)", (partition, offset + 1))

    def why_not(self, customer: str, message_class: str, channel: str) -> str | None:
        """Return why a message may not go now, None when nothing here forbids it."""
        row = self._db.execute("select ledger from ledgers where customer = ?", (customer,)).fetchone()
        if row is None or message_class in NEVER_HELD:
            return None
        ledger = json.loads(row[0])
        for hold in ledger["holds"]:
            if _covers(hold["scope"]["classes"], message_class) and _covers(hold["scope"]["channels"], channel):
                return f"held because of {hold['reason']} until {hold['until_what']}"
        for step in ledger["ramp"]:
            if _covers(step["classes"], message_class) and step["from"] > time.time() * 1_000:
                return "released, and coming back step by step"
        return None


def _covers(words: list[str], word: str) -> bool:
    return ANY in words or word in words or word == ANY


async def follow(holds: HoldList, values: Values, bootstrap: str, topic: str) -> None:
    """Read the topic from where we left off, for ever."""
    # in no group: each list reads every partition
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=bootstrap,
        enable_auto_commit=False,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
    )
    await consumer.start()
    try:
        for place in consumer.assignment():
            consumer.seek(place, holds.next_offset(place.partition))
        async for record in consumer:
            ledger = None if record.value is None else values.read(record.value)
            holds.take(record.key.decode(), ledger, record.partition, record.offset)
            print(f"{record.key.decode()}: {'held' if ledger and ledger['suppressed'] else 'free'}", flush=True)
    finally:
        await consumer.stop()


def ask_gate(gate: str, token: str, customer: str, message_class: str, channel: str) -> dict[str, Any]:
    """Ask the gate just before the send: it knows what was committed some milliseconds ago."""
    body = {"questions": [{"customer": customer, "class": message_class, "channel": channel}]}
    request = urllib.request.Request(
        f"{gate}/v1/may-send", json.dumps(body).encode(), {"Authorization": f"Bearer {token}"}, method="POST"
    )
    with urllib.request.urlopen(request, timeout=5) as answer:
        found: dict[str, Any] = json.load(answer)["answers"][0]
        return found


def ask(holds: HoldList, customer: str, message_class: str, channel: str) -> int:
    """Print whether a message may go, and return the exit code: what the list forbids needs no question."""
    if (why := holds.why_not(customer, message_class, channel)) is not None:
        print(f"no: {why}")
        return 3
    gate = os.environ.get("GATE", "http://127.0.0.1:6080")
    try:
        answer = ask_gate(gate, os.environ.get("TOKEN", ""), customer, message_class, channel)
    except (urllib.error.URLError, TimeoutError) as error:
        # nobody can say: marketing waits, whatever was promised to the customer goes
        print(f"the gate at {gate} does not answer ({error}): {'send' if message_class in NEVER_HELD else 'wait'}")
        return 0 if message_class in NEVER_HELD else 4
    print(f"{'yes' if answer['allowed'] else 'no'}: {answer['why']}")
    return 0 if answer["allowed"] else 3


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("follow", help="keep the list")
    question = commands.add_parser("ask", help="may this message go?")
    for name in ("customer", "message_class", "channel"):
        question.add_argument(name)
    given = parser.parse_args()
    holds = HoldList(Path(os.environ.get("HOLDS", "holds.db")))
    if given.command == "ask":
        return ask(holds, given.customer, given.message_class, given.channel)
    values = Values(Path(os.environ.get("SCHEMAS", "schemas")), os.environ.get("REGISTRY"))
    bootstrap = os.environ.get("KAFKA_BOOTSTRAP", "127.0.0.1:9092")
    asyncio.run(follow(holds, values, bootstrap, os.environ.get("TOPIC", "suppressions")))
    return 0


if __name__ == "__main__":
    sys.exit(main())

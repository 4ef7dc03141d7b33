"""Outputs written to a namespace in one transaction, as a worker commits them."""

import secrets

from aiokafka import AIOKafkaProducer

from app.clock import Instant
from app.emit.records import Emit
from app.ids import CustomerId, OutputId
from app.outputs import ALL, HoldEntry, Output, Scope, Suppression
from app.settings import KafkaSettings
from app.shell.kafka_client import client_options
from app.wire.codec import bundled_codec

EMIT = Emit(bundled_codec())
NOW = Instant(1_790_000_000_000)


def held(name: str, scope: Scope = Scope((ALL,)), emit_id: str = "") -> Suppression:  # noqa: B008 - never changed
    """A ledger with one hold because of a late delivery."""
    hold = HoldEntry(scope, "late_delivery", "p", NOW, "made good")
    return Suppression(OutputId(emit_id or name), NOW, CustomerId(name), suppressed=True, holds=(hold,))


async def say(
    kafka: KafkaSettings, prefix: str, *said: Output, abort: bool = False, forget: str = "", emit: Emit = EMIT
) -> None:
    """Write outputs, and a tombstone for the customer to forget, in one transaction."""
    producer = AIOKafkaProducer(**client_options(kafka), transactional_id=f"{prefix}{secrets.token_hex(4)}")
    await producer.start()
    try:
        await producer.begin_transaction()
        records = [emit.record(one) for one in said]
        records += [emit.tombstone(CustomerId(forget))] if forget else []
        for record in records:
            await producer.send(prefix + record.topic, record.value, key=record.key)
        await producer.flush()
        await (producer.abort_transaction() if abort else producer.commit_transaction())
    finally:
        await producer.stop()

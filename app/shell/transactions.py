"""One transactional producer per stage and owned partition: outputs, state, offsets move together (decision 0004)."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final

from aiokafka import AIOKafkaProducer, TopicPartition
from msgspec import structs

from app.clock import Instant
from app.shell.batching import as_records
from app.shell.cancelling import GivenUpError
from app.shell.log_places import Worked, headers_of
from app.shell.writers import BulkWriter, WireName, new_producer
from app.stage import Effects, KeyedStage, OutRecord

_START: Final = Instant(0)
_PATIENCE: Final = 4
"""Times the limit of a transaction: the broker has aborted it by then, and somebody else may have the partition."""


class PartitionWriter:
    """Commits the rounds of one partition, each in one transaction.

    Starting it begins a new epoch of `transactional_id`: whoever had the partition before can commit no more, and what
    it had begun is aborted. `timeout_ms` must not exceed the group's session timeout: an owner frozen inside a
    transaction holds up every reader of committed records until then.
    """

    def __init__(
        self,
        connection: Mapping[str, Any],
        wire_name: WireName,
        stage: KeyedStage,
        partition: int,
        group_id: str,
        timeout_ms: int,
    ) -> None:
        self._source = TopicPartition(wire_name(stage.log), partition)
        self._changelog = stage.changelog
        self._changelog_name = wire_name(stage.changelog)
        self._group_id = group_id
        self._patience = timeout_ms / 1000 * _PATIENCE
        self._producer: AIOKafkaProducer = new_producer(
            connection,
            transactional_id=f"{group_id}.{self._source.topic}.{partition}",
            transaction_timeout_ms=timeout_ms,
        )
        self._writer = BulkWriter(self._producer, wire_name, transactional=True)

    async def start(self) -> None:
        """Fence all earlier owners; returns when their last transaction has ended."""
        await self._producer.start()

    async def stop(self) -> None:
        """Disconnect."""
        await self._producer.stop()

    async def commit(self, effects: Effects, offset: int, clock: Instant = _START) -> int | None:
        """Write a round and commit the log up to `offset` (exclusive), where the partition's clock is at `clock`.

        Returns the changelog offset after the last change, None without changes. Any exception (fenced, timed out,
        refused) leaves the outcome to the broker: the worker must stop and read the truth when it comes back.
        GivenUpError when there is no answer in time; the broker has aborted the transaction long before.
        """
        try:
            async with asyncio.timeout(self._patience):
                return await self._commit(effects, Worked(offset, clock))
        except TimeoutError as error:
            where = f"{self._source.topic}-{self._source.partition}"
            raise GivenUpError(f"the client did not end a transaction of {where} in {self._patience:g} s") from error

    async def _commit(self, effects: Effects, worked: Worked) -> int | None:
        producer = self._producer
        # its own way of beginning asks a task whether it has an identity, two turns of a busy event loop
        producer._txn_manager.begin_transaction()  # noqa: SLF001
        sent = await self._writer.send([*self._changes(effects, worked), *effects.outputs])
        written = await asyncio.gather(*sent)
        # only now: while offsets are on their way the broker cannot verify records, and the client waits 100 ms
        await producer.send_offsets_to_transaction({self._source: worked.offset}, self._group_id)
        await producer.commit_transaction()
        return max((metadata.offset for metadata in written if metadata.topic == self._changelog_name), default=None)

    def _changes(self, effects: Effects, worked: Worked) -> Sequence[OutRecord]:
        changes = as_records(effects.changes, self._changelog, self._source.partition)
        if changes:
            changes[-1] = structs.replace(changes[-1], headers=headers_of(worked))
        return changes

"""How Faust is told about our tables and our recovery: the second module that touches its insides (decision 0001).

Faust's tables give us the co-partitioned assignment of logs and changelogs; reading them back is ours, because Faust's
recovery swallows errors, restores some 8,000 records a second and never ends on a transactional changelog.
"""

import asyncio
from typing import Any

import faust
from faust.stores.base import Store
from faust.tables.manager import TableManager
from faust.tables.recovery import RebalanceAgain, Recovery, ServiceStopped
from mode import Service

from app.shell.cancelling import only_from_outside


class ElsewhereStore(Store):
    """A store without content: the states live in `PartitionState`, one dictionary per partition."""

    def persisted_offset(self, tp: Any) -> int | None:  # noqa: ARG002 - Faust's signature
        """Return None: nothing is kept on disk."""
        return None

    def apply_changelog_batch(self, batch: Any, to_key: Any, to_value: Any) -> None:
        """Refuse: if Faust reads a changelog, a mend of decision 0001 no longer holds."""
        raise NotImplementedError("Faust must not restore our tables; see decision 0001")

    async def backup_partition(self, *_: Any, **__: Any) -> None:
        """Refuse: there is nothing here to back up; the changelog is the backup."""
        raise NotImplementedError("the changelog is the backup")

    def restore_backup(self, *_: Any, **__: Any) -> None:
        """Refuse, as above."""
        raise NotImplementedError("the changelog is the backup")

    def reset_state(self) -> None:
        """Do nothing: there is no state here."""


class StateTable(faust.Table):
    """Declares a changelog to Faust, so that its partitions are assigned together with the log's."""

    def _new_store(self) -> Any:
        return ElsewhereStore("memory://", self.app, self, table_name=self.name, loop=self.loop)


class BulkRecovery(Recovery):
    """After each rebalance: let the app restore its states, then tell Faust that recovery is done."""

    @Service.task
    async def _restart_recovery(self) -> None:
        while not self.should_stop:
            if await self.wait_for_stopped(self.signal_recovery_start):
                return
            self.signal_recovery_start.clear()
            try:
                await self._recover(self._generation_id)
            except RebalanceAgain:
                continue
            except ServiceStopped:
                return
            except Exception as exc:
                await self.app.crash(exc)
                raise

    async def _recover(self, generation: int) -> None:
        self._set_recovery_started()
        await self._wait_to_end(self.app.restore_states())
        await self._wait_to_end(self.on_recovery_completed(generation))
        if generation == self.app.consumer_generation_id:
            self.app.on_restored()

    async def _wait_to_end(self, coro: Any) -> None:
        task = self.loop.create_task(_until_done(coro))
        try:
            await self._wait(task)
        finally:
            # another rebalance cancels it; the next restore must not begin before it has ended
            await asyncio.wait([task])


async def _until_done(coro: Any) -> None:
    with only_from_outside():
        await coro


class BulkTableManager(TableManager):
    """Faust's table manager with our recovery."""

    _recovery: Recovery | None = None

    @property
    def recovery(self) -> Recovery:
        """Return the recovery service, made on first use."""
        if self._recovery is None:
            self._recovery = BulkRecovery(self.app, self, beacon=self.beacon, loop=self.loop)
        return self._recovery

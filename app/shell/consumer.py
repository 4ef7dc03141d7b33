"""The client's consumer, made to say that its fetching has ended (decision 0001)."""

import logging
from collections.abc import Mapping
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

_CLIENTS_LOG: Final = "aiokafka.consumer.fetcher"


class FetchingEndedError(Exception):
    """A consumer's fetching task has failed: it would give no more records, for ever, and nobody would be told."""


class Consumer(AIOKafkaConsumer):
    """A consumer of ours: as aiokafka's, but silence because of a failure is an error."""

    async def getmany(
        self, *partitions: TopicPartition, timeout_ms: int = 0, max_records: int | None = None
    ) -> Mapping[TopicPartition, list[ConsumerRecord]]:
        """Return what has come; FetchingEndedError when nothing has, and nothing will."""
        found: Mapping[TopicPartition, list[ConsumerRecord]] = await super().getmany(
            *partitions, timeout_ms=timeout_ms, max_records=max_records
        )
        if not found:
            self.check_fetching()
        return found

    def check_fetching(self) -> None:
        """Raise FetchingEndedError if the fetching task has failed; what it failed of is the cause."""
        if (cause := self._why_fetching_ended()) is not None:
            topics = ", ".join(sorted({place.topic for place in self.assignment()}))
            raise FetchingEndedError(
                f"the client reads no more from {topics}: its fetching failed of {cause!r}, logged by {_CLIENTS_LOG}; "
                "start anew, which reads on from what was committed"
            ) from cause

    async def stop(self) -> None:
        """Leave and disconnect, also after fetching has failed: that was told by whoever read last."""
        try:
            await super().stop()
        except KafkaError:
            if self._why_fetching_ended() is None:
                raise
            logging.getLogger(__name__).warning("stopped a consumer whose fetching had failed")
            await self._client.close()

    def _why_fetching_ended(self) -> BaseException | None:
        task: Any = self._fetcher.error_future if self._fetcher is not None else None
        if task is None or not task.done() or task.cancelled():
            return None
        failure: BaseException | None = task.exception()
        return failure.__cause__ or failure if failure is not None else None

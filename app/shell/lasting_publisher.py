"""A writer that stays connected, for whoever must not say yes before the broker has it."""

import asyncio
from collections.abc import Sequence

from aiokafka.errors import KafkaError

from app.errors import MakegoodError
from app.settings import KafkaSettings, WorkerSettings
from app.shell.kafka_client import client_options, wait_for_broker
from app.shell.writers import LogWriter
from app.stage import OutRecord
from app.topics import Topic


class NotWrittenError(MakegoodError):
    """Kafka did not confirm the records in time; they may or may not be there, so send them again."""


class LastingPublisher:
    """Writes records and returns once every replica has them; connects when first asked, and again after a failure."""

    def __init__(self, kafka: KafkaSettings, worker: WorkerSettings, *, patience_s: float) -> None:
        self._kafka = kafka
        self._worker = worker
        self._patience = patience_s
        self._writer: LogWriter | None = None
        self._connecting = asyncio.Lock()

    async def __call__(self, records: Sequence[OutRecord]) -> None:
        """Write the records; NotWrittenError after the patience given."""
        if not records:
            return
        try:
            async with asyncio.timeout(self._patience):
                await self._written(await self._connected(), records)
        except TimeoutError:
            raise NotWrittenError(f"Kafka did not confirm within {self._patience:g} s") from None
        except KafkaError as error:
            raise NotWrittenError(f"Kafka refused: {type(error).__name__}") from error

    async def _written(self, writer: LogWriter, records: Sequence[OutRecord]) -> None:
        try:
            await asyncio.gather(*await writer.send(records))
        except KafkaError:
            # an idempotent producer that lost its place refuses everything from then on: the next call makes another
            if self._writer is writer:
                self._writer = None
                await writer.stop()
            raise

    async def stop(self) -> None:
        """Send what is left and disconnect."""
        if self._writer is not None:
            await self._writer.stop()
            self._writer = None

    async def _connected(self) -> LogWriter:
        async with self._connecting:
            if self._writer is None:
                await wait_for_broker(self._kafka)
                connection = {"client_id": self._worker.application_id, **client_options(self._kafka)}
                writer = LogWriter(connection, self._name)
                try:
                    await writer.start()
                except BaseException:
                    # cancelled or refused half way: leave no client behind
                    await writer.stop()
                    raise
                self._writer = writer
            return self._writer

    def _name(self, topic: Topic) -> str:
        return self._worker.topic_prefix + topic

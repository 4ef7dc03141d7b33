"""What a partition that stands still needs of its worker: not to be fetched, and a look ahead on its own log."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError
from faust.types import TP

from app.facts import OperatorDecided, decode_fact
from app.shell.batch_path import SliceConsumer
from app.shell.consumer import Consumer
from app.shell.writers import WireName
from app.stage import KeyedStage
from app.topics import Topic

_POLL_MS: Final = 200


class WorkerAside:
    """Implements `breaking.Aside` with the worker's consumer, and readers of its own for looking ahead."""

    def __init__(
        self, connection: Mapping[str, Any], wire_name: WireName, consumer_of: Callable[[], SliceConsumer]
    ) -> None:
        self._connection = connection
        self._wire_name = wire_name
        self._consumer_of = consumer_of
        self._looked: dict[tuple[TopicPartition, bytes], tuple[int, bytes | None]] = {}

    def stand(self, stage: KeyedStage, partition: int, *, standing: bool) -> None:
        """Fetch no more of the partition while it stands."""
        place = {TP(self._wire_name(stage.log), partition)}
        if standing:
            self._consumer_of().pause_partitions(place)
        else:
            self._consumer_of().release_partitions(place)

    async def asked(self, stage: KeyedStage, partition: int, begins: int, key: bytes) -> bytes | None:
        """Look ahead from an offset on for the newest record that asks to park a customer; each is read once.

        While the broker does not answer, nobody has asked.
        """
        if stage.log is not Topic.JOURNEY_LOG:
            return None
        place = TopicPartition(self._wire_name(stage.log), partition)
        reads_from, asked = self._looked.get((place, key), (begins, None))
        reader = Consumer(**self._connection, enable_auto_commit=False, isolation_level="read_committed")
        try:
            await reader.start()
            reader.assign([place])
            reader.seek(place, max(begins, reads_from))
            end = (await reader.end_offsets([place]))[place]
            while (reads_from := await reader.position(place)) < end:
                for record in (await reader.getmany(place, timeout_ms=_POLL_MS)).get(place, ()):
                    asked = record.value if _asks(record, key) else asked
        except KafkaError:
            return None
        finally:
            await reader.stop()
        self._looked[place, key] = (reads_from, asked)
        return asked


def _asks(record: ConsumerRecord, key: bytes) -> bool:
    if record.key != key or record.value is None:
        return False
    try:
        what = decode_fact(record.value).what
    except ValueError:  # what cannot be read asks for nothing; it may be what broke us
        return False
    return isinstance(what, OperatorDecided) and what.action == "quarantine"
